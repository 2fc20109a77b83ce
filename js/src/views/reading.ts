/** What the recording says at one step: the numbers that the read-out and the words are made of. */
import type { Client } from "../client";
import type { Store, Table } from "../store";
import type { ProcessStyle } from "../theme";
import type { ProcessSpec, ProcessStatus, Spec } from "../wire";
import { ENTER, type Stay, stayAt } from "./edge";

/** Eigenvalues that are tracked even where fewer are recorded. */
export const TRACKED = 4;

export interface ProcessReading {
  process: ProcessSpec;
  label: string;
  ratio: number | null;
  distance: number | null;
  rodLength: number | null;
  /** First recorded step, where it is still to come. */
  begins: number | null;
  /** How it diverged or stopped while the run went on, where that has happened by then. */
  ended: ProcessStatus | null;
}

/** Eigenvalues at the edge among those looked at. */
export interface Critical {
  count: number;
  /** How many are looked at. */
  of: number;
  /** Whether the Hessian has more than are looked at. */
  more: boolean;
}

export interface Reading {
  time: number;
  processes: ProcessReading[];
  iterates: ProcessReading | null;
  critical: Critical | null;
  /** The stay at the edge that this step lies in, or the last one before it. */
  stay: Stay | null;
  /** Change of the ratio per 100 steps, where it has been steady for a while. */
  slope: number | null;
  /** Whether the alternating part of the iterates is larger than ten steps before. */
  growing: boolean | null;
  /** Share of the half step of the iterates that alternates. */
  alternating: number | null;
}

/** The value recorded at `time`, or at the row that stands for it in a thinned series. */
export function valueAt(table: Table | null, column: string, time: number, part = 0): number | null {
  if (!table?.rows) return null;
  const row = table.time.floor(time + 1e-3);
  const values = table.column(column, part);
  if (row < 0 || !values) return null;
  const room = table.next > table.rows && row + 1 < table.rows ? table.time.values[row + 1] : 0;
  if (time - table.time.values[row] > 1e-3 && !(room > time)) return null;
  return values.at(row);
}

export function firstColumn(process: ProcessSpec, names: string[]): string | null {
  return names.find((name) => process.columns.some((column) => column.name === name)) ?? null;
}

/** Table that the time axis follows: the iterates, else the first process. */
export function mainTable(store: Store, styles: ProcessStyle[]): Table | null {
  return styles.length ? store.table(styles[0].process.name) : null;
}

/**
 * Table of the times that a cursor can be at from the end of the iterates on, where flows outlive them; else null.
 */
export function survivor(client: Client, styles: ProcessStyle[]): Table | null {
  const main = mainTable(client.store, styles);
  if (!main?.rows || !ownEnd(client, styles[0].process)) return null;
  const tables = styles.map(({ process }) => client.store.table(process.name));
  const last = (table: Table | null) => (table?.rows ? table.time.last : Number.NEGATIVE_INFINITY);
  const furthest = tables.reduce((best, table) => (last(table) > last(best) ? table : best), main);
  return furthest === main ? null : furthest;
}

export function readAt(client: Client, styles: ProcessStyle[], time: number): Reading {
  const { store, spec } = client;
  const processes = styles.map(({ process, label }): ProcessReading => {
    const table = store.table(process.name);
    const at = (column: string) => valueAt(table, column, time);
    const end = ownEnd(client, process);
    const first = table?.rows ? table.time.values[0] : time;
    return {
      process,
      label,
      ratio: at("sharpness_ratio"),
      distance: at("relative_distance"),
      rodLength: at("rod_length"),
      begins: first > time + 1e-3 ? first : null,
      ended: end && time >= end.step - 1 ? end : null,
    };
  });
  const iterates = processes.find(({ process }) => process.kind === "iterates") ?? null;
  const table = iterates ? store.table(iterates.process.name) : null;
  return {
    time,
    processes,
    iterates,
    critical: table ? critical(table, time, spec) : null,
    stay: table ? stayAt(store, table, time) : null,
    slope: table ? slope(store, table, time) : null,
    growing: table ? growing(table, time) : null,
    alternating: table ? quotient(valueAt(table, "oscillation", time), iterates?.rodLength ?? null) : null,
  };
}

