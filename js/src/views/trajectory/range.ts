/** What part of the plane is shown: all that ran, but not what diverged far away; it grows by jumps. */
import { linearRange, type Range, union } from "../../ranges";
import { isIterates } from "./paint";
import type { Other, Path, Track } from "./tracks";

/** Of iterates that diverged, what lies within this many typical distances from their middle is shown. */
const FENCE = 4;
/** Values that a typical distance is read from. */
const SAMPLE = 800;
/** A range that what is shown fills less than this is made smaller. */
const FILLED = 0.4;

/** Lowest and highest finite value; null where there is none. */
export function extent(values: ArrayLike<number>, rows: number, within: Range | null = null): Range | null {
  const [low, high] = within ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows; i++) {
    const value = values[i];
    if (!(value >= low && value <= high) || !Number.isFinite(value)) continue;
    if (value < from) from = value;
    if (value > to) to = value;
  }
  return from <= to ? [from, to] : null;
}

/** Around the middle of the values, as far as they usually stray from it, or as the first is away. */
function fence(values: ArrayLike<number>, rows: number): Range | null {
  const stride = Math.max(1, Math.floor(rows / SAMPLE));
  const taken: number[] = [];
  for (let i = 0; i < rows; i += stride) if (Number.isFinite(values[i])) taken.push(values[i]);
  if (!taken.length) return null;
  const first = taken[0];
  const middle = median(taken);
  const reach = FENCE * Math.max(median(taken.map((value) => Math.abs(value - middle))), Math.abs(first - middle));
  return [middle - reach, middle + reach];
}

function median(values: number[]): number {
  return Float64Array.from(values).sort()[values.length >> 1];
}

type Axis = "x" | "y";

/** Extent of all along one axis. Flows and other runs that leave the iterates by more than their extent do not widen it. */
export function extentOf(tracks: Track[], axis: Axis, diverged: boolean, others: Other[] = []): Range | null {
  const iterates = tracks.find(isIterates);
  const own = iterates && extent(iterates[axis], iterates.rows, diverged ? fence(iterates[axis], iterates.rows) : null);
  let all = own ?? null;
  const room = own ? Math.max(own[1] - own[0], 1e-9 * Math.abs(own[1])) : 0;
  const near: Range | null = own ? [own[0] - room, own[1] + room] : null;
  const beside = others.flatMap((other) => (other.iterates ? [other.iterates] : []));
  for (const path of [...tracks, ...beside]) {
    if (path === iterates) continue;
    const found = extent(path[axis], path.rows, near);
    if (found) all = union(all, found);
  }
  return all;
}

/** Rows up to `last` that lie outside. */
export function outside({ x, y }: Path, last: number, rangeX: Range, rangeY: Range): number {
  let count = 0;
  for (let i = 0; i <= last; i++)
    if (!(x[i] >= rangeX[0] && x[i] <= rangeX[1] && y[i] >= rangeY[0] && y[i] <= rangeY[1])) count++;
  return count;
}

/** The range of one axis from draw to draw. */
export class ShownRange {
  private range: Range | null = null;
  private key = "";

  /** The range for what extends over `found`; another `key` begins anew, and one that `grows` never shrinks. */
  update(found: Range, key: string, grows: boolean): Range {
    const fresh = linearRange(...found);
    const old = key === this.key ? this.range : null;
    this.key = key;
    const inside = old && found[0] >= old[0] && found[1] <= old[1];
    if (old && grows) this.range = inside ? old : union(old, fresh);
    else if (!inside || found[1] - found[0] < FILLED * (old[1] - old[0])) this.range = fresh;
    return this.range ?? fresh;
  }
}
