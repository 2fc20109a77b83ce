/** What is shown at one moment, and how it is painted. */
import { type Grid, sample } from "../../charts/grid";
import type { PlaneFrame } from "../../charts/plane";
import { type Range, union } from "../../ranges";
import type { Theme } from "../../theme";
import type { Along } from "./along";
import { type IteratesPainter, paintFuture, type Trail } from "./dots";
import {
  isIterates,
  paintCross,
  paintDot,
  paintLine,
  paintNote,
  paintOther,
  paintPair,
  paintRod,
  paintStart,
  rodAt,
} from "./paint";
import { extent, extentOf, ShownRange } from "./range";
import type { Field } from "./requests";
import { type Other, type Path, type Plane, rowAt, successive, type Track } from "./tracks";
import type { Mode } from "./words";

export interface Scene {
  mode: Mode;
  /** Branch and run. */
  run: string;
  /** In the order of drawing. */
  tracks: Track[];
  others: Other[];
  trail: Trail;
  /** Names of the processes that have ended by themselves before the step that is drawn. */
  ended: Set<string>;
  /** Step of the read-out; null before the first row. */
  at: number | null;
  /** Step that is drawn: that of the read-out, or the nearest that the plane has. */
  shown: number;
  x: Range;
  y: Range;
  names: [string, string] | string[];
  plane: Plane | null;
  field: Field | null;
  /** Loss over the one parameter, where there is only one. */
  height: ((x: number) => number) | null;
  start: [number, number] | null;
  startText: string;
  note: string;
}

export function paintScene(frame: PlaneFrame, theme: Theme, scene: Scene, painter: IteratesPainter): void {
  const { tracks, field, shown, trail, height, mode } = scene;
  const contours = field?.contours;
  if (contours) frame.layer("contours", String(field.serial), 1, (layer) => contours.draw(layer, theme));
  if (height && field) paintCurve(frame, theme, field.grid);
  const iterates = tracks.find(isIterates);
  const last = iterates ? rowAt(iterates, shown + 1) : -1;
  if (iterates) {
    if (mode === "network") paintFuture(frame, theme, iterates, last + 1);
    painter.paint(frame, theme, iterates, last, trail, `${scene.run} ${scene.plane?.id ?? ""}`);
  }
  for (const other of scene.others) paintOther(frame, theme, other, shown);
  const flows = tracks.filter((track) => track !== iterates);
  if (trail !== 0 && mode !== "line")
    for (const track of flows) {
      const { width, dash, color } = track.style;
      paintLine(frame, color(theme), width, dash, track, rowAt(track, shown));
    }
  if (scene.start) paintStart(frame, theme, scene.start, scene.startText);
  for (const track of flows) {
    const row = rowAt(track, shown);
    if (row >= 0 && scene.ended.has(track.style.process.name)) {
      paintCross(frame, theme, track.x[row], track.y[row]);
      continue;
    }
    const rod = track.style.process.kind === "rod" ? rodAt(track, row, height) : null;
    const color = track.style.color(theme);
    if (rod) paintRod(frame, theme, color, rod);
    else if (row >= 0) paintDot(frame, theme, color, frame.x(track.x[row]), frame.y(track.y[row]));
  }
  if (iterates && scene.ended.has(iterates.style.process.name))
    paintCross(frame, theme, iterates.x[last], iterates.y[last]);
  else if (iterates && shown >= 0) paintPair(frame, theme, iterates, rowAt(iterates, shown));
  if (scene.note) paintNote(frame, theme, scene.note);
}

function paintCurve({ ctx, x, y }: PlaneFrame, theme: Theme, { nx, x: [from, to], values }: Grid): void {
  ctx.strokeStyle = theme.band;
  ctx.lineWidth = 2;
  ctx.beginPath();
  for (let i = 0; i < nx; i++) {
    const px = x(from + (i / (nx - 1)) * (to - from));
    if (i) ctx.lineTo(px, y(values[i]));
    else ctx.moveTo(px, y(values[i]));
  }
  ctx.stroke();
}

/** A rod that is a small part of a cell of the grid, from which the loss is read: it would show the grid, not the loss. */
function tooShort(half: number, { x, y, height }: Scene): boolean {
  const size = height ? x[1] - x[0] : Math.hypot(x[1] - x[0], y[1] - y[0]);
  return half < 1e-6 * size;
}

