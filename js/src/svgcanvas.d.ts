declare module "svgcanvas" {
  /** Takes the calls of a canvas and makes an SVG of them. */
  export class Context {
    constructor(options: { width: number; height: number });
    getSerializedSvg(): string;
  }
}
