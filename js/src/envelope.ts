import type { Numbers } from "./numbers";

const CAPACITY = 4096;

/**
 * A series thinned for drawing: at most `capacity` buckets of equally many rows, each with its first, lowest,
 * highest and last value. Buckets are filled as rows arrive, and merged in pairs when they run out, so a draw
 * costs the same however long the run is, and no peak is lost.
 */
export class Envelope {
  bucket = 1;
  count = 0;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly first: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly last: Float64Array;
  readonly lowPositive: Float64Array;
  private consumed = 0;

  constructor(
    private readonly time: Numbers,
    private readonly value: Numbers,
    private readonly capacity = CAPACITY,
  ) {
    const make = () => new Float64Array(capacity);
    this.start = make();
    this.end = make();
    this.first = make();
    this.low = make();
    this.high = make();
    this.last = make();
    this.lowPositive = make();
  }

  /** Takes in the rows that arrived since the last call. */
  update(): this {
    const until = Math.min(this.time.length, this.value.length);
    const times = this.time.values;
    const values = this.value.values;
    for (let row = this.consumed; row < until; row++) {
      let index = Math.floor(row / this.bucket);
      if (index >= this.capacity) {
        this.merge();
        index = Math.floor(row / this.bucket);
      }
      this.put(index, times[row], values[row]);
    }
    this.consumed = Math.max(this.consumed, until);
    return this;
  }

  private put(index: number, time: number, value: number): void {
    const finite = Number.isFinite(value);
    const positive = finite && value > 0 ? value : Number.NaN;
    if (index >= this.count) {
      this.count = index + 1;
      this.start[index] = time;
      this.end[index] = time;
      this.first[index] = this.low[index] = this.high[index] = this.last[index] = finite ? value : Number.NaN;
      this.lowPositive[index] = positive;
      return;
    }
    this.end[index] = time;
    if (!finite) return;
    if (Number.isNaN(this.low[index])) {
      this.first[index] = this.low[index] = this.high[index] = value;
    } else {
      if (value < this.low[index]) this.low[index] = value;
      if (value > this.high[index]) this.high[index] = value;
    }
    this.last[index] = value;
    if (value > 0 && !(this.lowPositive[index] <= value)) this.lowPositive[index] = value;
  }

  private merge(): void {
    const pairs = Math.ceil(this.count / 2);
    for (let i = 0; i < pairs; i++) {
      const a = 2 * i;
      const b = Math.min(a + 1, this.count - 1);
      this.start[i] = this.start[a];
      this.end[i] = this.end[b];
      this.first[i] = Number.isNaN(this.first[a]) ? this.first[b] : this.first[a];
      this.last[i] = Number.isNaN(this.last[b]) ? this.last[a] : this.last[b];
      this.low[i] = least(this.low[a], this.low[b]);
      this.high[i] = -least(-this.high[a], -this.high[b]);
      this.lowPositive[i] = least(this.lowPositive[a], this.lowPositive[b]);
    }
    this.count = pairs;
    this.bucket *= 2;
  }

  /** Time from one bucket to the next. */
  get spacing(): number {
    return this.count > 1 ? (this.start[this.count - 1] - this.start[0]) / (this.count - 1) : 0;
  }

  /** Lowest and highest value with time in [from, to], or null where nothing was measured. */
  extent(from: number, to: number, positive: boolean): [number, number] | null {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    const lows = positive ? this.lowPositive : this.low;
    for (let i = 0; i < this.count; i++) {
      if (this.end[i] < from || this.start[i] > to) continue;
      if (lows[i] < low) low = lows[i];
      if (this.high[i] > high && (!positive || this.high[i] > 0)) high = this.high[i];
    }
    return low <= high ? [low, high] : null;
  }
}

function least(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  if (Number.isNaN(b)) return a;
  return Math.min(a, b);
}
