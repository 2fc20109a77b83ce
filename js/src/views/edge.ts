/** Since when the optimizer is at its edge, or from when to when it was. */
import type { Store, Table } from "../store";
import { type Rule, type Stretch, Stretches } from "../stretches";
import type { RunEvent } from "../wire";

/** Shares of the edge threshold at which the optimizer comes to its edge, and below which it has left it. */
export const ENTER = 0.975;
const LEAVE = 0.9;

const RULE: Rule = { begins: (ratio) => ratio >= ENTER, lasts: (ratio) => ratio >= LEAVE };

/** A stay that the recording begins with is forgotten where it was left within so many steps: the start is no equilibrium. */
const TRANSIENT = 10;

/** Rows that are further apart do not tell which change between them moved the edge. */
const NEAR = 10;

export interface Stay {
  /** First recorded step at the edge. */
  from: number;
  /** First recorded step away from it, or null where it is still there. */
  to: number | null;
  /** Whether the recording begins at the edge. */
  first: boolean;
  /** Whether rows are so far apart that `from`, or `to`, is known only about. */
  aboutFrom: boolean;
  aboutTo: boolean;
  /** The change that brought it there, and the one that took it away. */
  arrival: RunEvent | null;
  departure: RunEvent | null;
  /** Whether the learning rate fell, without an event, between the last step near the threshold and `to`. */
  rateFell: boolean;
  /** The how many-th stay it is. */
  number: number;
}

const known = new WeakMap<Table, Stretches>();

/**
 * The stay at the edge that `time` lies in, or the last one before it; null where there was none.
 *
 * Counted are rows of the iterates: a stay begins with the first whose sharpness is at least 0.975 of the edge threshold, and
 * ends with the first after it where it is below 0.9, so that an oscillation of the ratio about 1 is one stay. One that the
 * recording begins with counts only while it lasts, unless it lasted for ten steps. Every row is looked at once, also in a
 * long run.
 */
export function stayAt(store: Store, table: Table, time: number): Stay | null {
  const ratio = table.column("sharpness_ratio");
  if (!ratio) return null;
  let stretches = known.get(table);
  if (!stretches) {
    stretches = new Stretches(table.time, ratio, RULE);
    known.set(table, stretches);
  }
  const index = stretches.update().index(time + 1e-3);
  const stretch = stretches.get(index);
  if (!stretch) return null;
  const { from, before, high, last } = stretch;
  const to = stretch.to !== null && stretch.to <= time + 1e-3 ? stretch.to : null;
  const passed = isTransient(stretches.get(0));
  if (passed && index === 0 && to !== null) return null;
  return {
    from,
    to,
    first: before === null,
    aboutFrom: before !== null && from - before > 1.5,
    aboutTo: to !== null && to - last > 1.5,
    arrival: before === null ? null : change(store.events, before, from, 1),
    departure: to === null ? null : change(store.events, high, to, -1),
    rateFell: to !== null && rate(table, to) < 0.99 * rate(table, high),
    number: passed && index > 0 ? index : index + 1,
  };
}

function isTransient(first: Stretch | null): boolean {
  // As far as rows tell: where they are far apart, a single one at the edge is no stay until the next.
  return first?.before === null && first.to !== null && first.last + 1 - first.from < TRANSIENT;
}

/** The last change between two rows that are near to each other; of the learning rate only one that moves it in `direction`. */
function change(events: RunEvent[], after: number, until: number, direction: 1 | -1): RunEvent | null {
  if (until - after > NEAR) return null;
  const moves = ({ name, old, new: now }: RunEvent) => name !== "learning_rate" || direction * (now - old) > 0;
  // A row shows the edge of the step that follows it: an event at step t is first seen in row t − 1.
  return events.findLast((event) => event.step > after && event.step <= until + 1 && moves(event)) ?? null;
}

/** In use at the row that stands for `time` in a thinned table. */
function rate(table: Table, time: number): number {
  return table.column("learning_rate")?.at(table.time.floor(time + 1e-3)) ?? Number.NaN;
}
