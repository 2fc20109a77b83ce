import { describe, expect, it } from "vitest";
import { Store } from "../src/store";
import type { Block, RunEvent } from "../src/wire";

function block(table: string, firstRow: number, times: number[], totalRows: number | null = null): Block {
  const parts = (f: (t: number) => number) => [times.map(f)];
  return {
    table,
    firstRow,
    rows: times.length,
    totalRows,
    columns: [
      { name: "time", parts: parts((t) => t) },
      { name: "loss", parts: parts((t) => (t === 5 ? Number.NaN : 100 - t)) },
    ],
  };
}

const span = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const times = (store: Store, table = "rod") => [...(store.table(table)?.time.toArray() ?? [])];
const event = (step: number): RunEvent => ({ step, name: "learning_rate", old: 1, new: 2, note: "" });

describe("the store", () => {
  it("appends frames without a gap or a duplicate, however they overlap", () => {
    const store = new Store();
    const frames = [
      [0, 4],
      [4, 9],
      [2, 7],
      [7, 12],
      [0, 12],
      [12, 13],
    ];
    for (const [from, to] of frames) {
      const blocks = [block("rod", from, span(from, to))];
      expect(store.hasGap(blocks, 0)).toBe(false);
      store.append(blocks, [], 0);
    }
    expect(times(store)).toEqual(span(0, 13));
    expect(store.table("rod")?.next).toBe(13);
  });

  it("sees a gap, and never takes rows beyond one", () => {
    const store = new Store();
    store.append([block("rod", 0, span(0, 4))], [], 0);
    const later = [block("rod", 6, span(6, 8))];
    expect(store.hasGap(later, 0)).toBe(true);
    store.append(later, [], 0);
    expect(times(store)).toEqual(span(0, 4));
  });

  it("goes on after a thinned snapshot at the row that it stands for", () => {
    const store = new Store();
    store.replace(1, [block("rod", 0, [0, 10, 20, 29], 30)], []);
    expect(store.held()).toEqual({ rod: 30 });
    const overlap = [block("rod", 28, [28, 29, 30, 31])];
    expect(store.hasGap(overlap, 0)).toBe(false);
    store.append(overlap, [], 0);
    expect(times(store)).toEqual([0, 10, 20, 29, 30, 31]);
  });

  it("keeps tables of different lengths and starts apart", () => {
    const store = new Store();
    store.append([block("rod", 0, span(2, 6)), block("stable", 0, span(0, 6))], [], 0);
    expect(store.table("rod")?.value("loss", 4)).toBe(96);
    expect(store.table("stable")?.value("loss", 4)).toBe(96);
    expect(store.table("rod")?.value("loss", 0)).toBeNull();
    expect(store.newest).toBe(5);
  });

  it("reads NaN as a gap", () => {
    const store = new Store();
    store.append([block("rod", 0, span(0, 8))], [], 0);
    expect(store.table("rod")?.value("loss", 5)).toBeNull();
    expect(store.table("rod")?.value("loss", 6)).toBe(94);
  });

  it("takes every event once", () => {
    const store = new Store();
    store.append([], [event(1), event(2)], 0);
    store.append([], [event(2), event(3)], 1);
    expect(store.hasGap([], 3)).toBe(false);
    expect(store.hasGap([], 7)).toBe(true);
    store.append([], [event(9)], 7);
    expect(store.events.map(({ step }) => step)).toEqual([1, 2, 3]);
  });

  it("empties for another run", () => {
    const store = new Store();
    store.append([block("rod", 0, span(0, 8))], [event(1)], 0);
    store.reset(2);
    expect([store.run, store.tables.size, store.events.length, store.newest]).toEqual([2, 0, 0, -1]);
  });

  it("grows without moving rows that it holds, over many small frames", () => {
    const store = new Store();
    for (let row = 0; row < 3000; row += 3) store.append([block("rod", row, span(row, row + 3))], [], 0);
    expect(times(store)).toEqual(span(0, 3000));
    expect(store.table("rod")?.time.values.length).toBe(4096);
  });
});
