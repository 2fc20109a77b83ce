/** The edge threshold over time: its stairs, the region above them, and what they say. */
import type { Envelope } from "../envelope";
import type { Theme } from "../theme";
import type { Frame } from "./line";
import { lettering, small } from "./marks";

export interface Stair {
  from: number;
  to: number;
  value: number;
}

/** Changes below this share of the value are drift, not another stair. */
const SAME = 0.004;

/** The stretches over which a series holds still; each reaches to the start of the next. */
export function stairs(envelope: Envelope | null): Stair[] {
  const found: Stair[] = [];
  for (let i = 0; envelope && i < envelope.count; i++) {
    const value = envelope.last[i];
    if (!Number.isFinite(value)) continue;
    const current = found.at(-1);
    if (current) current.to = envelope.start[i];
    if (!current || Math.abs(value - current.value) > SAME * Math.abs(current.value))
      found.push({ from: envelope.start[i], to: envelope.end[i], value });
    else current.to = envelope.end[i];
  }
  return found;
}

/** The region beyond the edge, up to the newest row. */
export function drawBeyond(frame: Frame, theme: Theme, steps: Stair[]): void {
  if (!steps.length) return;
  const { ctx, left, top, width, height, y } = frame;
  const x = (time: number) => Math.min(Math.max(frame.x(time), left), left + width);
  const inside = (value: number) => Math.min(Math.max(y(value), top), top + height);
  ctx.fillStyle = theme.tint;
  ctx.beginPath();
  ctx.moveTo(x(steps[0].from), top);
  for (const { from, to, value } of steps) {
    ctx.lineTo(x(from), inside(value));
    ctx.lineTo(x(to), inside(value));
  }
  ctx.lineTo(x(steps[steps.length - 1].to), top);
  ctx.fill();
}

/** A label on every stair that has room for it; a stair above the axis says so with an arrow. */
export function drawStairLabels(frame: Frame, theme: Theme, steps: Stair[], label: (stair: Stair) => string): void {
  const { ctx, left, top, width, height } = frame;
  ctx.font = small(theme);
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left";
  let said = "";
  for (const stair of steps) {
    const from = Math.max(frame.x(stair.from), left);
    const to = Math.min(frame.x(stair.to), left + width);
    const y = frame.y(stair.value);
    const beyond = y < top;
    const text = `${said ? "" : "edge "}${label(stair)}`;
    const words = `${said ? text : text.replace(" at ", " at learning rate ")}${beyond ? " ↑" : ""}`;
    const fits = [words, `${text}${beyond ? " ↑" : ""}`].find((t) => ctx.measureText(t).width + 16 <= to - from);
    if (!fits || label(stair) === said || y > top + height) continue;
    const room = ctx.measureText(fits).width;
    const above = y - top >= 18;
    lettering(
      frame,
      theme,
      fits,
      said ? to - room - 8 : from + 8,
      beyond ? top + 13 : above ? y - 6 : y + 14,
      theme.ink,
    );
    said = label(stair);
  }
}

/** Where the edge goes on from the newest row, with the hyperparameters as they are set. */
export function drawNext(frame: Frame, theme: Theme, from: number, value: number | null): void {
  const { ctx, left, top, width, height } = frame;
  const y = value === null ? Number.NaN : Math.round(frame.y(value)) + 0.5;
  if (!(y >= top && y <= top + height && frame.x(from) < left + width)) return;
  ctx.strokeStyle = theme.secondary;
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 3]);
  ctx.beginPath();
  ctx.moveTo(Math.max(frame.x(from), left), y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** A triangle on the lower border at a time. */
export function drawPointer({ ctx, left, top, width, height, x }: Frame, theme: Theme, time: number): void {
  const at = x(time);
  if (at < left || at > left + width) return;
  const y = top + height;
  ctx.fillStyle = theme.ink;
  ctx.beginPath();
  ctx.moveTo(at - 4.5, y);
  ctx.lineTo(at + 4.5, y);
  ctx.lineTo(at, y - 8);
  ctx.fill();
}
