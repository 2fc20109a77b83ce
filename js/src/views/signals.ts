/** What flows say about themselves: the bounds that their signals have passed, in the words that came with them. */
import * as format from "../format";
import type { Numbers } from "../numbers";
import type { Store, Table } from "../store";
import type { ProcessStyle } from "../theme";
import type { Bound, Column } from "../wire";
import type { Sentence } from "../words";
import { valueAt } from "./reading";

export interface Told {
  style: ProcessStyle;
  sentence: Sentence;
}

/** One sentence for every signal that is beyond a bound at `time`, or was beyond one that lasts. */
export function readSignals(store: Store, styles: ProcessStyle[], time: number): Told[] {
  return styles.flatMap((style) => {
    const table = store.table(style.process.name);
    if (!table?.rows) return [];
    return style.process.columns.flatMap((column) => {
      const told = reached(table, column, time);
      return told ? [{ style, sentence: say(style.label, told.bound.words, told.since, told.value) }] : [];
    });
  });
}

/** The highest bound that holds, with the time from which on it does and the value. */
function reached(table: Table, column: Column, time: number): { bound: Bound; since: number; value: number } | null {
  if (!column.signal.length) return null;
  const values = table.column(column.name);
  const last = table.time.floor(time + 1e-3);
  if (!values || last < 0) return null;
  const now = valueAt(table, column.name, time);
  for (const bound of [...column.signal].reverse()) {
    const { first, since, highest } = past(table, values, bound, last);
    if (bound.lasting) {
      if (first !== null) return { bound, since: first, value: highest };
    } else if (now !== null && now > bound.above) {
      return { bound, since: since ?? table.time.values[last], value: now };
    }
  }
  return null;
}

/** What a signal has done up to some time; null for never, and not now. */
interface Past {
  until: number;
  /** Time at which it was first beyond the bound. */
  first: number | null;
  /** Time from which on it has been beyond the bound without a break. */
  since: number | null;
  highest: number;
}

const known = new WeakMap<Numbers, Map<Bound, Past>>();

/** Goes on from what was found at the last call, by time: rows may have been thinned since. */
function past(table: Table, values: Numbers, bound: Bound, last: number): Past {
  const bounds = known.get(values) ?? new Map<Bound, Past>();
  known.set(values, bounds);
  const times = table.time.values;
  let found = bounds.get(bound);
  if (!found || found.until > times[last])
    found = { until: Number.NEGATIVE_INFINITY, first: null, since: null, highest: bound.above };
  bounds.set(bound, found);
  for (let row = table.time.floor(found.until) + 1; row <= last; row++) {
    const value = values.at(row);
    if (value !== null && value > bound.above) {
      found.first ??= times[row];
      found.since ??= times[row];
      found.highest = Math.max(found.highest, value);
    } else found.since = null;
  }
  found.until = times[last];
  return found;
}

/** A template as a sentence about a flow: numbers in their places, *words* in bold. */
export function say(label: string, template: string, since: number, value: number): Sentence {
  const text = template
    .replaceAll("{since}", format.whole(since))
    .replaceAll("{value}", format.significant(value, 2))
    .replaceAll("{share}", format.share(value));
  const pieces = text.split("*").map((part, i) => (i % 2 ? { strong: part } : part));
  return [`${format.capital(label)} `, ...pieces, "."];
}
