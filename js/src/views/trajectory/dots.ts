/** Dots of iterates, joined by hairlines. */
import { type PlaneFrame, strong } from "../../charts/plane";
import type { Theme } from "../../theme";
import { type Path, successive } from "./tracks";

const DOT = 2.3;
/** Rows that pale with their age where all are drawn. */
export const PALING = 200;
const SHADES = 5;
const TURN = 2 * Math.PI;

/** Steps that are joined by hairlines. */
export type Trail = "all" | 40 | 0;

/** Iterates up to a row: paler with their age, joined by hairlines within the trail. */
export class IteratesPainter {
  private from = 0;
  /** Time of the row before `from`: another one there means other rows. */
  private before = Number.NaN;
  private generation = 0;

  paint(frame: PlaneFrame, theme: Theme, path: Path, last: number, trail: Trail, key: string): void {
    const lately = trail === "all" ? PALING : trail;
    const from = Math.max(0, last + 1 - lately);
    if (from < this.from || (this.from > 0 && path.time[this.from - 1] !== this.before)) this.generation++;
    this.from = from;
    this.before = from > 0 ? path.time[from - 1] : Number.NaN;
    const color = strong(theme);
    const joined = trail === "all";
    frame.layer("old", `${key} ${trail} ${this.generation}`, joined ? 0.34 : 0.22, (layer, kept) => {
      if (joined) joinDots(layer, color, 0.4, 0.35 * layer.alpha, path, kept.count - 1, from, kept.marked);
      const dots = trail === 0 ? 0 : joined ? 1.8 : 1.6;
      if (dots) {
        layer.ctx.fillStyle = color;
        layer.ctx.globalAlpha = layer.alpha;
        paintDots(layer, path, kept.count, from, dots, kept.marked);
        layer.ctx.globalAlpha = 1;
      }
      kept.count = from;
    });
    const each = Math.max(1, Math.ceil((last + 1 - from) / SHADES));
    for (let row = from; row <= last; row += each) {
      const to = Math.min(last + 1, row + each);
      const age = 1 - (to - from) / Math.max(1, last + 1 - from);
      joinDots(frame, color, 0.7, 0.34 - 0.2 * age, path, row - 1, to);
      frame.ctx.fillStyle = color;
      frame.ctx.globalAlpha = 0.92 - 0.5 * age;
      paintDots(frame, path, row, to, DOT);
      frame.ctx.globalAlpha = 1;
    }
  }
}

/** Hairlines between successive iterates; of those with the same pixels at both ends, one where `marked` keeps them. */
function joinDots(
  { ctx, x, y }: PlaneFrame,
  color: string,
  width: number,
  alpha: number,
  path: Path,
  first: number,
  to: number,
  marked: Set<number> | null = null,
): void {
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.globalAlpha = alpha;
  ctx.beginPath();
  let [oldX, oldY, before, there] = [Number.NaN, Number.NaN, 0, false];
  for (let row = Math.max(0, first); row < to; row++) {
    const px = x(path.x[row]);
    const py = y(path.y[row]);
    const pixel = pixelOf(px, py);
    if (!Number.isNaN(oldX + px + py) && !(marked && known(marked, -(before * PIXELS + pixel)))) {
      if (!there) ctx.moveTo(oldX, oldY);
      ctx.lineTo(px, py);
      there = true;
    } else there = false;
    const goesOn = successive(path, row);
    oldX = goesOn ? px : Number.NaN;
    oldY = py;
    before = pixel;
  }
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** Positions are told apart by pixel, ROW of them in a row. */
const ROW = 4096;
const PIXELS = ROW * ROW;

function pixelOf(px: number, py: number): number {
  return (Math.round(py) & (ROW - 1)) * ROW + (Math.round(px) & (ROW - 1));
}

function known(marked: Set<number>, key: number): boolean {
  if (marked.has(key)) return true;
  marked.add(key);
  return false;
}

/** Iterates after the cursor's step: small and pale. */
export function paintFuture(frame: PlaneFrame, theme: Theme, path: Path, from: number): void {
  frame.ctx.fillStyle = strong(theme);
  frame.ctx.globalAlpha = 0.22;
  paintDots(frame, path, from, path.rows, 1.6);
  frame.ctx.globalAlpha = 1;
}

export function paintDots(
  { ctx, x, y }: PlaneFrame,
  path: Path,
  from: number,
  to: number,
  radius: number,
  marked: Set<number> | null = null,
): void {
  ctx.beginPath();
  for (let row = from; row < to; row++) {
    const px = x(path.x[row]);
    const py = y(path.y[row]);
    if (Number.isNaN(px + py) || (marked && known(marked, pixelOf(px, py)))) continue;
    ctx.moveTo(px + radius, py);
    ctx.arc(px, py, radius, 0, TURN);
  }
  ctx.fill();
}