/** The loss along the rod of rod flow; null where it has none or the loss is not known there. */
export function alongRod(scene: Scene, theme: Theme): Along | null {
  const { tracks, field, shown, height, ended } = scene;
  const track = tracks.find(({ style, rodX }) => style.process.kind === "rod" && rodX);
  const row = track ? rowAt(track, shown) : -1;
  if (!track?.rodX || !field || row < 0 || ended.has(track.style.process.name)) return null;
  const [x, y] = [track.x[row], height ? 0 : track.y[row]];
  const [halfX, halfY] = [track.rodX[row], height ? 0 : (track.rodY?.[row] ?? 0)];
  const half = Math.hypot(halfX, halfY);
  if (!(half > 0) || tooShort(half, scene)) return null;
  const lossAt = (u: number, v: number) => (height ? height(u) : sample(field.grid, u, v));
  const loss = (s: number) => lossAt(x + s * halfX, y + s * halfY);
  if (!Number.isFinite(loss(0))) return null;
  const iterates = tracks.find(isIterates);
  const first = iterates ? rowAt(iterates, shown) : -1;
  const rows = !iterates || first < 0 ? [] : successive(iterates, first) ? [first, first + 1] : [first];
  const pair = rows.map((at): [number, number] => {
    const [u, v] = [iterates?.x[at] ?? 0, height ? 0 : (iterates?.y[at] ?? 0)];
    return [((u - x) * halfX + (v - y) * halfY) / half ** 2, lossAt(u, v)];
  });
  return { half, loss, pair, color: track.style.color(theme) };
}

/** Time of the row that is drawn nearest to a position, within `near` pixels. */
export function nearest(
  path: Path,
  place: (x: number, y: number) => [number, number],
  px: number,
  py: number,
  near: number,
): number | null {
  let best = near;
  let time: number | null = null;
  for (let row = 0; row < path.rows; row++) {
    const [x, y] = place(path.x[row], path.y[row]);
    const distance = Math.hypot(x - px, y - py);
    if (distance > best) continue;
    best = distance;
    time = path.time[row];
  }
  return time;
}

interface Moment {
  running: boolean;
  diverged: boolean;
  run: string;
  /** Id of the plane of a network. */
  plane: string;
}

/** Rows from which on the range follows the run alone, and not where it began. */
const SETTLED = 20;
/** Room around a starting point from which nothing has run, beside its size. */
const ROOM = 0.5;

/** The ranges of both axes. */
export class Ranges {
  private readonly x = new ShownRange();
  private readonly y = new ShownRange();

  across(mode: Mode, tracks: Track[], others: Other[], start: number[], moment: Moment): Range {
    return this.x.update(found(tracks, others, "x", start[0], moment), ...rule(mode, tracks, moment));
  }

  up(
    mode: Mode,
    tracks: Track[],
    others: Other[],
    start: number[],
    grid: Grid | null,
    x: Range,
    moment: Moment,
  ): Range {
    const seen = mode === "line" ? heights(tracks, grid, x) : found(tracks, others, "y", start[1], moment);
    return this.y.update(seen, ...rule(mode, tracks, moment));
  }
}

function rule(mode: Mode, tracks: Track[], { running, run, diverged, plane }: Moment): [string, boolean] {
  // Planes that follow a run share a range, so that it does not jump with each of them.
  if (mode === "network") return [running ? run : plane, false];
  return [`${run} ${settled(tracks)} ${diverged}`, running && settled(tracks)];
}

function settled(tracks: Track[]): boolean {
  return tracks.some((track) => track.rows >= SETTLED);
}

function found(
  tracks: Track[],
  others: Other[],
  axis: "x" | "y",
  start: number | undefined,
  { diverged }: Moment,
): Range {
  const seen = extentOf(tracks, axis, diverged, others);
  if (start === undefined) return seen ?? [-1, 1];
  const room = ROOM * Math.max(1, Math.abs(start));
  const around: Range = settled(tracks) ? [start, start] : [start - room, start + room];
  return union(seen, around);
}

/** The curve, as far as the iterates climb; all of it while there are none. */
function heights(tracks: Track[], grid: Grid | null, x: Range): Range {
  const curve = grid ? extent(grid.values, grid.values.length) : null;
  const iterates = tracks.find(isIterates);
  const seen = iterates && extentOf(tracks.filter(isIterates), "y", true);
  if (!seen) return curve ?? x;
  const low = Math.min(seen[0], curve?.[0] ?? seen[0]);
  const high = Math.max(seen[1], Math.min(curve?.[1] ?? seen[1], low + 2 * (seen[1] - low)));
  // A centre at the lowest point is a dot of some size.
  return [low - 0.04 * (high - low), high];
}
