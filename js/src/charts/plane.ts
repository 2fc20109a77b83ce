/** A plane with two named axes on a canvas: ticks and labels, no frame, and what others paint into the plot. */
import { tick } from "../format";
import { linearTicks, type Range } from "../ranges";
import type { Scope } from "../scope";
import type { Theme } from "../theme";
import { Surface } from "./surface";

const PLANE_LEFT = 62;
const PLANE_RIGHT = 14;
const TOP = 8;
/** Room below the plot for the labels and the name of the axis. */
const BOTTOM = 40;
/** Coordinates farther out than this say no more than just outside. */
const FAR = 1e4;

export interface Kept {
  /** How much of what grows is in the layer already; 0 in a new one. */
  count: number;
  /** Pixels that have their mark already. */
  marked: Set<number>;
}

function nothingKept(): Kept {
  return { count: 0, marked: new Set() };
}

/** Where things are, in CSS pixels of the canvas. */
export interface PlaneFrame {
  ctx: CanvasRenderingContext2D;
  left: number;
  top: number;
  width: number;
  height: number;
  /** Opacity to paint with: that of a layer which is painted straight into an export, else 1. */
  alpha: number;
  x(value: number): number;
  y(value: number): number;
  /**
   * What changes seldom: painted anew when `key`, the size, the ranges or the theme change; else `paint` may add to it.
   * In an export it is painted straight into the picture.
   */
  layer(name: string, key: string, alpha: number, paint: (frame: PlaneFrame, kept: Kept) => void): void;
}

export interface PlanePicture {
  x: Range;
  y: Range;
  xName: string;
  yName: string;
  theme: Theme;
  /** Nothing is known yet that labels could belong to. */
  bare: boolean;
  paint(frame: PlaneFrame): void;
}

/** Ink of dots and thumbs. */
export function strong(theme: Theme): string {
  return theme.dark ? "#e3e6ea" : "#30353c";
}

export function font(theme: Theme, weight = ""): string {
  return `${weight} ${Math.round(theme.size * 0.85)}px ${theme.family}`.trim();
}

interface Layer {
  surface: Surface;
  key: string;
  kept: Kept;
}

export class PlaneChart {
  private readonly surface = new Surface();
  private readonly layers = new Map<string, Layer>();
  private picture: PlanePicture | null = null;
  private width = 0;
  private height = 0;

  constructor(
    scope: Scope,
    readonly host: HTMLElement,
  ) {
    this.surface.canvas.className = "rf-plane-canvas";
    this.surface.canvas.setAttribute("aria-hidden", "true");
    host.prepend(this.surface.canvas);
    scope.add(() => this.surface.canvas.remove());
  }

  /** Takes the width of the host and the height of the plot; returns the height of all. */
  resize(width: number, plotHeight: number): number {
    this.width = width;
    this.height = plotHeight + TOP + BOTTOM;
    return this.height;
  }

  show(picture: PlanePicture): void {
    this.picture = picture;
    if (this.width <= PLANE_LEFT + PLANE_RIGHT) return;
    this.surface.resize(this.width, this.height);
    this.draw(this.surface.clear(), picture, this.width, this.height, this.layered(picture));
  }

  /** Paints the picture shown into another canvas, or what behaves like one. */
  paintInto(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const straight = (frame: PlaneFrame, ...[, , alpha, paint]: Parameters<PlaneFrame["layer"]>) =>
      paint({ ...frame, alpha }, nothingKept());
    if (this.picture) this.draw(ctx, this.picture, width, height, straight);
  }

  /** Position of a place in CSS pixels of the host. */
  place(x: number, y: number): [number, number] {
    const { picture } = this;
    if (!picture) return [Number.NaN, Number.NaN];
    const { left, top, width, height } = box(this.width, this.height);
    return [
      left + ((x - picture.x[0]) / (picture.x[1] - picture.x[0])) * width,
      top + (1 - (y - picture.y[0]) / (picture.y[1] - picture.y[0])) * height,
    ];
  }

