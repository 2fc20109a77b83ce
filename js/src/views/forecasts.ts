/** The forecasts of a run beside what then happened. */
import type { Client } from "../client";
import type { Context } from "../context";
import type { Table } from "../store";
import type { ProcessSpec } from "../wire";
import { panels } from "./panels";
import { firstColumn } from "./reading";

/** What was forecast, and what was measured at the same step. */
export interface Pair {
  forecast: number;
  happened: number;
}

export interface Forecast {
  name: string;
  /** Step that it was made at, and the last one that it reaches; null before its first row. */
  from: number;
  until: number | null;
  /** Newest step of the training that it is a forecast of. */
  training: number | null;
  /** The last step after the first that both hold. */
  step: number | null;
  loss: Pair | null;
  sharpness: Pair | null;
  /** The first change of a hyperparameter since it was made, up to that step. */
  change: { name: string; step: number } | null;
}

/**
 * The forecasts that are shown: of the run that is looked at, or the one that is itself looked at.
 *
 * @param cursor: no later step is compared; null compares the last.
 */
export function readForecasts({ runs }: Context, cursor: number | null): Forecast[] {
  const { selected } = runs;
  const shown = selected.branch.kind === "forecast" ? [selected] : runs.others;
  return shown.flatMap((client) => {
    const { kind, parent } = client.branch;
    const trained = runs.all.find(({ branch }) => branch.id === parent);
    if (kind !== "forecast" || !trained || (selected !== client && selected !== trained)) return [];
    return [compare(client, trained, cursor ?? Number.POSITIVE_INFINITY)];
  });
}

function compare(client: Client, trained: Client, latest: number): Forecast {
  const from = client.branch.step ?? 0;
  const ahead = leading(client);
  const behind = iterates(trained);
  const own = ahead && client.store.table(ahead.name);
  const happened = behind && trained.store.table(behind.name);
  const bare: Forecast = {
    ...{ name: client.branch.name, from, step: null, loss: null, sharpness: null, change: null },
    until: own?.rows ? own.time.last : null,
    training: happened?.rows ? happened.time.last : null,
  };
  if (!ahead || !behind || !own?.rows || !happened?.rows) return bare;
  const find = (panel: "loss" | "eigenvalues") => {
    const [said, was] = [ahead, behind].map((process) => columnOf(process, panel));
    return said && was ? { said, was } : null;
  };
  const [loss, sharpness] = [find("loss"), find("eigenvalues")];
  const step = common(own, happened, [loss, sharpness], from, Math.min(latest, own.time.last));
  if (step === null) return bare;
  const pair = (columns: Columns | null): Pair | null => {
    const forecast = columns && own.value(columns.said, step);
    const measured = columns && happened.value(columns.was, step);
    return forecast === null || measured === null ? null : { forecast, happened: measured };
  };
  const event = trained.store.events.find((one) => one.step > from && one.step <= step);
  const label = trained.spec.optimizer.parameters.find(({ name }) => name === event?.name)?.label;
  const change = event ? { name: label ?? event.name.replaceAll("_", " "), step: event.step } : null;
  return { ...bare, step, loss: pair(loss), sharpness: pair(sharpness), change };
}

interface Columns {
  said: string;
  was: string;
}

/** The last step beyond `from` at which both hold all that is compared, else the loss alone. */
function common(own: Table, happened: Table, all: (Columns | null)[], from: number, until: number): number | null {
  const asked = all.filter((columns) => columns !== null);
  for (let wanted = asked; wanted.length; wanted = wanted.slice(0, -1))
    for (let row = happened.time.floor(until + 1e-3); row >= 0; row--) {
      const time = happened.time.values[row];
      if (time <= from + 1e-3) break;
      const held = ({ said, was }: Columns) => own.value(said, time) !== null && happened.value(was, time) !== null;
      if (wanted.every(held)) return time;
    }
  return null;
}

/** What stands for a forecast: rod flow, else another flow, else iterates. */
function leading({ spec: { processes } }: Client): ProcessSpec | null {
  const flow = processes.find(({ kind }) => kind === "rod") ?? processes.find(({ kind }) => kind !== "iterates");
  return flow ?? processes[0] ?? null;
}

function iterates({ spec: { processes } }: Client): ProcessSpec | null {
  return processes.find(({ kind }) => kind === "iterates") ?? null;
}

/** Column that a panel draws of a process. */
function columnOf(process: ProcessSpec, name: "loss" | "eigenvalues"): string | null {
  const panel = panels.get(name);
  return panel ? firstColumn(process, process.kind === "iterates" ? panel.iterates : panel.flows) : null;
}
