import type { Numbers } from "./numbers";

const CAPACITY = 2048;
const FIRST_ROOM = 64;
/** Extents that are remembered, several being asked for at every draw. */
const ASKED = 8;

/**
 * A series thinned for drawing: at most `capacity` buckets, each with the first, lowest, highest and last value of its
 * rows. While there are few rows, each has a bucket of its own; when buckets run out, those that lie in equal pieces of
 * time are merged. So a draw costs the same however long the run is, no peak is lost, and rows that stand for others
 * take as much of the picture as those that they stand for.
 */
export class Envelope {
  count = 0;
  start: Float64Array;
  end: Float64Array;
  first: Float32Array;
  low: Float32Array;
  high: Float32Array;
  last: Float32Array;
  lowPositive: Float32Array;
  private room = FIRST_ROOM;
  /** Time that a bucket spans; 0 while every row has its own. */
  private width = 0;
  private consumed = 0;
  private readonly extents = new Map<string, [number, number] | null>();
  /** Rows taken in so far, in all. */
  taken = 0;

  constructor(
    private readonly time: Numbers,
    private readonly value: Numbers,
    private readonly capacity = CAPACITY,
  ) {
    this.start = new Float64Array(FIRST_ROOM);
    this.end = new Float64Array(FIRST_ROOM);
    [this.first, this.low, this.high, this.last, this.lowPositive] = Array.from(
      { length: 5 },
      () => new Float32Array(FIRST_ROOM),
    );
  }

  /** Takes in the rows that arrived since the last call. */
  update(): this {
    const until = Math.min(this.time.length, this.value.length);
    const times = this.time.values;
    const values = this.value.values;
    for (let row = this.consumed; row < until; row++) {
      const time = times[row];
      if (this.count && this.width && this.piece(time) === this.piece(this.start[this.count - 1]))
        this.extend(this.count - 1, time, values[row]);
      else this.begin(time, values[row]);
    }
    this.taken += Math.max(0, until - this.consumed);
    this.consumed = Math.max(this.consumed, until);
    return this;
  }

  /** The rows that were taken in have been thinned: goes on behind those that there are. */
  rebase(): void {
    this.consumed = Math.min(this.time.length, this.value.length);
  }

  private piece(time: number): number {
    return Math.floor((time - this.start[0]) / this.width);
  }

  private begin(time: number, value: number): void {
    if (this.count === this.capacity) this.merge();
    if (this.count === this.room) this.grow();
    const i = this.count++;
    this.start[i] = this.end[i] = time;
    const held = Number.isFinite(value) ? value : Number.NaN;
    this.first[i] = this.low[i] = this.high[i] = this.last[i] = held;
    this.lowPositive[i] = held > 0 ? held : Number.NaN;
  }

  private extend(i: number, time: number, value: number): void {
    this.end[i] = time;
    if (!Number.isFinite(value)) return;
    if (Number.isNaN(this.low[i])) {
      this.first[i] = this.low[i] = this.high[i] = value;
    } else {
      if (value < this.low[i]) this.low[i] = value;
      if (value > this.high[i]) this.high[i] = value;
    }
    this.last[i] = value;
    if (value > 0 && !(this.lowPositive[i] <= value)) this.lowPositive[i] = value;
  }

  private grow(): void {
    this.room = Math.min(2 * this.room, this.capacity);
    this.start = enlarged(this.start, new Float64Array(this.room));
    this.end = enlarged(this.end, new Float64Array(this.room));
    this.first = enlarged(this.first, new Float32Array(this.room));
    this.low = enlarged(this.low, new Float32Array(this.room));
    this.high = enlarged(this.high, new Float32Array(this.room));
    this.last = enlarged(this.last, new Float32Array(this.room));
    this.lowPositive = enlarged(this.lowPositive, new Float32Array(this.room));
  }

  /** Doubles the time that a bucket spans, until half of the buckets are free. */
  private merge(): void {
    const span = this.end[this.count - 1] - this.start[0];
    this.width = Math.max(2 * this.width, (2 * span) / this.capacity);
    let to = 0;
    for (let i = 1; i < this.count; i++) {
      if (this.piece(this.start[i]) === this.piece(this.start[to])) this.join(to, i);
      else this.move(++to, i);
    }
    this.count = to + 1;
  }

  private join(a: number, b: number): void {
    this.end[a] = this.end[b];
    if (Number.isNaN(this.first[a])) this.first[a] = this.first[b];
    if (!Number.isNaN(this.last[b])) this.last[a] = this.last[b];
    this.low[a] = least(this.low[a], this.low[b]);
    this.high[a] = -least(-this.high[a], -this.high[b]);
    this.lowPositive[a] = least(this.lowPositive[a], this.lowPositive[b]);
  }

  private move(to: number, from: number): void {
    this.start[to] = this.start[from];
    this.end[to] = this.end[from];
    this.first[to] = this.first[from];
    this.low[to] = this.low[from];
    this.high[to] = this.high[from];
    this.last[to] = this.last[from];
    this.lowPositive[to] = this.lowPositive[from];
  }

  /** Lowest and highest value with time in [from, to], or null where nothing was measured. */
  extent(from: number, to: number, positive: boolean): [number, number] | null {
    const key = `${this.taken} ${from} ${to} ${positive}`;
    const known = this.extents.get(key);
    if (known !== undefined) return known;
    const found = this.measure(from, to, positive);
    if (this.extents.size >= ASKED) this.extents.clear();
    this.extents.set(key, found);
    return found;
  }

  private measure(from: number, to: number, positive: boolean): [number, number] | null {
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

/** The smaller of two numbers, of which NaN is none. */
export function least(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  if (Number.isNaN(b)) return a;
  return Math.min(a, b);
}

function enlarged<T extends Float32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
