import type { Numbers } from "./numbers";

/** Rows one after the other in which a condition held. */
export interface Stretch {
  /** Time of its first row. */
  from: number;
  /** Time of the measured row before it; null where there is none. */
  before: number | null;
  /** Time of the last row that would begin a stretch by itself. */
  high: number;
  /** Time of its last row so far. */
  last: number;
  /** Time of the first row after it; null while it lasts. */
  to: number | null;
}

/** What begins a stretch, and what lets it last: with two different bounds, noise at one of them does not end it. */
export interface Rule {
  begins: (value: number) => boolean;
  lasts: (value: number) => boolean;
}

/**
 * The stretches of a growing series, oldest first, found by looking at every row once.
 *
 * Rows without a value neither begin nor end one. It goes on by time: rows may have been thinned since, which changes
 * nothing in what was found. Of a series that arrives thinned, the times are those of the rows that are left.
 */
export class Stretches {
  private readonly list: Stretch[] = [];
  private read = Number.NEGATIVE_INFINITY;
  private before: number | null = null;

  constructor(
    private readonly time: Numbers,
    private readonly values: Numbers,
    private readonly rule: Rule,
  ) {}

  /** Takes in the rows that arrived since the last call. */
  update(): this {
    const { begins, lasts } = this.rule;
    const times = this.time.values;
    const values = this.values.values;
    const until = Math.min(this.time.length, this.values.length);
    let newest = this.list.at(-1);
    for (let row = this.time.floor(this.read) + 1; row < until; row++) {
      const value = values[row];
      if (Number.isNaN(value)) continue;
      const time = times[row];
      const open = newest?.to === null ? newest : null;
      const begun = begins(value);
      if (open && (begun || lasts(value))) {
        open.last = time;
        if (begun) open.high = time;
      } else if (open) open.to = time;
      else if (begun) {
        newest = { from: time, before: this.before, high: time, last: time, to: null };
        this.list.push(newest);
      }
      this.before = time;
    }
    if (until) this.read = times[until - 1];
    return this;
  }

  /** Index of the last stretch that had begun at `time`; -1 where none had. */
  index(time: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.list[middle].from <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  get(index: number): Stretch | null {
    return this.list[index] ?? null;
  }
}
