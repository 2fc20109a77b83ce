import { roundDown, roundUp } from "../ranges";
import type { Parameter } from "../wire";

/** How a slider carries the values of one hyperparameter; fractions run from 0 to 1. */
export interface Scale {
  readonly lower: number;
  readonly upper: number;
  holds(value: number): boolean;
  toFraction(value: number): number;
  /** Three significant figures: what a hand on a slider means. */
  fromFraction(fraction: number): number;
  /** The value some steps of a key further up or down. */
  nudged(value: number, steps: number): number;
}

/** Powers of ten below and above the value that the scale of a small or large quantity shows. */
const DECADES = 4;
/** What a key changes: 5 % of the value, of its distance to 1, or of the scale. */
const STEP = 1.05;

/** The scale that a parameter asks for, around the value it has. */
export function scaleFor(parameter: Parameter, value: number): Scale {
  const { lower, upper, scale } = parameter;
  if (scale === "decay") return new DecayScale(value, upper);
  if (scale === "linear") return new LinearScale(lower, upper);
  const middle = value > 0 ? value : parameter.default > 0 ? parameter.default : 1;
  if (parameter.name === "learning_rate") return new RateScale(middle, lower, upper);
  return new LogScale(Math.max(lower, middle / 10 ** DECADES), Math.min(upper, middle * 10 ** DECADES));
}

/** Logarithmic between two ends. */
export class LogScale implements Scale {
  constructor(
    readonly lower: number,
    readonly upper: number,
  ) {}

  holds(value: number): boolean {
    return value >= this.lower * (1 - 1e-9) && value <= this.upper * (1 + 1e-9);
  }

  toFraction(value: number): number {
    return clamp(Math.log(value / this.lower) / Math.log(this.upper / this.lower), 0, 1);
  }

  fromFraction(fraction: number): number {
    const value = this.lower * (this.upper / this.lower) ** clamp(fraction, 0, 1);
    return clamp(rounded(value), this.lower, this.upper);
  }

  nudged(value: number, steps: number): number {
    return rounded(value * STEP ** steps);
  }
}

/** The scale of the learning rate: round ends about six times below and above it, inside what it may be. */
export class RateScale extends LogScale {
  constructor(value: number, least = 0, most = Number.POSITIVE_INFINITY) {
    const lower = roundDown(value / 5.5, [1, 2, 5]);
    const upper = roundUp(value * 5.5, [1, 2, 4, 10]);
    super(least > 0 ? Math.max(lower, least) : lower, Math.min(upper, most));
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

/** The share that a moving average keeps: logarithmic in what it forgets, from 0 to three nines, or to one more than held. */
export class DecayScale implements Scale {
  readonly lower = 0;
  readonly upper: number;

  constructor(
    value: number,
    private readonly end = 1,
  ) {
    const nines = Math.max(3, Math.ceil(-Math.log10(Math.max(end - value, 1e-12)) - 1e-9) + 1);
    this.upper = end - end * 10 ** -nines;
  }

  holds(value: number): boolean {
    return value >= 0 && value <= this.upper + 1e-12;
  }

  toFraction(value: number): number {
    return clamp(Math.log((this.end - value) / this.end) / Math.log((this.end - this.upper) / this.end), 0, 1);
  }

  fromFraction(fraction: number): number {
    return this.kept(this.end * ((this.end - this.upper) / this.end) ** clamp(fraction, 0, 1));
  }

  nudged(value: number, steps: number): number {
    return Math.max(0, this.kept((this.end - value) / STEP ** steps));
  }

  /** The value that forgets `share`, to two figures of what it forgets. */
  private kept(share: number): number {
    return Number((this.end - Number(share.toPrecision(2))).toPrecision(12));
  }
}

/** Evenly between the bounds. */
export class LinearScale implements Scale {
  constructor(
    readonly lower: number,
    readonly upper: number,
  ) {}

  holds(value: number): boolean {
    return value >= this.lower && value <= this.upper;
  }

  toFraction(value: number): number {
    return clamp((value - this.lower) / (this.upper - this.lower), 0, 1);
  }

  fromFraction(fraction: number): number {
    const value = this.lower + (this.upper - this.lower) * clamp(fraction, 0, 1);
    return clamp(rounded(value), this.lower, this.upper);
  }

  nudged(value: number, steps: number): number {
    return this.fromFraction(this.toFraction(value) + (STEP - 1) * steps);
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