  /** The place at a position in CSS pixels of the host; at the nearest border for what lies outside the plot. */
  at(px: number, py: number): [number, number] {
    const { picture } = this;
    if (!picture) return [Number.NaN, Number.NaN];
    const { left, top, width, height } = box(this.width, this.height);
    const u = Math.min(Math.max((px - left) / width, 0), 1);
    const v = Math.min(Math.max((py - top) / height, 0), 1);
    return [picture.x[0] + u * (picture.x[1] - picture.x[0]), picture.y[1] - v * (picture.y[1] - picture.y[0])];
  }

  get size(): { width: number; height: number } {
    return { width: this.width, height: this.height };
  }

  private draw(
    ctx: CanvasRenderingContext2D,
    picture: PlanePicture,
    width: number,
    height: number,
    layer: (frame: PlaneFrame, ...rest: Parameters<PlaneFrame["layer"]>) => void,
  ): void {
    const frame = frameOf(ctx, picture, width, height);
    frame.layer = (...rest) => layer(frame, ...rest);
    if (!picture.bare) axes(frame, picture);
    ctx.save();
    ctx.beginPath();
    ctx.rect(frame.left, frame.top, frame.width, frame.height);
    ctx.clip();
    picture.paint(frame);
    ctx.restore();
  }

  private layered(picture: PlanePicture) {
    const { theme } = picture;
    const common = [picture.x, picture.y, theme.dark, theme.ground, theme.size].join(" ");
    return (frame: PlaneFrame, ...[name, own, alpha, paint]: Parameters<PlaneFrame["layer"]>) => {
      let layer = this.layers.get(name);
      if (!layer) {
        layer = { surface: new Surface(), key: "", kept: nothingKept() };
        this.layers.set(name, layer);
      }
      const key = `${common} ${own}`;
      const { surface } = layer;
      if (surface.resize(this.width, this.height) || layer.key !== key) {
        layer.key = key;
        layer.kept = nothingKept();
        surface.clear();
      }
      paint({ ...frame, ctx: surface.ctx }, layer.kept);
      frame.ctx.globalAlpha = alpha;
      frame.ctx.drawImage(surface.canvas, 0, 0, this.width, this.height);
      frame.ctx.globalAlpha = 1;
    };
  }
}

function box(width: number, height: number) {
  return { left: PLANE_LEFT, top: TOP, width: width - PLANE_LEFT - PLANE_RIGHT, height: height - TOP - BOTTOM };
}

function frameOf(ctx: CanvasRenderingContext2D, { x, y }: PlanePicture, width: number, height: number): PlaneFrame {
  const inner = box(width, height);
  const scaleX = inner.width / (x[1] - x[0]);
  const scaleY = inner.height / (y[1] - y[0]);
  const bottom = inner.top + inner.height;
  return {
    ctx,
    ...inner,
    alpha: 1,
    x: (value) => Math.min(Math.max(inner.left + (value - x[0]) * scaleX, -FAR), FAR),
    y: (value) => Math.min(Math.max(bottom - (value - y[0]) * scaleY, -FAR), FAR),
    layer: () => {},
  };
}

function axes(frame: PlaneFrame, { x, y, xName, yName, theme }: PlanePicture): void {
  const { ctx, left, top, width, height } = frame;
  ctx.font = font(theme);
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.grid;
  ctx.fillStyle = theme.secondary;
  ctx.textBaseline = "middle";
  ctx.textAlign = "center";
  const xTicks = linearTicks(x, width > 420 ? 6 : 4);
  const yTicks = linearTicks(y, height > 180 ? 6 : 4);
  ctx.beginPath();
  for (const value of xTicks) {
    const at = Math.round(frame.x(value)) + 0.5;
    ctx.moveTo(at, top);
    ctx.lineTo(at, top + height);
  }
  for (const value of yTicks) {
    const at = Math.round(frame.y(value)) + 0.5;
    ctx.moveTo(left, at);
    ctx.lineTo(left + width, at);
  }
  ctx.stroke();
  for (const value of xTicks) ctx.fillText(tick(value), frame.x(value), top + height + 12);
  ctx.textAlign = "right";
  for (const value of yTicks) ctx.fillText(tick(value), left - 6, frame.y(value));
  ctx.textAlign = "center";
  ctx.fillText(xName, left + width / 2, top + height + 29);
  ctx.save();
  ctx.translate(10, top + height / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.fillText(yName, 0, 0);
  ctx.restore();
}
