import { font, Surface, strong } from "../../charts/plane";
import { h, setText } from "../../dom";
import { significant } from "../../format";
import type { Theme } from "../../theme";

const HEIGHT = 92;
const LABELS = 18;
const SIDE = 10;
/** How far the curve goes, in half rods from the centre. */
const REACH = 1.5;
const PIECES = 60;

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

export function paintAlong(
  ctx: CanvasRenderingContext2D,
  { half, loss, pair, color }: Along,
  theme: Theme,
  width: number,
  height: number,
): void {
  const steps = Array.from({ length: PIECES + 1 }, (_, i) => REACH * ((2 * i) / PIECES - 1));
  const values = steps.map(loss);
  const known = [...values, ...pair.map(([, value]) => value)].filter(Number.isFinite);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const bottom = height - LABELS;
  const x = (s: number) => width / 2 + (s / REACH) * (width / 2 - SIDE);
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
    if (!Number.isFinite(value) || Math.abs(s) > REACH) return;
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
  for (const [s, value] of pair) mark(s, value, 2.8, strong(theme), theme.ground);
  ctx.font = font(theme);
  ctx.fillStyle = theme.secondary;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  const size = significant(half, 2);
  for (const [s, text] of [
    [-1, `−${size}`],
    [0, "centre"],
    [1, `+${size}`],
  ] as const)
    ctx.fillText(text, x(s), bottom + 11);
}
