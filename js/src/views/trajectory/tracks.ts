/** Where each process was: from the recording where there are at most two parameters, else from a survey. */
import type { Client } from "../../client";
import type { Context } from "../../context";
import { drawingOrder, type Kind, type ProcessStyle } from "../../theme";
import type { Survey } from "../../wire";
import { branchColour } from "../others";

export interface Path {
  rows: number;
  /** Ascending; may be longer than `rows`, as the others. */
  time: ArrayLike<number>;
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  /** Half of the rod as a vector; null for what has none. */
  rodX: ArrayLike<number> | null;
  rodY: ArrayLike<number> | null;
}

export interface Track extends Path {
  style: ProcessStyle;
}

/** Another run, in one colour. */
export interface Other {
  color: string;
  /** Step at which it left its parent. */
  from: number;
  iterates: Path | null;
  rod: Path | null;
}

/** Index of the last row at or before `time`; -1 where there is none. */
export function rowAt({ time, rows }: Path, at: number): number {
  let low = 0;
  let high = rows;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time[middle] <= at + 1e-3) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Whether `row` and the next one are successive iterates, with none left out by thinning. */
export function successive({ time, rows }: Path, row: number): boolean {
  return row + 1 < rows && time[row + 1] - time[row] < 1.001;
}

/** Of the recording; with one parameter, the second coordinate is the loss. */
function recordedPath({ store, spec }: Client, name: string): Path | null {
  const table = store.table(name);
  const x = table?.column("coordinates", 0);
  const y = spec.problem.coordinates.length > 1 ? table?.column("coordinates", 1) : table?.column("loss");
  if (!table || !x || !y) return null;
  return {
    rows: Math.min(table.rows, x.length, y.length),
    time: table.time.values,
    x: x.values,
    y: y.values,
    rodX: table.column("rod", 0)?.values ?? null,
    rodY: table.column("rod", 1)?.values ?? null,
  };
}

/** Of the recording, in the order of drawing. */
export function recorded({ client, styles, view }: Context): Track[] {
  return drawingOrder(styles).flatMap((style) => {
    const path = view.hidden.has(style.process.name) ? null : recordedPath(client, style.process.name);
    return path ? [{ ...path, style }] : [];
  });
}

/** Iterates and rod flow of the branches beside the one that is looked at. */
export function otherRuns({ runs, theme, view }: Context): Other[] {
  return runs.others.map((client) => {
    const path = (kind: Kind) => {
      const name = client.spec.processes.find((process) => process.kind === kind)?.name;
      return name !== undefined && !view.hidden.has(name) ? recordedPath(client, name) : null;
    };
    const from = client.branch.step ?? 0;
    return { color: branchColour(client, theme), from, iterates: path("iterates"), rod: path("rod") };
  });
}

/** What a survey of a plane says. */
export interface Plane {
  id: string;
  step: number;
  first: number;
  last: number;
  /** Share of the iterates' movement inside the plane. */
  inside: number | null;
  /** Share of their oscillation along y. */
  along: number | null;
  xName: string;
  yName: string;
  paths: Map<string, Path>;
}

/** `id`: under which the kernel keeps the plane. */
export function readPlane(id: string, { step, facts, words, arrays }: Survey): Plane {
  const paths = new Map<string, Path>();
  for (const [key, { values: time }] of arrays) {
    if (!key.endsWith("/time")) continue;
    const name = key.slice(0, -"/time".length);
    const part = (suffix: string, offset: number) => {
      const pairs = arrays.get(`${name}/${suffix}`)?.values;
      return pairs ? Float32Array.from({ length: time.length }, (_, row) => pairs[2 * row + offset]) : null;
    };
    const [x, y] = [part("coordinates", 0), part("coordinates", 1)];
    if (x && y) paths.set(name, { rows: time.length, time, x, y, rodX: part("rod", 0), rodY: part("rod", 1) });
  }
  return {
    id,
    step: facts.step ?? step,
    first: facts.first ?? step,
    last: facts.last ?? step,
    inside: facts.inside ?? null,
    along: facts.along ?? null,
    xName: words.x ?? "",
    yName: words.y ?? "",
    paths,
  };
}

export function projected({ styles, view }: Context, plane: Plane): Track[] {
  return drawingOrder(styles).flatMap((style) => {
    const path = plane.paths.get(style.process.name);
    return path && !view.hidden.has(style.process.name) ? [{ ...path, style }] : [];
  });
}
