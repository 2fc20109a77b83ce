import { font, strong } from "../../charts/plane";
import { Surface } from "../../charts/surface";
import { h, setText } from "../../dom";
import { significant } from "../../format";
import type { Theme } from "../../theme";

const HEIGHT = 92;
const LABELS = 18;
const SIDE = 10;
/** How far the curve goes, in half rods from the centre; farther, up to the second, where the iterates stand there. */
const REACH = [1.5, 4];
const PIECES = 60;
/** Half rods shorter than this on the chart leave no room for a label at the centre. */
const LABEL = 46;

export interface Along {
  /** Half the length of the rod in the plane. */
  half: number;
  /** Loss at the centre plus `s` half rods; NaN where it is not known. */
  loss: (s: number) => number;
  /** Where the two iterates stand along the rod, in half rods, and their loss. */
  pair: [s: number, loss: number][];
  color: string;
}

/** The loss along the rod: a curve, the ends and the centre of the rod, the two iterates. */
export class AlongChart {
  readonly element: HTMLElement;
  private readonly surface = new Surface();
  private readonly note = h("p", { class: "rf-plane-note" });

  constructor() {
    this.surface.canvas.setAttribute("aria-hidden", "true");
    const title = h("h3", { class: "rf-panel-title" }, "Loss along the rod");
    this.element = h("div", { class: "rf-plane-along" }, title, this.surface.canvas, this.note);
  }

  update(along: Along | null, why: string, theme: Theme, width: number): void {
    this.element.hidden = along === null && !why;
    this.surface.canvas.hidden = along === null;
    setText(this.note, along ? "" : why);
    if (!along) return;
    this.surface.resize(width, HEIGHT);
    paintAlong(this.surface.clear(), along, theme, width, HEIGHT);
  }
}

function paintAlong(
  ctx: CanvasRenderingContext2D,
  { half, loss, pair, color }: Along,
  theme: Theme,
  width: number,
  height: number,
): void {
  const farthest = Math.max(...pair.map(([s]) => 1.2 * Math.abs(s)), REACH[0]);
  const reach = Math.min(farthest, REACH[1]);
  const steps = Array.from({ length: PIECES + 1 }, (_, i) => reach * ((2 * i) / PIECES - 1));
  const values = steps.map(loss);
  const near = pair.filter(([s]) => Math.abs(s) <= reach);
  const known = [...values, ...near.map(([, value]) => value)].filter(Number.isFinite);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const bottom = height - LABELS;
  const x = (s: number) => width / 2 + (s / reach) * (width / 2 - SIDE);
  const y = (value: number) => bottom - 6 - ((value - low) / (high - low || 1)) * (bottom - 14);
  ctx.strokeStyle = theme.grid;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(0, bottom + 0.5);
  ctx.lineTo(width, bottom + 0.5);
  ctx.stroke();
  ctx.strokeStyle = theme.band;
  ctx.lineWidth = 2;
  ctx.beginPath();
  let drawing = false;
  steps.forEach((s, i) => {
    if (!Number.isFinite(values[i])) drawing = false;
    else if (drawing) ctx.lineTo(x(s), y(values[i]));
    else {
      ctx.moveTo(x(s), y(values[i]));
      drawing = true;
    }
  });
  ctx.stroke();
  const mark = (s: number, value: number, radius: number, fill: string, stroke: string) => {
    if (!Number.isFinite(value) || Math.abs(s) > reach) return;
    ctx.fillStyle = fill;
    ctx.strokeStyle = stroke;
    ctx.beginPath();
    ctx.arc(x(s), y(value), radius, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  };
  for (const s of [-1, 1]) mark(s, loss(s), 3.8, theme.ground, color);
  ctx.lineWidth = 1;
  mark(0, loss(0), 3.2, color, theme.ground);
  for (const [s, value] of near) mark(s, value, 2.8, strong(theme), theme.ground);
  ctx.font = font(theme);
  ctx.fillStyle = theme.secondary;
  ctx.textBaseline = "middle";
  const size = significant(half, 2);
  const roomy = x(1) - x(0) > LABEL;
  const write = (s: number, text: string, align: CanvasTextAlign) => {
    ctx.textAlign = roomy ? "center" : align;
    ctx.fillText(text, x(s), bottom + 11);
  };
  write(-1, `−${size}`, "right");
  if (roomy) write(0, "centre", "center");
  write(1, `+${size}`, "left");
}
