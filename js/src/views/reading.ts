/** What the recording says at one step: the numbers that the read-out and the words are made of. */
import type { Client } from "../client";
import type { Store, Table } from "../store";
import type { ProcessStyle } from "../theme";
import type { ProcessSpec, ProcessStatus, Spec } from "../wire";

/** Eigenvalues that are tracked even where fewer are recorded. */
export const TRACKED = 4;

export interface ProcessReading {
  process: ProcessSpec;
  label: string;
  ratio: number | null;
  distance: number | null;
  rodLength: number | null;
  /** How it diverged or stopped while the run went on. */
  ended: ProcessStatus | null;
}

export interface Reading {
  time: number;
  processes: ProcessReading[];
  iterates: ProcessReading | null;
  /** Number of critical directions among those tracked: as recorded, else counted where several are recorded. */
  critical: number | null;
  /** Whether all that are tracked are critical, so that there may be more. */
  atLeast: boolean;
  /** Change of the ratio per 100 steps. */
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

export function readAt(client: Client, styles: ProcessStyle[], time: number): Reading {
  const { store, spec } = client;
  const processes = styles.map(({ process, label }) => {
    const table = store.table(process.name);
    const at = (column: string) => valueAt(table, column, time);
    return {
      process,
      label,
      ratio: at("sharpness_ratio"),
      distance: at("relative_distance"),
      rodLength: at("rod_length"),
      ended: ownEnd(client, process),
    };
  });
  const iterates = processes.find(({ process }) => process.kind === "iterates") ?? null;
  const table = iterates ? store.table(iterates.process.name) : null;
  const directions = table ? critical(table, time) : null;
  return {
    time,
    processes,
    iterates,
    critical: directions,
    atLeast: directions !== null && isLeast(directions, spec),
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
export function isLeast(directions: number, { eigenvalues, problem }: Spec): boolean {
  return directions >= Math.max(TRACKED, eigenvalues) && directions < problem.dim;
}

function critical(table: Table, time: number): number | null {
  const recorded = valueAt(table, "critical_directions", time);
  if (recorded !== null) return recorded;
  const parts = table.width("eigenvalues");
  const threshold = valueAt(table, "edge_threshold", time);
  if (parts < 2 || threshold === null) return null;
  let number = 0;
  for (let part = 0; part < parts; part++)
    if ((valueAt(table, "eigenvalues", time, part) ?? Number.NEGATIVE_INFINITY) >= 0.975 * threshold) number++;
  return number;
}

/** Per 100 steps, over the last 50 steps with one learning rate. */
function slope(store: Store, table: Table, time: number): number | null {
  const changes = store.events.map((event) => event.step).filter((step) => step <= time);
  const before = Math.max(time - 50, table.time.values[0] ?? 0, ...changes.map((step) => step + 1));
  if (time - before < 5) return null;
  const row = table.time.floor(before + 1e-3);
  const then = row < 0 ? null : (table.column("sharpness_ratio")?.at(row) ?? null);
  const now = valueAt(table, "sharpness_ratio", time);
  if (then === null || now === null) return null;
  return ((now - then) / (time - table.time.values[row])) * 100;
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
