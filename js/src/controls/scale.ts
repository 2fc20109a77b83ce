import { roundDown, roundUp } from "../ranges";

/** The logarithmic scale of the learning-rate slider; fractions run from 0 to 1. */
export class RateScale {
  readonly lower: number;
  readonly upper: number;

  /** Round ends about six times below and above `value`, inside what the parameter allows. */
  constructor(value: number, least = 0, most = Number.POSITIVE_INFINITY) {
    const lower = roundDown(value / 5.5, [1, 2, 5]);
    const upper = roundUp(value * 5.5, [1, 2, 4, 10]);
    this.lower = least > 0 ? Math.max(lower, least) : lower;
    this.upper = Math.min(upper, most);
  }

  holds(value: number): boolean {
    return value >= this.lower * (1 - 1e-9) && value <= this.upper * (1 + 1e-9);
  }

  toFraction(value: number): number {
    const fraction = Math.log(value / this.lower) / Math.log(this.upper / this.lower);
    return Math.min(Math.max(fraction, 0), 1);
  }

  /** Three significant figures: what a hand on a slider means. */
  fromFraction(fraction: number): number {
    const value = this.lower * (this.upper / this.lower) ** Math.min(Math.max(fraction, 0), 1);
    return Math.min(Math.max(Number(value.toPrecision(3)), this.lower), this.upper);
  }

  get ticks(): number[] {
    const ticks = [this.lower];
    for (let e = Math.floor(Math.log10(this.lower)) - 1; 10 ** e <= this.upper; e++)
      for (const mantissa of [1, 2, 5]) {
        const tick = Number((mantissa * 10 ** e).toPrecision(12));
        const apart = (other: number) => Math.abs(this.toFraction(tick) - this.toFraction(other)) > 0.09;
        if (tick > this.lower && tick < this.upper && apart(this.lower) && apart(this.upper)) ticks.push(tick);
      }
    return [...ticks, this.upper];
  }
}