/** How a process ended by itself, or null: one that was still going when the run ended carries the run's status. */
export function ownEnd({ spec, status }: Client, process: ProcessSpec): ProcessStatus | null {
  const stand = status.processes[process.name];
  if (stand?.state !== "stopped" && stand?.state !== "diverged") return null;
  if (stand.state !== status.state || stand.sentence !== status.sentence) return stand;
  // A run diverges with its iterates, or, where it has none, with all of its flows.
  const leads = process.kind === "iterates" || spec.processes.every(({ kind }) => kind !== "iterates");
  return stand.state === "diverged" && leads ? stand : null;
}

/** Whether a number of critical directions is all that is tracked, and so perhaps not all that there are. */
export function isLeast(directions: number, spec: Spec): boolean {
  const of = tracked(spec);
  return directions >= of && of < spec.problem.dim;
}

function tracked({ eigenvalues, problem }: Spec): number {
  return Math.min(problem.dim, Math.max(TRACKED, eigenvalues));
}

/** As recorded, else counted where several eigenvalues are recorded. */
function critical(table: Table, time: number, spec: Spec): Critical | null {
  const { dim } = spec.problem;
  const recorded = valueAt(table, "critical_directions", time);
  if (recorded !== null) return { count: recorded, of: tracked(spec), more: tracked(spec) < dim };
  const parts = table.width("eigenvalues");
  const threshold = valueAt(table, "edge_threshold", time);
  if (parts < 2 || threshold === null) return null;
  let count = 0;
  for (let part = 0; part < parts; part++)
    if ((valueAt(table, "eigenvalues", time, part) ?? Number.NEGATIVE_INFINITY) >= ENTER * threshold) count++;
  return { count, of: parts, more: parts < dim };
}

/** Steps that the slope looks back, or rows where they are far apart; the fewest steps and rows that it needs. */
const WINDOW = 50;
const ROWS = 10;
const LEAST = 10;
const POINTS = 5;

/**
 * Per 100 steps: the line of least squares through the last 50 steps with the same hyperparameters, or through their last
 * ten rows where those reach further back, where it fits.
 *
 * It fits where the rows are off it by at most 0.03 of its rise, root mean square. A slope that itself changes evenly from
 * two thirds to four thirds of its mean is off by 0.025.
 */
function slope(store: Store, table: Table, time: number): number | null {
  const changes = store.events.map((event) => event.step).filter((step) => step <= time);
  const start = Math.max(0, ...changes.map((step) => step + 1));
  const last = table.time.floor(time + 1e-3);
  const ratio = table.column("sharpness_ratio");
  if (!ratio || valueAt(table, "sharpness_ratio", time) === null) return null;
  const points: [number, number][] = [];
  for (let row = last; row >= 0 && table.time.values[row] >= start - 1e-3; row--) {
    if (table.time.values[row] < time - WINDOW - 1e-3 && points.length >= ROWS) break;
    const value = ratio.at(row);
    if (value !== null) points.push([table.time.values[row] - time, value]);
  }
  const span = points.length < POINTS ? 0 : points[0][0] - points[points.length - 1][0];
  if (span < LEAST) return null;
  const mean = (part: 0 | 1) => points.reduce((sum, point) => sum + point[part], 0) / points.length;
  const [t0, r0] = [mean(0), mean(1)];
  const sum = (of: (t: number, r: number) => number) => points.reduce((total, [t, r]) => total + of(t - t0, r - r0), 0);
  const rate = sum((t, r) => t * r) / sum((t) => t * t);
  const off = Math.sqrt(sum((t, r) => (r - rate * t) ** 2) / points.length);
  return off <= Math.max(0.03 * Math.abs(rate * span), 0.0005) ? 100 * rate : null;
}

function growing(table: Table, time: number): boolean | null {
  const row = table.time.floor(time - 10 + 1e-3);
  const then = row < 0 ? null : (table.column("oscillation")?.at(row) ?? null);
  const now = valueAt(table, "oscillation", time);
  return then === null || now === null ? null : now > then;
}

function quotient(a: number | null, b: number | null): number | null {
  return a === null || b === null || b === 0 ? null : a / b;
}
