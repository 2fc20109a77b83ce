/** Numbers on a rectangular lattice: what is complete of them, made finer, and read between the nodes. */
import type { Range } from "../ranges";

export interface Grid {
  nx: number;
  ny: number;
  x: Range;
  y: Range;
  /** Row by row, from the low end of y. */
  values: Float64Array;
}

/** Coarsest lattice that is still shown: every sixteenth node. */
const COARSEST = 16;

/**
 * The finest lattice whose nodes are all there, of values that are filled in coarse to fine with NaN where nothing was
 * computed yet; null before there is any. Once `complete`, NaN is a loss that has no number: as high as can be.
 */
export function readGrid(
  values: ArrayLike<number>,
  nx: number,
  ny: number,
  x: Range,
  y: Range,
  complete: boolean,
): Grid | null {
  for (let stride = 1; stride <= COARSEST; stride *= 2) {
    if ((nx - 1) % stride || (ny - 1) % stride) continue;
    const wide = (nx - 1) / stride + 1;
    const high = (ny - 1) / stride + 1;
    if (wide < 2) continue;
    const taken = new Float64Array(wide * high);
    let missing = false;
    for (let row = 0; row < high && !missing; row++)
      for (let column = 0; column < wide; column++) {
        const value = values[row * stride * nx + column * stride];
        if (Number.isNaN(value) && !complete) missing = true;
        taken[row * wide + column] = Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;
      }
    if (!missing) return { nx: wide, ny: high, x, y, values: taken };
  }
  return null;
}

/** The same surface on at least `nodes` nodes a side, by cubics through the nodes; values end at `cap`. */
export function refine(grid: Grid, nodes: number, cap: number): Grid {
  const factor = (n: number) => (n > 1 ? Math.max(1, Math.round(nodes / (n - 1))) : 1);
  const capped = grid.values.map((value) => Math.min(value, cap));
  const [fx, fy] = [factor(grid.nx), factor(grid.ny)];
  const wide = (grid.nx - 1) * fx + 1;
  const high = (grid.ny - 1) * fy + 1;
  const across = new Float64Array(wide * grid.ny);
  for (let row = 0; row < grid.ny; row++) cubic(capped, row * grid.nx, 1, grid.nx, fx, across, row * wide, 1);
  const values = new Float64Array(wide * high);
  for (let column = 0; column < wide; column++) cubic(across, column, wide, grid.ny, fy, values, column, wide);
  return { ...grid, nx: wide, ny: high, values };
}

/** One line of `n` values becomes (n − 1)·factor + 1. */
function cubic(
  source: Float64Array,
  start: number,
  step: number,
  n: number,
  factor: number,
  target: Float64Array,
  to: number,
  stride: number,
): void {
  const at = (i: number) => source[start + i * step];
  for (let i = 0; i < n - 1; i++)
    for (let k = 0; k < factor; k++) target[to + (i * factor + k) * stride] = between(at, n, i, k / factor);
  target[to + (n - 1) * factor * stride] = at(n - 1);
}

/** The Catmull-Rom piece from node i on, at 0 ≤ t ≤ 1; beyond the ends the nodes continue straight. */
function between(at: (i: number) => number, n: number, i: number, t: number): number {
  const [b, c] = [at(i), at(i + 1)];
  const a = i > 0 ? at(i - 1) : 2 * b - c;
  const d = i + 2 < n ? at(i + 2) : 2 * c - b;
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/** The value at a place, by cubics through the nodes; NaN outside. */
export function sample({ nx, ny, x, y, values }: Grid, atX: number, atY = y[0]): number {
  const u = ((atX - x[0]) / (x[1] - x[0])) * (nx - 1);
  const v = ny > 1 ? ((atY - y[0]) / (y[1] - y[0])) * (ny - 1) : 0;
  if (!(u >= -1e-9 && u <= nx - 1 + 1e-9 && v >= -1e-9 && v <= ny - 1 + 1e-9)) return Number.NaN;
  const i = Math.min(Math.max(Math.floor(u), 0), nx - 2);
  const line = (row: number) => between((k) => values[row * nx + k], nx, i, u - i);
  if (ny === 1) return line(0);
  const j = Math.min(Math.max(Math.floor(v), 0), ny - 2);
  return between(line, ny, j, v - j);
}
