import { h } from "../dom";

/** A canvas as sharp as the screen. */
export class Surface {
  readonly canvas = h("canvas");
  readonly ctx = this.canvas.getContext("2d") as CanvasRenderingContext2D;
  width = 0;
  height = 0;
  scale = 1;

  /** True where the size changed, which empties the canvas. */
  resize(width: number, height: number): boolean {
    const scale = globalThis.devicePixelRatio || 1;
    if (width === this.width && height === this.height && scale === this.scale) return false;
    Object.assign(this, { width, height, scale });
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    return true;
  }

  clear(): CanvasRenderingContext2D {
    this.ctx.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    this.ctx.clearRect(0, 0, this.width, this.height);
    return this.ctx;
  }
}
