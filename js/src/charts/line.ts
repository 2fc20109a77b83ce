import uPlot from "uplot";
import type { Envelope } from "../envelope";
import type { Range } from "../ranges";
import type { Scope } from "../scope";
import type { Theme } from "../theme";

/** Width of the column of labels on the left, equal in all charts so that their plots align. */
export const LEFT = 56;
export const RIGHT = 12;
/** Room above every plot. */
export const TOP = 5;
const BOTTOM = 5;
/** Height of an axis below a plot. */
export const BOTTOM_AXIS = 24;
/** Below this share of a logarithmic axis's top, and below its bottom, a value is a zero with round-off. */
const ROUND_OFF = 1e-9;

export interface Line {
  key: string;
  color: string;
  width: number;
  dash: number[];
  envelope: Envelope | null;
  /** Values hold until the next row: drawn as stairs. */
  stairs?: boolean;
}

/** Where things are, in CSS pixels of the canvas, for what is drawn below and above the lines. */
export interface Frame {
  ctx: CanvasRenderingContext2D;
  left: number;
  top: number;
  width: number;
  height: number;
  x(time: number): number;
  y(value: number): number;
}

export interface Picture {
  lines: Line[];
  x: Range;
  y: Range;
  log: boolean;
  xTicks: number[];
  yTicks: number[];
  xLabel: (value: number) => string;
  yLabel: (value: number) => string;
  theme: Theme;
  below?: (frame: Frame) => void;
  above?: (frame: Frame) => void;
}

/**
 * A chart of lines over time. Every line brings its own thinned series with its own times, so that processes that
 * start at different steps share a chart without gaps; uPlot does the canvas, the axes and the grid.
 */
export class LineChart {
  private plot: uPlot | null = null;
  private picture: Picture | null = null;
  private keys = "";
  private width = 0;

  constructor(
    scope: Scope,
    private readonly host: HTMLElement,
    private readonly plotHeight: number,
    private readonly timeAxis: boolean,
  ) {
    scope.add(() => this.destroy());
  }

  get height(): number {
    return TOP + this.plotHeight + (this.timeAxis ? BOTTOM_AXIS : BOTTOM);
  }

  resize(width: number): void {
    if (width === this.width || width <= LEFT + RIGHT) return;
    this.width = width;
    this.plot?.setSize({ width, height: this.height });
  }

  show(picture: Picture): void {
    this.picture = picture;
    if (this.width <= 0) return;
    const { size, family } = picture.theme;
    const keys = [size, family, ...picture.lines.map((line) => line.key)].join(" ");
    if (!this.plot || keys !== this.keys) {
      this.keys = keys;
      this.plot?.destroy();
      this.plot = this.create(picture);
      return;
    }
    this.plot.setData(this.data(picture));
  }

