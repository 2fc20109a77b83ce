/** What a survey `density` says, as numbers of eigenvalues. */
import type { Bar } from "../../charts/density";
import { type Range, roundUp } from "../../ranges";
import type { Survey } from "../../wire";

/** Share of the edge from which on a direction is critical, as the kernel counts. */
export const CRITICAL = 0.975;

export class Density {
  private readonly grid: ArrayLike<number>;
  private readonly counts: Float64Array;
  private readonly errors: Float64Array;
  private readonly density: ArrayLike<number>;
  private readonly error: ArrayLike<number>;
  /** Eigenvalues that stand alone, the largest first. */
  readonly outliers: number[];

  constructor(readonly survey: Survey) {
    const array = (name: string) => survey.arrays.get(name)?.values ?? new Float32Array(0);
    this.grid = array("grid");
    this.density = array("density");
    this.error = array("error");
    this.outliers = Array.from(array("outliers")).filter(Number.isFinite);
    this.counts = integral(this.grid, this.density);
    this.errors = integral(this.grid, this.error);
  }

  get step(): number {
    return this.survey.step;
  }

  get dim(): number {
    return this.survey.facts.dim ?? this.total;
  }

  get threshold(): number | null {
    return this.survey.facts.threshold ?? null;
  }

  get exact(): boolean {
    return this.survey.facts.exact === 1;
  }

  get total(): number {
    return this.counts.at(-1) ?? 0;
  }

  /** How many eigenvalues lie below `value`. */
  below(value: number): number {
    return read(this.grid, this.density, this.counts, value);
  }

  /** How many lie in [from, to], and by how much that may be off: the standard error, or more where errors cancel. */
  between(from: number, to: number): { count: number; error: number } {
    const errors = (value: number) => read(this.grid, this.error, this.errors, value);
    return { count: Math.max(0, this.below(to) - this.below(from)), error: Math.max(0, errors(to) - errors(from)) };
  }

  /** From where to where there are eigenvalues: half a one lies beyond either end. */
  extent(): Range | null {
    const { counts, grid, total } = this;
    if (!counts.length || !(total > 0)) return null;
    const half = Math.min(0.5, total / 4);
    let low = 0;
    while (low < counts.length - 1 && counts[low + 1] < half) low++;
    let high = counts.length - 1;
    while (high > 0 && total - counts[high - 1] < half) high--;
    return [
      Math.min(grid[low], this.outliers.at(-1) ?? grid[low]),
      Math.max(grid[high], this.outliers[0] ?? grid[high]),
    ];
  }

  /** Numbers in bins of equal width, whose borders are multiples of it; bins with nothing in them are left out. */
  bars(range: Range, width: number): Bar[] {
    const bars: Bar[] = [];
    for (let k = Math.floor(range[0] / width + 1e-9); k * width < range[1]; k++) {
      const { count, error } = this.between(k * width, (k + 1) * width);
      if (count >= LEAST) bars.push({ from: k * width, to: (k + 1) * width, count, error });
    }
    return bars;
  }
}

/** Less than this of an eigenvalue in a bin is the tail of a smoothed one. */
const LEAST = 0.02;

/** A round bin width, so that about `most` fit into a range. */
export function binWidth([from, to]: Range, most: number): number {
  return roundUp((to - from) / Math.max(most, 1), [1, 2, 5, 10]);
}

/** Integral of a piecewise linear function, from the start to every point. */
function integral(grid: ArrayLike<number>, values: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(grid.length);
  for (let i = 1; i < grid.length; i++)
    sums[i] = sums[i - 1] + ((finite(values[i - 1]) + finite(values[i])) / 2) * (grid[i] - grid[i - 1]);
  return sums;
}

function read(grid: ArrayLike<number>, values: ArrayLike<number>, sums: Float64Array, at: number): number {
  const last = grid.length - 1;
  if (last < 1 || at <= grid[0]) return 0;
  if (at >= grid[last]) return sums[last];
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (grid[middle] <= at) low = middle;
    else high = middle;
  }
  const share = at - grid[low];
  const slope = (finite(values[high]) - finite(values[low])) / (grid[high] - grid[low]);
  return sums[low] + finite(values[low]) * share + (slope * share * share) / 2;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
