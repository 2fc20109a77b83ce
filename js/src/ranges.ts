/** Ranges that grow by jumps, and where axes carry labels. */

export type Range = [number, number];

const JUMPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The smallest round number that is at least `value`. */
export function roundUp(value: number, jumps: number[] = JUMPS): number {
  if (!(value > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-12);
  for (const jump of jumps) if (jump * decade >= value * (1 - 1e-9)) return round(jump * decade);
  return round(10 * decade);
}

/** The largest round number that is at most `value`. */
export function roundDown(value: number, jumps: number[] = [1, 2, 5, 10]): number {
  if (!(value > 0)) return 0;
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-12);
  let best = decade;
  for (const jump of jumps) if (jump * decade <= value * (1 + 1e-9)) best = jump * decade;
  return round(best);
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}

/** Steps that an empty axis shows of a run of which nobody knows how long it will be. */
const UNKNOWN = 100;

/** Time axis: all steps before anything ran, else the newest step and some room; `steps` is null where nobody knows. */
export function timeRange(newest: number, steps: number | null): Range {
  if (newest < 0) return [0, Math.max(steps ?? UNKNOWN, 1)];
  const room = roundUp(Math.max(newest, 20));
  return [0, steps !== null && newest <= steps && room > steps && steps >= 20 ? steps : room];
}

/** Share of the time axis at its start that ranges of values do not look at. */
const TRANSIENT = 0.03;

/** Steps before this one do not count for the ranges of values; it moves only with the axis, which grows by jumps. */
export function settledFrom(time: Range): number {
  return TRANSIENT * time[1];
}

/** A logarithmic range around [low, high]: ends on 1, 2 or 5 times a power of ten. */
export function logRange(low: number, high: number): Range {
  const from = roundDown(low / 1.05);
  const to = roundUp(high * 1.05, [1, 2, 5, 10]);
  return from < to ? [from, to] : [from / 2, to * 2];
}

/** A linear range around [low, high] with a margin, its ends on round numbers. */
export function linearRange(low: number, high: number): Range {
  const span = Math.max(high - low, 0.02 * Math.max(Math.abs(high), Math.abs(low)), 1e-12);
  const unit = roundUp(span / 5, [1, 2, 5, 10]) / 2;
  const from = low >= 0 ? Math.max(0, low - 0.05 * span) : low - 0.05 * span;
  return [round(Math.floor(from / unit) * unit), round(Math.ceil((high + 0.05 * span) / unit) * unit)];
}

/** Keeps a range from shrinking: the union of both. */
export function union(a: Range | null, b: Range): Range {
  return a ? [Math.min(a[0], b[0]), Math.max(a[1], b[1])] : b;
}

/** At most about `most` labels on a linear axis. */
export function linearTicks([from, to]: Range, most = 6): number[] {
  const unit = roundUp((to - from) / most, [1, 2, 2.5, 5, 10]);
  const ticks: number[] = [];
  for (let k = Math.ceil(from / unit - 1e-9); k * unit <= to + 1e-9 * unit; k++) ticks.push(round(k * unit));
  return ticks;
}

/** Labels of a logarithmic axis: powers of ten, with 2 and 5 between them where there is room. */
export function logTicks([from, to]: Range, most = 6): number[] {
  const first = Math.floor(Math.log10(from) - 1e-9);
  const last = Math.ceil(Math.log10(to) + 1e-9);
  const inside = (values: number[]) => values.filter((value) => value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9));
  const every = (mantissas: number[], stride = 1) => {
    const ticks: number[] = [];
    for (let e = Math.ceil(first / stride) * stride; e <= last; e += stride)
      for (const mantissa of mantissas) ticks.push(round(mantissa * 10 ** e));
    return inside(ticks);
  };
  for (const mantissas of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = every(mantissas);
    if (ticks.length <= most) return ticks.length >= 2 ? ticks : linearTicks([from, to], most).filter((t) => t > 0);
  }
  for (let stride = 2; stride < 400; stride++) {
    const ticks = every([1], stride);
    if (ticks.length <= most) return ticks;
  }
  return [from, to];
}
