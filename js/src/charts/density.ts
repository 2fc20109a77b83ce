/** Numbers of eigenvalues as horizontal bars, on the vertical axis of the chart beside it. */

import { tick, whole } from "../format";
import type { Range } from "../ranges";
import type { Scope } from "../scope";
import type { Theme } from "../theme";
import { BOTTOM_AXIS, type Frame, LEFT, RIGHT, TOP } from "./line";
import { drawBound, lettering, small } from "./marks";
import { Surface } from "./surface";

export interface Bar {
  from: number;
  to: number;
  count: number;
  error: number;
}

export interface Dot {
  value: number;
  filled: boolean;
}

export interface DensityPicture {
  y: Range;
  yTicks: number[];
  yLabel: (value: number) => string;
  bars: Bar[];
  dots: Dot[];
  /** The edge, with what is written on its line. */
  edge: { value: number; label: string } | null;
  /** What is said of the bars at zero. */
  bulk: { value: number; label: string } | null;
  theme: Theme;
}

/** Room for the dots, left of the bars. */
const GUTTER = 22;

/** What is left of the bars. */
function room(labelled: boolean): number {
  return labelled ? LEFT + GUTTER : GUTTER + 6;
}

/** Counts are drawn over the logarithm of 1 + count: none has length 0. */
function length(count: number): number {
  return Math.log10(1 + Math.max(count, 0));
}

/** 0, 1, 10, 100 … as far as `most`; fewer powers where the axis is short. */
export function countTicks(most: number, room: number): number[] {
  const last = Math.max(1, Math.floor(Math.log10(Math.max(most, 1)) + 1e-9));
  const stride = Math.ceil(last / Math.max(1, Math.floor(room / 44)));
  const ticks = [0];
  for (let power = 0; power <= last; power += stride) ticks.push(10 ** power);
  return ticks;
}

export class DensityChart {
  private readonly surface = new Surface();
  /** Whether the values are written at the left; beside another chart they are written there. */
  labelled = false;
  private picture: DensityPicture | null = null;
  width = 0;

  constructor(
    scope: Scope,
    host: HTMLElement,
    private readonly plotHeight: number,
  ) {
    const { canvas } = this.surface;
    host.append(canvas);
    scope.add(() => canvas.remove());
  }

  get height(): number {
    return TOP + this.plotHeight + BOTTOM_AXIS;
  }

  resize(width: number): void {
    this.width = width;
  }

  show(picture: DensityPicture): void {
    this.picture = picture;
    if (this.width <= room(this.labelled) + RIGHT) return;
    this.surface.resize(this.width, this.height);
    this.draw(this.surface.clear());
  }

  /** Position of a value in CSS pixels from the top of the plot. */
  y(value: number): number {
    const [low, high] = this.picture?.y ?? [0, 1];
    return (1 - (value - low) / (high - low)) * this.plotHeight;
  }

  /** Draws the picture shown last, on this canvas or another, in CSS pixels; alone it needs its values at the left. */
  draw(ctx: CanvasRenderingContext2D, labelled = this.labelled, across = this.width): void {
    const { picture } = this;
    if (!picture) return;
    const most = Math.max(9.9, ...picture.bars.map((bar) => bar.count + bar.error), 0);
    const full = length(most) * 1.04;
    const left = room(labelled);
    const width = Math.max(1, across - left - RIGHT);
    const frame: Frame = {
      ctx,
      left,
      top: TOP,
      width,
      height: this.plotHeight,
      x: (count) => left + (length(count) / full) * width,
      y: (value) => TOP + this.y(value),
    };
    ctx.font = small(picture.theme);
    drawAxes(frame, picture, countTicks(most, width), labelled);
    // Beside another chart the line of the edge comes from there.
    if (picture.edge) drawBound(frame, picture.theme, picture.edge.value, labelled ? left : 0);
    drawBars(frame, picture);
    drawDots(frame, picture);
    drawWords(frame, picture);
  }
}

function drawAxes(frame: Frame, picture: DensityPicture, counts: number[], labelled: boolean): void {
  const { ctx, left, top, width, height } = frame;
  const { theme } = picture;
  ctx.strokeStyle = theme.grid;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const count of counts) {
    ctx.moveTo(frame.x(count), top);
    ctx.lineTo(frame.x(count), top + height);
  }
  for (const value of picture.yTicks) {
    ctx.moveTo(left, frame.y(value));
    ctx.lineTo(left + width, frame.y(value));
  }
  ctx.stroke();
  ctx.fillStyle = theme.secondary;
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (const count of counts) ctx.fillText(count < 1e4 ? whole(count) : tick(count), frame.x(count), top + height + 7);
  if (!labelled) return;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const value of picture.yTicks) ctx.fillText(picture.yLabel(value), LEFT - 6, frame.y(value));
}

function drawBars(frame: Frame, { bars, theme }: DensityPicture): void {
  const { ctx, left, top, height } = frame;
  for (const { from, to, count, error } of bars) {
    const low = Math.min(frame.y(from), top + height);
    const high = Math.max(frame.y(to), top);
    const thick = Math.max(1, (low - high) * 0.72);
    const y = (low + high - thick) / 2;
    if (low <= high) continue;
    ctx.fillStyle = theme.band;
    ctx.globalAlpha = 0.35;
    if (error > 0) ctx.fillRect(frame.x(count), y, frame.x(count + error) - frame.x(count), thick);
    ctx.globalAlpha = 1;
    ctx.fillRect(left, y, frame.x(count) - left, thick);
  }
}

function drawDots(frame: Frame, { dots, theme }: DensityPicture): void {
  const { ctx, left, top, height } = frame;
  ctx.lineWidth = 1.4;
  ctx.strokeStyle = theme.ink;
  // From below, so that the largest lie on top.
  for (const { value, filled } of [...dots].sort((a, b) => a.value - b.value)) {
    const y = frame.y(value);
    if (!(y >= top - 3 && y <= top + height + 3)) continue;
    ctx.fillStyle = filled ? theme.ink : theme.ground;
    ctx.beginPath();
    ctx.arc(left - 11, y, 3, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  }
}

function drawWords(frame: Frame, { edge, bulk, theme }: DensityPicture): void {
  const { ctx, left, top, width, height } = frame;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  const right = (text: string) => left + width - ctx.measureText(text).width - 3;
  const y = edge ? frame.y(edge.value) : Number.NaN;
  if (edge && y <= top + height) {
    const label = y < top ? `${edge.label} ↑` : edge.label;
    const baseline = y < top ? top + 13 : y - top > 18 ? y - 6 : y + 14;
    lettering(frame, theme, label, right(label), baseline, theme.ink);
  }
  if (!bulk) return;
  const at = Math.min(frame.y(bulk.value) - 6, top + height - 6);
  lettering(frame, theme, bulk.label, right(bulk.label), at, theme.secondary);
}