  destroy(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  /** Position in CSS pixels from the left of the plot. */
  x(time: number): number {
    const picture = this.picture;
    if (!picture) return Number.NaN;
    return ((time - picture.x[0]) / (picture.x[1] - picture.x[0])) * this.plotWidth;
  }

  /** Position in CSS pixels from the top of the plot; NaN where the axis has no such value. */
  y(value: number): number {
    const picture = this.picture;
    if (!picture) return Number.NaN;
    return (1 - fraction(value, picture)) * this.plotHeight;
  }

  time(left: number): number {
    const x = this.picture?.x ?? [0, 1];
    return x[0] + (Math.min(Math.max(left, 0), this.plotWidth) / this.plotWidth) * (x[1] - x[0]);
  }

  get plotWidth(): number {
    return Math.max(1, this.width - LEFT - RIGHT);
  }

  get top(): number {
    return TOP;
  }

  private data(picture: Picture): uPlot.AlignedData {
    // The lines bring their own data; uPlot sees the ends of the axes.
    const empty = [null, null];
    return [[...picture.x], ...picture.lines.map(() => empty)];
  }

  private create(first: Picture): uPlot {
    const picture = () => this.picture ?? first;
    const font = () => `${Math.round(picture().theme.size * 0.85)}px ${picture().theme.family}`;
    const axis = { ticks: { show: false }, border: { show: false }, font: font(), gap: 6 };
    const grid = { stroke: () => picture().theme.grid, width: 1 };
    const stroke = () => picture().theme.secondary;
    const frame = (draw: (frame: Frame) => void, u: uPlot) => {
      u.ctx.save();
      u.ctx.scale(uPlot.pxRatio, uPlot.pxRatio);
      draw(this.frame(u));
      u.ctx.restore();
    };
    const options: uPlot.Options = {
      width: this.width,
      height: this.height,
      padding: [TOP, RIGHT, this.timeAxis ? 0 : BOTTOM, 0],
      pxAlign: false,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [...picture().x] },
        y: { range: () => transformed(picture()) },
      },
      axes: [
        {
          ...axis,
          grid,
          stroke,
          size: this.timeAxis ? BOTTOM_AXIS : 0,
          splits: () => picture().xTicks,
          values: (_, splits) => splits.map((value) => (this.timeAxis ? picture().xLabel(value) : "")),
        },
        {
          ...axis,
          grid,
          stroke,
          size: LEFT,
          splits: () => picture().yTicks.map((value) => transform(value, picture().log)),
          values: () => picture().yTicks.map((value) => picture().yLabel(value)),
        },
      ],
      series: [
        {},
        ...first.lines.map((_, i) => ({
          stroke: () => picture().lines[i].color,
          width: first.lines[i].width,
          dash: first.lines[i].dash.map((length) => length * uPlot.pxRatio),
          points: { show: false },
          paths: (u: uPlot) => path(u, picture().lines[i], picture()),
        })),
      ],
      hooks: {
        drawAxes: [(u) => frame((inner) => picture().below?.(inner), u)],
        draw: [(u) => frame((inner) => picture().above?.(inner), u)],
      },
    };
    return new uPlot(options, this.data(first), this.host);
  }

  private frame(u: uPlot): Frame {
    const scale = uPlot.pxRatio;
    const left = u.bbox.left / scale;
    const top = u.bbox.top / scale;
    return {
      ctx: u.ctx,
      left,
      top,
      width: u.bbox.width / scale,
      height: u.bbox.height / scale,
      x: (time) => left + this.x(time),
      y: (value) => top + this.y(value),
    };
  }
}

function transform(value: number, log: boolean): number {
  return log ? Math.log10(value) : value;
}

function transformed(picture: Picture): Range {
  return [transform(picture.y[0], picture.log), transform(picture.y[1], picture.log)];
}

function fraction(value: number, picture: Picture): number {
  const [low, high] = transformed(picture);
  return (transform(value, picture.log) - low) / (high - low);
}

/** The thinned series as a path: one point a row, or the way from low to high where a bucket holds many rows. */
function path(u: uPlot, line: Line, picture: Picture): uPlot.Series.Paths | null {
  const { envelope } = line;
  if (!envelope?.count) return null;
  const stroke = new Path2D();
  const { left, top, width, height } = u.bbox;
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
  const least = picture.log ? Math.min(picture.y[0], ROUND_OFF * picture.y[1]) : Number.NEGATIVE_INFINITY;
  const point = (time: number, value: number) => {
    const py = value < least ? Number.NaN : y(value);
    if (Number.isNaN(py)) {
      drawing = false;
      return;
    }
    const px = x(time);
    if (!drawing) {
      stroke.moveTo(px, py);
      // A value between two gaps shows as a dot.
      stroke.lineTo(px + 0.5, py);
    } else {
      if (line.stairs) stroke.lineTo(px, previous);
      stroke.lineTo(px, py);
    }
    previous = py;
    drawing = true;
  };
  for (let i = 0; i < envelope.count; i++) {
    const start = envelope.start[i];
    if (start > to) break;
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
  return { stroke, fill: null, clip: null, band: null, flags: 0 };
}
