/** What is drawn over the contours beside the dots: flows, the rod with the pair it stands for, the start. */
import { font, type PlaneFrame, strong } from "../../charts/plane";
import type { Theme } from "../../theme";
import { PALING, paintDots } from "./dots";
import { type Other, type Path, rowAt, successive, type Track } from "./tracks";

/** A line need not bend more often than this, in pixels. */
const BEND = 0.7;
const TURN = 2 * Math.PI;

export function isIterates({ style }: Track): boolean {
  return style.process.kind === "iterates";
}

export function paintLine(
  { ctx, x, y }: PlaneFrame,
  color: string,
  width: number,
  dash: number[],
  path: Path,
  to: number,
  from = 0,
) {
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  let [oldX, oldY] = [Number.NaN, Number.NaN];
  for (let row = from; row <= to; row++) {
    const px = x(path.x[row]);
    const py = y(path.y[row]);
    if (row < to && Math.abs(px - oldX) < BEND && Math.abs(py - oldY) < BEND) continue;
    if (Number.isNaN(px + py)) {
      oldX = Number.NaN;
      continue;
    }
    if (Number.isNaN(oldX)) ctx.moveTo(px, py);
    else ctx.lineTo(px, py);
    oldX = px;
    oldY = py;
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

/** A filled dot, ringed with the ground. */
export function paintDot({ ctx }: PlaneFrame, theme: Theme, color: string, px: number, py: number, radius = 3.2): void {
  if (Number.isNaN(px + py)) return;
  for (const [fill, r] of [
    [theme.ground, radius + 1.5],
    [color, radius],
  ] as const) {
    ctx.fillStyle = fill;
    ctx.beginPath();
    ctx.arc(px, py, r, 0, TURN);
    ctx.fill();
  }
}

export interface Rod {
  ends: [number, number][];
  centre: [number, number];
}

/** The rod of a row in the plane; `height` is the loss over the one parameter, where there is only one. */
export function rodAt(track: Path, row: number, height: ((x: number) => number) | null): Rod | null {
  if (row < 0 || !track.rodX) return null;
  const [x, halfX] = [track.x[row], track.rodX[row]];
  if (height) {
    const [low, high] = [height(x - halfX), height(x + halfX)];
    if (Number.isNaN(low + high)) return null;
    return {
      ends: [
        [x - halfX, low],
        [x + halfX, high],
      ],
      centre: [x, (low + high) / 2],
    };
  }
  const [y, halfY] = [track.y[row], track.rodY?.[row] ?? Number.NaN];
  if (Number.isNaN(x + halfX + y + halfY)) return null;
  return {
    ends: [
      [x - halfX, y - halfY],
      [x + halfX, y + halfY],
    ],
    centre: [x, y],
  };
}

/** A segment with open ends and a filled centre. */
export function paintRod(frame: PlaneFrame, theme: Theme, color: string, { ends, centre }: Rod): void {
  const { ctx, x, y } = frame;
  const [a, b] = ends.map(([u, v]) => [x(u), y(v)]);
  ctx.strokeStyle = color;
  ctx.lineWidth = 2.6;
  ctx.beginPath();
  ctx.moveTo(a[0], a[1]);
  ctx.lineTo(b[0], b[1]);
  ctx.stroke();
  for (const [px, py] of [a, b]) {
    ctx.fillStyle = theme.ground;
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.arc(px, py, 4.2, 0, TURN);
    ctx.fill();
    ctx.stroke();
  }
  paintDot(frame, theme, color, x(centre[0]), y(centre[1]), 3);
}

/** Where a process diverged or stopped; at the border where that lies outside the picture. */
export function paintCross({ ctx, left, top, width, height, x, y }: PlaneFrame, theme: Theme, u: number, v: number) {
  const px = Math.min(Math.max(x(u), left + 7), left + width - 7);
  const py = Math.min(Math.max(y(v), top + 7), top + height - 7);
  if (Number.isNaN(px + py)) return;
  ctx.strokeStyle = theme.failed;
  ctx.lineWidth = 2;
  ctx.beginPath();
  for (const side of [-1, 1]) {
    ctx.moveTo(px - 5, py - 5 * side);
    ctx.lineTo(px + 5, py + 5 * side);
  }
  ctx.stroke();
}

/** The two iterates that the rod of this row stands for. */
export function paintPair(frame: PlaneFrame, theme: Theme, path: Path, row: number): void {
  const rows = successive(path, row) ? [row, row + 1] : [row];
  for (const at of rows) paintDot(frame, theme, strong(theme), frame.x(path.x[at]), frame.y(path.y[at]), 2.6);
}

export function paintStart(frame: PlaneFrame, theme: Theme, at: [number, number], text: string): void {
  const { ctx, left, width } = frame;
  const [px, py] = [frame.x(at[0]), frame.y(at[1])];
  ctx.strokeStyle = strong(theme);
  ctx.lineWidth = 1.6;
  ctx.beginPath();
  ctx.arc(px, py, 5, 0, TURN);
  ctx.stroke();
  ctx.font = font(theme);
  ctx.textBaseline = "middle";
  const wide = ctx.measureText(text).width;
  const right = px + 10 + wide < left + width;
  const from = right ? px + 9 : px - 9 - wide;
  ctx.textAlign = "left";
  ctx.strokeStyle = theme.ground;
  ctx.lineWidth = 3;
  ctx.lineJoin = "round";
  ctx.strokeText(text, from, py);
  ctx.fillStyle = theme.ink;
  ctx.fillText(text, from, py);
}

/** Another run since it left its parent, all in its colour: small dots, the line of its rod's centre with a dot at its end. */
export function paintOther(frame: PlaneFrame, theme: Theme, { iterates, rod, color, from }: Other, at: number): void {
  const { ctx } = frame;
  if (iterates) {
    const last = rowAt(iterates, at);
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.55;
    paintDots(frame, iterates, Math.max(rowAt(iterates, from), last - PALING, 0), last + 1, 1.8);
    ctx.globalAlpha = 1;
  }
  const row = rod ? rowAt(rod, at) : -1;
  if (!rod || row < 0 || at < from) return;
  paintLine(frame, color, 1.6, [], rod, row, Math.max(0, rowAt(rod, from)));
  paintDot(frame, theme, color, frame.x(rod.x[row]), frame.y(rod.y[row]));
}

/** A sentence at the top of the plot. */
export function paintNote({ ctx, left, top, width }: PlaneFrame, theme: Theme, text: string): void {
  ctx.font = font(theme);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  const lines = wrap(ctx, text, width - 24);
  const wide = Math.max(...lines.map((line) => ctx.measureText(line).width)) + 16;
  ctx.fillStyle = theme.ground;
  ctx.globalAlpha = 0.86;
  ctx.fillRect(left + (width - wide) / 2, top + 8, wide, 16 * lines.length + 8);
  ctx.globalAlpha = 1;
  ctx.fillStyle = theme.ink;
  lines.forEach((line, i) => {
    ctx.fillText(line, left + width / 2, top + 20 + 16 * i);
  });
}

function wrap(ctx: CanvasRenderingContext2D, text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (ctx.measureText(longer).width > width && lines[lines.length - 1]) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
