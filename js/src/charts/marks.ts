/** What is drawn below and above the lines of a chart. */
import type { Theme } from "../theme";
import type { Frame } from "./line";

/** The region beyond the edge of stability, and the line at a ratio of 1. */
export function drawEdge(frame: Frame, theme: Theme): void {
  const { ctx, left, top } = frame;
  const y = drawBound(frame, theme, 1);
  if (!(y > top + 16)) return;
  ctx.fillStyle = theme.secondary;
  ctx.font = small(theme);
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  // Lines cross the edge, and seldom the corner above it.
  if (y > top + 40) ctx.fillText("beyond the edge of stability", left + 6, top + 14);
  else ctx.fillText("edge of stability", left + 6, y - 6);
}

/** The region above a value, and its line from `from` on; position of the line, NaN where it lies outside the plot. */
export function drawBound(frame: Frame, theme: Theme, value: number, from = frame.left): number {
  const { ctx, left, top, width, height } = frame;
  const y = Math.round(frame.y(value)) + 0.5;
  const outside = Number.isNaN(y) || y > top + height;
  const until = outside ? top + height : y;
  if (until <= top) return Number.NaN;
  ctx.fillStyle = theme.tint;
  ctx.fillRect(left, top, width, until - top);
  if (outside) return Number.NaN;
  ctx.strokeStyle = theme.ink;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(from, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
  return y;
}

/** A dashed line across the plot at a value, where there is one. */
export function drawLevel({ ctx, left, top, width, height, y }: Frame, theme: Theme, value: number | null): void {
  const at = value === null ? Number.NaN : Math.round(y(value)) + 0.5;
  if (!(at >= top && at <= top + height)) return;
  ctx.strokeStyle = theme.secondary;
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 3]);
  ctx.beginPath();
  ctx.moveTo(left, at);
  ctx.lineTo(left + width, at);
  ctx.stroke();
  ctx.setLineDash([]);
}

export interface Mark {
  time: number;
  /** Shown beside the flag in the first panel. */
  label: string;
}

/** Dotted lines at the events. */
export function drawEventLines(frame: Frame, theme: Theme, marks: Mark[]): void {
  const { ctx, left, top, width, height } = frame;
  ctx.strokeStyle = theme.ink;
  ctx.lineWidth = 1;
  ctx.setLineDash([1.5, 2.5]);
  ctx.beginPath();
  let before = Number.NaN;
  for (const { time } of marks) {
    const x = Math.round(frame.x(time)) + 0.5;
    if (x === before || x < left || x > left + width) continue;
    before = x;
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

/** Flags with labels, flipped to the left near the border; a label that would run into the next flag is left out. */
export function drawFlags(frame: Frame, theme: Theme, marks: Mark[]): void {
  const { ctx, left, top, width } = frame;
  ctx.font = small(theme);
  ctx.textBaseline = "middle";
  let occupied = left - 100;
  marks.forEach(({ time, label }, i) => {
    const x = Math.round(frame.x(time)) + 0.5;
    if (x < left || x > left + width) return;
    ctx.fillStyle = theme.ink;
    ctx.beginPath();
    ctx.moveTo(x - 3.5, top + 1);
    ctx.lineTo(x + 3.5, top + 1);
    ctx.lineTo(x + 3.5, top + 9);
    ctx.lineTo(x, top + 13);
    ctx.lineTo(x - 3.5, top + 9);
    ctx.fill();
    const wide = ctx.measureText(label).width + 10;
    const next = i + 1 < marks.length ? frame.x(marks[i + 1].time) - 5 : left + width + 10;
    const right = x + wide <= next;
    if (!right && x - wide < occupied) {
      occupied = x + 5;
      return;
    }
    const start = right ? x + 9 : x - wide + 1;
    ctx.fillStyle = theme.ground;
    ctx.globalAlpha = 0.8;
    ctx.fillRect(start - 2, top + 1, wide - 6, 12);
    ctx.globalAlpha = 1;
    ctx.fillStyle = theme.ink;
    ctx.textAlign = "left";
    ctx.fillText(label, start, top + 7);
    occupied = right ? x + wide : x + 5;
  });
}

/** A cross where a process diverged or stopped. */
export function drawCross(frame: Frame, theme: Theme, time: number, value: number): void {
  const { ctx, top, height } = frame;
  const x = frame.x(time);
  const y = Math.min(Math.max(frame.y(value), top + 6), top + height - 6);
  if (!Number.isFinite(x) || !Number.isFinite(y)) return;
  ctx.strokeStyle = theme.failed;
  ctx.lineWidth = 2;
  ctx.beginPath();
  for (const side of [-1, 1]) {
    ctx.moveTo(x - 5, y - 5 * side);
    ctx.lineTo(x + 5, y + 5 * side);
  }
  ctx.stroke();
}

/** A sentence in the middle of an empty plot. */
export function drawNote(frame: Frame, theme: Theme, text: string): void {
  const { ctx, left, top, width, height } = frame;
  ctx.fillStyle = theme.ink;
  ctx.font = `${theme.size}px ${theme.family}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, left + width / 2, top + height / 4);
}

/** Text on ground of its own, so that lines below do not cross it; font and alignment are those of the context. */
export function lettering({ ctx }: Frame, theme: Theme, text: string, x: number, y: number, color: string): void {
  ctx.fillStyle = theme.ground;
  ctx.globalAlpha = 0.8;
  const size = theme.size * 0.85;
  ctx.fillRect(x - 2, y - size + 1, ctx.measureText(text).width + 4, size + 2);
  ctx.globalAlpha = 1;
  ctx.fillStyle = color;
  ctx.fillText(text, x, y);
}

export function small(theme: Theme): string {
  return `${Math.round(theme.size * 0.85)}px ${theme.family}`;
}
