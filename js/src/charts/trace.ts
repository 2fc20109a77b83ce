/** Where values are on an axis, and the way of a pen along a thinned series. */
import { least } from "../envelope";
import type { Line, Picture } from "./line";

/** Below this share of a logarithmic axis's top, and below its bottom, a value is a zero with round-off. */
const ROUND_OFF = 1e-9;
/** From this height on, in pixels, what lies in one column of them is an area rather than a line. */
const TALL = 3;
/** Tall columns side by side that make an area; fewer are spikes of a line. */
const WIDE = 4;

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

/** Corners of an area to fill: x, y, x, y and so on. */
export type Area = number[];

function transform(value: number, log: boolean): number {
  return log ? Math.log10(value) : value;
}

function transformed(picture: Picture): [number, number] {
  return [transform(picture.y[0], picture.log), transform(picture.y[1], picture.log)];
}

/** Place of a value between bottom (0) and top (1) of the plot. */
export function fraction(value: number, picture: Picture): number {
  const [low, high] = transformed(picture);
  return (transform(value, picture.log) - low) / (high - low);
}

/**
 * Moves a pen along a series: one point a row; where a pixel holds many rows, the way between their lowest and their
 * highest value. A line that goes up and down in every column of pixels covers all between its outlines: those areas
 * are returned, because a canvas fills one about ten times faster than it strokes such a line.
 *
 * @param half half the width of the line, in the pixels of the box.
 */
export function trace(line: Line, picture: Picture, box: Box, pen: Pen, half: number): Area[] {
  const { envelope } = line;
  if (!envelope?.count) return [];
  const { start, end, first, low, lowPositive, high, last, count } = envelope;
  const [from, to] = picture.x;
  const scaleX = box.width / (to - from);
  const x = (time: number) => box.left + (time - from) * scaleX;
  const y = vertical(box, picture);
  const tracer = new Tracer(pen, half, line.stairs ?? false);
  const begin = line.from ?? Number.NEGATIVE_INFINITY;
  for (let i = 0, next = 0; i < count; i = next) {
    next = i + 1;
    if (i > 0 && start[i - 1] > to) break;
    // One more on each side, however far it is, so that a line that leaves the plot reaches its border.
    if (end[i] < begin || (next < count && end[next] < from)) continue;
    if (start[i] === end[i] && (next === count || x(start[next]) - x(start[i]) >= 0.5)) {
      tracer.point(x(start[i]), y(first[i]));
      continue;
    }
    let bottom = picture.log && low[i] <= 0 ? lowPositive[i] : low[i];
    let top = high[i];
    // A gap does not share a pixel with what was measured.
    for (; next < count && x(end[next]) - x(start[i]) < 1 && Number.isNaN(low[next]) === Number.isNaN(low[i]); next++) {
      bottom = least(bottom, picture.log && low[next] <= 0 ? lowPositive[next] : low[next]);
      top = -least(-top, -high[next]);
    }
    tracer.column(x((start[i] + end[next - 1]) / 2), y(top), y(bottom));
    if (next === count) tracer.point(x(end[next - 1]), y(last[next - 1]));
  }
  return tracer.finish();
}

/** Positions of values in a box; NaN where the axis has no such value. */
function vertical({ top, height }: Box, picture: Picture): (value: number) => number {
  const { log } = picture;
  const [bottom, upper] = transformed(picture);
  const smallest = log ? Math.min(picture.y[0], ROUND_OFF * picture.y[1]) : Number.NEGATIVE_INFINITY;
  return (value) => {
    if (value < smallest) return Number.NaN;
    const at = (transform(value, log) - bottom) / (upper - bottom);
    // Far outside the plot a coordinate says no more than just outside.
    return Number.isNaN(at) ? at : top + (1 - Math.min(Math.max(at, -4), 5)) * height;
  };
}

/** Goes from left to right; a position that is NaN is a gap. */
class Tracer {
  private readonly areas: Area[] = [];
  private columns: { x: number; top: number; bottom: number }[] = [];
  private drawing = false;
  private previous = 0;

  constructor(
    private readonly pen: Pen,
    private readonly half: number,
    private readonly stairs: boolean,
  ) {}

  point(x: number, y: number): void {
    this.endArea();
    this.to(x, y);
  }

  /** All between `top` and `bottom`. */
  column(x: number, top: number, bottom: number): void {
    if (bottom - top > TALL && !this.stairs) {
      this.columns.push({ x, top, bottom });
      return;
    }
    this.endArea();
    this.upAndDown(x, top, bottom);
  }

  finish(): Area[] {
    this.endArea();
    return this.areas;
  }

  private to(x: number, y: number): void {
    if (Number.isNaN(y)) {
      this.drawing = false;
      return;
    }
    if (!this.drawing) {
      this.pen.moveTo(x, y);
      // A value between two gaps shows as a dot.
      this.pen.lineTo(x + 0.5, y);
    } else {
      if (this.stairs) this.pen.lineTo(x, this.previous);
      this.pen.lineTo(x, y);
    }
    this.previous = y;
    this.drawing = true;
  }

  private upAndDown(x: number, top: number, bottom: number): void {
    // The shorter way: a canvas takes time for every pixel of a line's length.
    const falls = this.drawing && this.previous - top < bottom - this.previous;
    this.to(x, falls ? top : bottom);
    this.to(x, falls ? bottom : top);
  }

  private endArea(): void {
    const { columns, half } = this;
    this.columns = [];
    if (columns.length < WIDE) {
      for (const { x, top, bottom } of columns) this.upAndDown(x, top, bottom);
      return;
    }
    const [first, final] = [columns[0], columns[columns.length - 1]];
    this.to(first.x, (first.top + first.bottom) / 2);
    const area = [first.x - half, first.top - half];
    for (const { x, top } of columns) area.push(x, top - half);
    area.push(final.x + half, final.top - half, final.x + half, final.bottom + half);
    for (const { x, bottom } of columns.reverse()) area.push(x, bottom + half);
    area.push(first.x - half, first.bottom + half);
    this.areas.push(area);
    this.drawing = false;
    this.to(final.x, (final.top + final.bottom) / 2);
  }
}
