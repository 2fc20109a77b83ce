/** What the recording says of the spectrum of one process at one step. */
import type { Context } from "../../context";
import type { Table } from "../../store";
import type { ProcessStyle } from "../../theme";
import type { Spec } from "../../wire";
import { isLeast, TRACKED, valueAt } from "../reading";
import { CRITICAL } from "./density";

export interface SpectrumReading {
  step: number;
  /** Label of the process where it is a flow; "" for the iterates. */
  flow: string;
  /** The largest eigenvalues, in descending order. */
  values: number[];
  threshold: number | null;
  /** Learning rate in use. */
  rate: number | null;
  /** Number of directions at the edge or beyond it. */
  critical: number | null;
  /** Whether all that are tracked are, so that there may be more. */
  atLeast: boolean;
}

/** The processes whose eigenvalues are recorded. */
export function withSpectrum(styles: ProcessStyle[]): ProcessStyle[] {
  return styles.filter(({ process }) => process.columns.some(({ name }) => name === "eigenvalues"));
}

/** How many eigenvalues a row of a process holds. */
export function recorded({ process }: ProcessStyle): number {
  return process.columns.find(({ name }) => name === "eigenvalues")?.width ?? 0;
}

export function readSpectrum(context: Context, style: ProcessStyle, step: number): SpectrumReading {
  const { client } = context;
  const table = client.store.table(style.process.name);
  const values: number[] = [];
  for (let part = 0; part < recorded(style); part++) {
    const value = valueAt(table, "eigenvalues", step, part);
    if (value !== null) values.push(value);
  }
  const threshold = valueAt(table, "edge_threshold", step);
  const critical = valueAt(table, "critical_directions", step) ?? counted(values, threshold);
  return {
    step,
    flow: style.process.kind === "iterates" ? "" : style.label,
    values,
    threshold,
    rate: rateAt(context, step),
    critical,
    atLeast: critical !== null && isLeast(critical, client.spec),
  };
}

function counted(values: number[], threshold: number | null): number | null {
  if (values.length < 2 || threshold === null) return null;
  return values.filter((value) => value >= CRITICAL * threshold).length;
}

/** How many eigenvalues the number at the edge is counted among. */
export function tracked({ eigenvalues, problem }: Spec): number {
  return Math.min(Math.max(TRACKED, eigenvalues), problem.dim);
}

/** Learning rate in use at a time: as recorded, or by an event since then; rows may be far apart. */
export function rateAt({ client, styles }: Context, time: number): number | null {
  const { spec, store } = client;
  const iterates = styles.find(({ process }) => process.kind === "iterates");
  const table: Table | null = iterates ? store.table(iterates.process.name) : null;
  const row = table ? table.time.floor(time + 1e-3) : -1;
  const own = table?.column("learning_rate")?.at(row) ?? null;
  const event = store.events.findLast(({ name, step }) => name === "learning_rate" && step <= time + 1e-3);
  if (own !== null && !(table && event && event.step > table.time.values[row] + 1e-3)) return own;
  return event?.new ?? spec.optimizer.values.learning_rate ?? null;
}
