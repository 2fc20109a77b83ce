import type { Envelope } from "../envelope";
import type { Range } from "../ranges";
import type { Scope } from "../scope";
import type { Theme } from "../theme";
import { Surface } from "./surface";
import { type Area, fraction, trace } from "./trace";

/** Width of the column of labels on the left, equal in all charts so that their plots align. */
export const LEFT = 56;
export const RIGHT = 12;
/** Room above every plot. */
export const TOP = 5;
const BOTTOM = 5;
/** Height of an axis below a plot. */
export const BOTTOM_AXIS = 24;

export interface Line {
  key: string;
  color: string;
  width: number;
  dash: number[];
  envelope: Envelope | null;
  /** Values hold until the next row: drawn as stairs. */
  stairs?: boolean;
  /** Time before which nothing is drawn. */
  from?: number;
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
  /** Says all that `below` and `above` draw: where nothing is new the canvas is left as it is. Else it is drawn anew. */
  stamp?: string;
}

/**
 * A chart of lines over time. Every line brings its own thinned series with its own times, so that processes that
 * start at different steps share a chart without gaps. The screen and saved pictures are painted by one function.
 */
export class LineChart {
  private readonly surface = new Surface();
  private picture: Picture | null = null;
  private drawn: unknown[] | null = null;
  width = 0;

  constructor(
    scope: Scope,
    host: HTMLElement,
    private readonly plotHeight: number,
    private readonly timeAxis: boolean,
  ) {
    const { canvas } = this.surface;
    canvas.setAttribute("aria-hidden", "true");
    host.append(canvas);
    scope.add(() => canvas.remove());
    // A host may have dropped what was on a canvas that nobody saw.
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.draw();
    });
    seen.observe(host);
    scope.observe(seen);
  }

  get height(): number {
    return TOP + this.plotHeight + (this.timeAxis ? BOTTOM_AXIS : BOTTOM);
  }

  resize(width: number): void {
    if (width === this.width || width <= LEFT + RIGHT) return;
    this.width = width;
    this.draw();
  }

  show(picture: Picture): void {
    this.picture = picture;
    const before = this.drawn;
    const now = describe(picture);
    this.drawn = now;
    if (!before || !now?.every((part, i) => part === before[i])) this.draw();
  }

  private draw(): void {
    if (!this.picture || this.width <= 0) return;
    this.surface.resize(this.width, this.height);
    this.paint(this.surface.clear());
  }

  /** Draws the same on another canvas, or into an SVG, with its corner at the origin and as wide as it is here. */
  paint(ctx: CanvasRenderingContext2D): void {
    const { picture } = this;
    if (!picture || this.width <= 0) return;
    const box = { left: LEFT, top: TOP, width: this.plotWidth, height: this.plotHeight };
    const frame: Frame = {
      ...box,
      ctx,
      x: (time) => LEFT + this.x(time),
      y: (value) => TOP + this.y(value),
    };
    paintAxes(frame, picture, this.timeAxis);
    picture.below?.(frame);
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    for (const line of picture.lines) {
      ctx.strokeStyle = ctx.fillStyle = line.color;
      ctx.lineWidth = line.width;
      ctx.setLineDash(line.dash);
      ctx.beginPath();
      const areas = trace(line, picture, box, ctx, line.width / 2);
      ctx.stroke();
      for (const area of areas) {
        ctx.beginPath();
        outline(area, ctx);
        ctx.fill();
      }
    }
    ctx.setLineDash([]);
    ctx.restore();
    picture.above?.(frame);
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
}

function paintAxes(frame: Frame, picture: Picture, timeAxis: boolean): void {
  const { ctx, left, top, width, height } = frame;
  const { theme } = picture;
  ctx.font = `${Math.round(theme.size * 0.85)}px ${theme.family}`;
  ctx.strokeStyle = theme.grid;
  ctx.fillStyle = theme.secondary;
  ctx.lineWidth = 1;
  const rows = picture.yTicks.map((tick) => ({ y: Math.round(frame.y(tick)) + 0.5, text: picture.yLabel(tick) }));
  const columns = picture.xTicks
    .map((tick) => ({ x: Math.round(frame.x(tick)) + 0.5, text: picture.xLabel(tick) }))
    .filter(({ x }) => x >= left - 0.5 && x <= left + width + 0.5);
  // The lines before the labels: in an SVG a text ends the path that is being drawn.
  ctx.beginPath();
  for (const { y } of rows) {
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
  }
  for (const { x } of columns) {
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
  }
  ctx.stroke();
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const { y, text } of rows) ctx.fillText(text, left - 6, y);
  if (!timeAxis) return;
  ctx.textBaseline = "top";
  ctx.fillText("step", left - 10, top + height + 6);
  ctx.textAlign = "center";
  for (const { x, text } of columns) {
    // The last label stays inside the canvas, where its tick is near the border.
    const most = left + width + RIGHT - ctx.measureText(text).width / 2;
    ctx.fillText(text, Math.min(x, most), top + height + 6);
  }
}

function outline(area: Area, ctx: CanvasRenderingContext2D): void {
  ctx.moveTo(area[0], area[1]);
  for (let i = 2; i < area.length; i += 2) ctx.lineTo(area[i], area[i + 1]);
}

/** What a picture is of, in parts that are all the same where two pictures are; null where it does not say. */
function describe({ lines, theme, xLabel, yLabel, stamp, below, above, ...axes }: Picture): unknown[] | null {
  if (stamp === undefined && (below || above)) return null;
  const styles = lines.map(({ color, width, dash, stairs, from }) => [color, width, dash, stairs, from]);
  const data = lines.flatMap(({ envelope }) => [envelope, envelope?.taken]);
  return [JSON.stringify([axes, styles]), stamp, theme, xLabel, yLabel, ...data];
}
