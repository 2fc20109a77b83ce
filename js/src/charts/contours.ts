/** Height as grey steps with hairlines between them. */
import { contours } from "d3-contour";
import { linearTicks } from "../ranges";
import type { Theme } from "../theme";
import { type Grid, refine } from "./grid";
import type { PlaneFrame } from "./plane";

/** Nodes a side that contours are made from. */
const NODES = 144;
/** Levels go down to the highest one divided by this. */
const DEPTH = 300;
/** Share of the values that lie below the highest level. */
const HIGHEST = 0.96;

export interface Levels {
  values: number[];
  /** What they are counted from: 0, or a little below the lowest loss where that is negative. */
  base: number;
}

/** Round heights: 1, 3, 10 where they span decades, else equally spaced. */
export function levelsOf(values: ArrayLike<number>): Levels {
  const sorted = Float64Array.from(values)
    .filter((value) => Number.isFinite(value))
    .sort();
  const low = sorted[0];
  const high = sorted[Math.floor(HIGHEST * (sorted.length - 1))];
  if (!(high > low)) return { values: [], base: 0 };
  const base = low < -1e-9 * high ? -ceiling(-low) : 0;
  const from = Math.max(low - base, (high - base) / DEPTH);
  for (const mantissas of [
    [1, 3],
    [1, 2, 5],
  ]) {
    const found = powers(from, high - base, mantissas);
    if (found.length >= 5) return { values: found.map((height) => base + height), base };
  }
  return { values: linearTicks([low, high], 12).filter((level) => level > low), base: 0 };
}

/** Two figures, not less than `value`. */
function ceiling(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(2));
}

function powers(low: number, high: number, mantissas: number[]): number[] {
  const found: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++)
    for (const mantissa of mantissas) {
      const level = Number((mantissa * 10 ** e).toPrecision(6));
      if (level >= low * (1 - 1e-9) && level <= high) found.push(level);
    }
  return found;
}

/** The contours of one grid: found once, drawn into any canvas. */
export class Contours {
  readonly levels: number[];
  /** What the levels are counted from. */
  readonly base: number;
  private readonly fine: Grid;
  private readonly rings: number[][][][];

  constructor(readonly grid: Grid) {
    const { values: levels, base } = levelsOf(grid.values);
    this.levels = levels;
    this.base = base;
    const top = this.levels.at(-1) ?? 0;
    this.fine = refine(grid, NODES, top + 4 * Math.abs(top - (this.levels[0] ?? 0)) + Math.abs(top));
    const values = Array.from(this.fine.values);
    const generator = contours().size([this.fine.nx, this.fine.ny]);
    this.rings = this.levels.map((level) => generator.contour(values, level).coordinates.flat() as number[][][]);
  }

  draw(frame: PlaneFrame, theme: Theme): void {
    const { ctx } = frame;
    const { nx, ny, x, y } = this.fine;
    const left = frame.x(x[0]);
    const bottom = frame.y(y[0]);
    const wide = (frame.x(x[1]) - left) / (nx - 1);
    const high = (frame.y(y[1]) - bottom) / (ny - 1);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bottom + high * (ny - 1), wide * (nx - 1), -high * (ny - 1));
    ctx.clip();
    ctx.fillStyle = theme.ground;
    ctx.fillRect(left, bottom + high * (ny - 1), wide * (nx - 1), -high * (ny - 1));
    ctx.strokeStyle = theme.dark ? "rgba(255,255,255,0.16)" : "rgba(0,0,0,0.13)";
    ctx.lineWidth = 0.8;
    this.rings.forEach((rings, i) => {
      ctx.beginPath();
      for (const ring of rings) {
        for (let k = 0; k < ring.length; k++) {
          const px = left + (ring[k][0] - 0.5) * wide;
          const py = bottom + (ring[k][1] - 0.5) * high;
          if (k) ctx.lineTo(px, py);
          else ctx.moveTo(px, py);
        }
        ctx.closePath();
      }
      ctx.fillStyle = shade((i + 1) / this.levels.length, theme);
      ctx.fill("evenodd");
      ctx.stroke();
    });
    ctx.restore();
  }
}

/** From the ground (lowest) to the grey that is farthest from it; flows keep a contrast of 3 on every step. */
export function shade(height: number, theme: Theme): string {
  const [low, high] = theme.dark
    ? [
        [24, 25, 27],
        [56, 59, 64],
      ]
    : [
        [249, 250, 251],
        [221, 224, 229],
      ];
  return `rgb(${low.map((value, i) => Math.round(value + height * (high[i] - value))).join(",")})`;
}
