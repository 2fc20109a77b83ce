/** What flows say about themselves: the bounds that their signals have passed, in the words that came with them. */
import * as format from "../format";
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
  const values = table.column(column.name);
  const last = table.time.floor(time + 1e-3);
  if (!values || last < 0) return null;
  const now = valueAt(table, column.name, time);
  for (const bound of [...column.signal].reverse()) {
    const beyond = (row: number) => (values.at(row) ?? Number.NEGATIVE_INFINITY) > bound.above;
    if (bound.lasting) {
      let first = 0;
      while (first <= last && !beyond(first)) first++;
      if (first > last) continue;
      let value = bound.above;
      for (let row = first; row <= last; row++) value = Math.max(value, values.at(row) ?? value);
      return { bound, since: table.time.values[first], value };
    }
    if (now === null || now <= bound.above) continue;
    let row = last;
    while (row > 0 && beyond(row - 1)) row--;
    return { bound, since: table.time.values[row], value: now };
  }
  return null;
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
