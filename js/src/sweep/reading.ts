/** What stands under a place of the explorer's figures, in words. */
import * as format from "../format";

/** How the map is laid out: as the kernel says it in the trait `plan`. */
export interface Plan {
  /** Of every run: what varies, e.g. "learning rate 0.1, seed 2". */
  names: string[];
  /** Runs of every row, the lowest first; coordinates of the rows' bounds, one more than rows. */
  members: number[][];
  bounds: number[];
  /** Columns of the map, and the steps that each stands for. */
  columns: number;
  span: number;
  steps: number;
  /** What is coloured, with the base of the logarithm that cells hold (0: a share of the way from low to high). */
  quantity: string;
  key: string;
  largest: boolean;
  log: number;
  low: number;
  high: number;
  target: number | null;
}

/** Numbers of every run, in the order in which the kernel writes them. */
export const NUMBERS = ["at", "final", "edge", "diverged", "last", "reached"] as const;
export type Facts = Record<(typeof NUMBERS)[number], Float32Array>;

/** Cells below this hold no value. */
const FLOOR = -301;

export function readFacts(data: DataView | null, runs: number): Facts | null {
  if (!data || data.byteLength < 4 * runs * NUMBERS.length) return null;
  const part = (i: number) =>
    Float32Array.from({ length: runs }, (_, run) => data.getFloat32(4 * (i * runs + run), true));
  return Object.fromEntries(NUMBERS.map((name, i) => [name, part(i)])) as Facts;
}

/** The row whose bounds are about a coordinate. */
export function rowAt(plan: Plan, at: number): number {
  const row = plan.bounds.findIndex((bound, i) => i > 0 && at < bound) - 1;
  return row < 0 ? plan.members.length - 1 : row;
}

/** The shown run that is nearest to a coordinate. */
export function runAt(plan: Plan, facts: Facts, at: number): number {
  const shown = plan.members.flat();
  return shown.reduce((best, run) => (Math.abs(facts.at[run] - at) < Math.abs(facts.at[best] - at) ? run : best));
}

/** What a cell of the map shows, from what the heat map holds there. */
export function cellValue(plan: Plan, held: number): number | null {
  if (!(held > FLOOR)) return null;
  if (plan.log) return held <= FLOOR + 1 ? 0 : plan.log ** held;
  return plan.low + held * (plan.high - plan.low);
}

export function text(plan: Plan, value: number | null): string {
  if (plan.log && value === 0) return "0 or less";
  if (plan.key === "sharpness_ratio") return format.ratio(value);
  return plan.key === "loss" ? format.loss(value) : format.share(value);
}

/** Lines about a cell; the first is the run. */
export function aboutCell(
  plan: Plan,
  facts: Facts,
  states: string[],
  row: number,
  column: number,
  held: number,
): string[] {
  const runs = plan.members[row];
  const [run] = runs;
  const first = column * plan.span;
  const last = Math.min(first + plan.span - 1, plan.steps);
  const value = cellValue(plan, held);
  const when = last > first ? `steps ${format.whole(first)} to ${format.whole(last)}` : `step ${format.whole(first)}`;
  const how = last > first ? (plan.largest ? ", the largest of them" : ", the last of them") : "";
  const said =
    value === null
      ? first > facts.diverged[run]
        ? `${when}: diverged before`
        : `${when}: nothing yet`
      : `${when}: ${plan.quantity} ${text(plan, value)}${how}`;
  const edge = Number.isFinite(facts.edge[run]) ? [`met its edge at step ${format.whole(facts.edge[run])}`] : [];
  const others = runs.length > 1 ? ` and ${runs.length - 1} more` : "";
  return [
    plan.names[run] + others,
    said,
    ...edge,
    ...(value === null ? [] : [end(facts, states, run)].filter(Boolean)),
  ];
}

/** Lines about a run in the chart of final losses. */
export function aboutFinal(plan: Plan, facts: Facts, states: string[], run: number): string[] {
  const loss = Number.isFinite(facts.final[run]) ? `loss ${format.loss(facts.final[run])}` : "no loss yet";
  return [plan.names[run], `${loss} at step ${format.whole(facts.last[run])}`, end(facts, states, run)].filter(Boolean);
}

/** Lines about a run in the chart of steps to a loss. */
export function aboutReached(plan: Plan, facts: Facts, states: string[], run: number): string[] {
  const step = facts.reached[run];
  const goal = `loss ${format.loss(plan.target)}`;
  const said = Number.isFinite(step)
    ? `${goal} first reached at step ${format.whole(step)}`
    : `${goal} not reached in ${format.whole(facts.last[run])} steps`;
  return [plan.names[run], said, end(facts, states, run)].filter(Boolean);
}

function end(facts: Facts, states: string[], run: number): string {
  if (Number.isFinite(facts.diverged[run])) return `diverged at step ${format.whole(facts.diverged[run])}`;
  return states[run] === "finished" ? "" : states[run] === "error" ? "failed" : states[run];
}
