export type Values = Float32Array | Float64Array;

const FIRST_CAPACITY = 256;

/** A growing list of numbers: appending copies only the new ones, and now and then doubles the room. */
export class Numbers {
  values: Values;
  length = 0;

  /** @param single whether float32 holds the numbers: half the bytes, and no integer above 2²⁴. */
  constructor(single = false) {
    this.values = single ? new Float32Array(FIRST_CAPACITY) : new Float64Array(FIRST_CAPACITY);
  }

  append(source: ArrayLike<number>, from = 0, to = source.length): void {
    const added = Math.max(0, to - from);
    const needed = this.length + added;
    if (needed > this.values.length) this.resize(Math.max(needed, 2 * this.values.length));
    if (source instanceof Float32Array || source instanceof Float64Array)
      this.values.set(source.subarray(from, from + added), this.length);
    else for (let i = 0; i < added; i++) this.values[this.length + i] = source[from + i];
    this.length = needed;
  }

  /** Changes the room to `capacity` numbers, of which there may not be more. */
  resize(capacity: number): void {
    if (capacity === this.values.length) return;
    const room = this.values instanceof Float32Array ? new Float32Array(capacity) : new Float64Array(capacity);
    room.set(this.values.subarray(0, this.length));
    this.values = room;
  }

  /** Keeps the entries `rows`, which ascend, in the room that there is. */
  keep(rows: ArrayLike<number>): void {
    const { values } = this;
    for (let i = 0; i < rows.length; i++) values[i] = values[rows[i]];
    this.length = rows.length;
  }

  /** The value of `row`, or null where there is none: NaN is a gap. */
  at(row: number): number | null {
    const value = row >= 0 && row < this.length ? this.values[row] : Number.NaN;
    return Number.isFinite(value) ? value : null;
  }

  get last(): number {
    return this.length ? this.values[this.length - 1] : Number.NaN;
  }

  /** Index of the last entry that is at most `value`, in a list that ascends; -1 where there is none. */
  floor(value: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.values[middle] <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  toArray(): Values {
    return this.values.slice(0, this.length);
  }
}
