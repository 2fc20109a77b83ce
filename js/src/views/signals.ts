/** What flows say about themselves: the bounds that their signals have passed, in the words that came with them. */
import * as format from "../format";
import { Numbers } from "../numbers";
import type { Table } from "../store";
import { Stretches } from "../stretches";
import type { Bound, Column, ProcessSpec } from "../wire";
import type { Sentence } from "../words/sentence";
import { valueAt } from "./reading";

/** One predicate for every signal that is beyond a bound at `time`, or was beyond one that lasts. */
export function readSignals(table: Table | null, process: ProcessSpec, time: number): Sentence[] {
  if (!table?.rows) return [];
  return process.columns.flatMap((column) => {
    const told = reached(table, column, time);
    return told ? [say(told.bound.words, told.since, told.value)] : [];
  });
}

/** The highest bound that holds, with the time from which on it does and the value. */
function reached(table: Table, column: Column, time: number): { bound: Bound; since: number; value: number } | null {
  const values = column.signal.length ? table.column(column.name) : null;
  if (!values) return null;
  const now = valueAt(table, column.name, time);
  for (const bound of [...column.signal].reverse()) {
    const stretches = beyond(table.time, values, bound.above);
    if (bound.lasting) {
      const first = stretches.get(0);
      if (first && first.from <= time + 1e-3)
        return { bound, since: first.from, value: highest(table.time, values).until(time) };
      continue;
    }
    if (now === null || now <= bound.above) continue;
    const stretch = stretches.get(stretches.index(time + 1e-3));
    if (stretch) return { bound, since: stretch.from, value: now };
  }
  return null;
}

/** The largest value so far, at any time: kept are the rows that were larger than all before. */
class Highest {
  private readonly times = new Numbers();
  private readonly records = new Numbers();
  private read = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly time: Numbers,
    private readonly values: Numbers,
  ) {}

  /** Goes on by time: rows may have been thinned since. */
  update(): this {
    const times = this.time.values;
    const values = this.values.values;
    const until = Math.min(this.time.length, this.values.length);
    for (let row = this.time.floor(this.read) + 1; row < until; row++) {
      if (!(values[row] > (this.records.length ? this.records.last : Number.NEGATIVE_INFINITY))) continue;
      this.times.append([times[row]]);
      this.records.append([values[row]]);
    }
    if (until) this.read = times[until - 1];
    return this;
  }

  until(time: number): number {
    return this.records.values[this.times.floor(time + 1e-3)];
  }
}

const records = new WeakMap<Numbers, Highest>();
const passed = new WeakMap<Numbers, Map<number, Stretches>>();

function highest(time: Numbers, values: Numbers): Highest {
  const known = records.get(values) ?? new Highest(time, values);
  records.set(values, known);
  return known.update();
}

/** When a column was above a bound. */
function beyond(time: Numbers, values: Numbers, above: number): Stretches {
  const bounds = passed.get(values) ?? new Map<number, Stretches>();
  passed.set(values, bounds);
  const holds = (value: number) => value > above;
  const known = bounds.get(above) ?? new Stretches(time, values, { begins: holds, lasts: holds });
  bounds.set(above, known);
  return known.update();
}

/** A template as what is said of a flow: numbers in their places, *words* in bold. */
export function say(template: string, since: number, value: number): Sentence {
  const text = template
    .replaceAll("{since}", format.whole(since))
    .replaceAll("{value}", format.significant(value, 2))
    .replaceAll("{share}", format.share(value));
  return text.split("*").map((part, i) => (i % 2 ? { strong: part } : part));
}
