import type { Numbers } from "./numbers";

/**
 * Rows before `until` to keep, about `most` of them: the time that they span is cut into equal pieces, and of each stay
 * the first and the last row and, for every column, the rows of its smallest and largest finite value. So the outline
 * of a drawing stays, whichever column it is of, and rows that were thinned before are not thinned again before the
 * rows behind them are as far apart.
 */
export function outline(time: Numbers, columns: readonly Numbers[], until: number, most: number): number[] {
  const each = 2 * columns.length + 2;
  const pieces = Math.max(1, Math.floor(most / each));
  const times = time.values;
  const start = times[0];
  const width = (times[until - 1] - start) / pieces;
  const kept: number[] = [];
  for (let from = 0; from < until; ) {
    const end = start + (Math.floor((times[from] - start) / width) + 1) * width;
    let to = from + 1;
    while (to < until && times[to] < end) to++;
    if (to - from <= each) for (let row = from; row < to; row++) kept.push(row);
    else kept.push(...extremes(columns, from, to));
    from = to;
  }
  return kept;
}

/** The first and the last of some rows, and those of the smallest and largest values; ascending. */
function extremes(columns: readonly Numbers[], from: number, to: number): number[] {
  const rows = [from, to - 1];
  for (const { values } of columns) {
    let low = -1;
    let high = -1;
    for (let row = from; row < to; row++) {
      const value = values[row];
      if (!Number.isFinite(value)) continue;
      if (low < 0 || value < values[low]) low = row;
      if (high < 0 || value > values[high]) high = row;
    }
    if (low >= 0) rows.push(low, high);
  }
  rows.sort((a, b) => a - b);
  return rows.filter((row, i) => row !== rows[i - 1]);
}
