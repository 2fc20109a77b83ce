/** A growing list of numbers: appending copies only the new ones, and now and then doubles the room. */
export class Numbers {
  values = new Float64Array(256);
  length = 0;

  append(source: ArrayLike<number>, from = 0, to = source.length): void {
    const added = Math.max(0, to - from);
    const needed = this.length + added;
    if (needed > this.values.length) {
      const room = new Float64Array(Math.max(needed, 2 * this.values.length));
      room.set(this.values.subarray(0, this.length));
      this.values = room;
    }
    for (let i = 0; i < added; i++) this.values[this.length + i] = source[from + i];
    this.length = needed;
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

  toArray(): Float64Array {
    return this.values.slice(0, this.length);
  }
}
