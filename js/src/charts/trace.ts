/** Where values are on an axis, and the way of a pen along a thinned series. */
import type { Line, Picture } from "./line";

/** Below this share of a logarithmic axis's top, and below its bottom, a value is a zero with round-off. */
const ROUND_OFF = 1e-9;

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

export function transform(value: number, log: boolean): number {
  return log ? Math.log10(value) : value;
}

export function transformed(picture: Picture): [number, number] {
  return [transform(picture.y[0], picture.log), transform(picture.y[1], picture.log)];
}

/** Place of a value between bottom (0) and top (1) of the plot. */
export function fraction(value: number, picture: Picture): number {
  const [low, high] = transformed(picture);
  return (transform(value, picture.log) - low) / (high - low);
}

/** Moves a pen along a series: one point a row, or the way from low to high where a bucket holds many rows. */
export function trace(line: Line, picture: Picture, { left, top, width, height }: Box, pen: Pen): void {
  const { envelope } = line;
  if (!envelope?.count) return;
  const [from, to] = picture.x;
  const scaleX = width / (to - from);
  const x = (time: number) => left + (time - from) * scaleX;
  const y = (value: number) => {
    const at = fraction(value, picture);
    // Far outside the plot a coordinate says no more than just outside.
    return Number.isNaN(at) ? at : top + (1 - Math.min(Math.max(at, -4), 5)) * height;
  };
  let drawing = false;
  let previous = 0;
  // One more on each side, so that a line that leaves the plot reaches its border.
  const first = Math.max(line.from ?? Number.NEGATIVE_INFINITY, from - envelope.spacing);
  const least = picture.log ? Math.min(picture.y[0], ROUND_OFF * picture.y[1]) : Number.NEGATIVE_INFINITY;
  const point = (time: number, value: number) => {
    const py = value < least ? Number.NaN : y(value);
    if (Number.isNaN(py)) {
      drawing = false;
      return;
    }
    const px = x(time);
    if (!drawing) {
      pen.moveTo(px, py);
      // A value between two gaps shows as a dot.
      pen.lineTo(px + 0.5, py);
    } else {
      if (line.stairs) pen.lineTo(px, previous);
      pen.lineTo(px, py);
    }
    previous = py;
    drawing = true;
  };
  for (let i = 0; i < envelope.count; i++) {
    const start = envelope.start[i];
    if (i > 0 && envelope.start[i - 1] > to) break;
    if (envelope.end[i] < first) continue;
    if (envelope.bucket === 1) {
      point(start, envelope.first[i]);
      continue;
    }
    const middle = (start + envelope.end[i]) / 2;
    point(start, envelope.first[i]);
    point(middle, picture.log && envelope.low[i] <= 0 ? envelope.lowPositive[i] : envelope.low[i]);
    point(middle, envelope.high[i]);
    point(envelope.end[i], envelope.last[i]);
  }
}
