/** What the recording says at one step: the numbers that the read-out and the words are made of. */
import type { Client } from "../client";
import type { Store, Table } from "../store";
import type { ProcessStyle } from "../theme";
import type { ProcessSpec, ProcessStatus } from "../wire";

export interface ProcessReading {
  process: ProcessSpec;
  label: string;
  ratio: number | null;
  distance: number | null;
  rodLength: number | null;
  masked: boolean;
  diverged: ProcessStatus | null;
}

export interface Reading {
  time: number;
  processes: ProcessReading[];
  iterates: ProcessReading | null;
  /** Number of critical directions, where more than one eigenvalue is tracked. */
  critical: number | null;
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
  const { store, status } = client;
  const processes = styles.map(({ process, label }) => {
    const table = store.table(process.name);
    const at = (column: string) => valueAt(table, column, time);
    const stand = status.processes[process.name];
    return {
      process,
      label,
      ratio: at("sharpness_ratio"),
      distance: at("relative_distance"),
      rodLength: at("rod_length"),
      masked: (at("masked") ?? 0) > 0.5,
      diverged: stand?.state === "diverged" ? stand : null,
    };
  });
  const iterates = processes.find(({ process }) => process.kind === "iterates") ?? null;
  const table = iterates ? store.table(iterates.process.name) : null;
  return {
    time,
    processes,
    iterates,
    critical: table ? critical(table, time) : null,
    slope: table ? slope(store, table, time) : null,
    growing: table ? growing(table, time) : null,
    alternating: table ? quotient(valueAt(table, "oscillation", time), iterates?.rodLength ?? null) : null,
  };
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
