import { describe, expect, it } from "vitest";
import { Envelope } from "../src/envelope";
import { Numbers } from "../src/numbers";
import { Room } from "../src/room";
import { Store } from "../src/store";
import { valueAt } from "../src/views/reading";
import type { Block } from "../src/wire";

const MILLION = 1_000_000;
/** Rows of single spikes, by turns upwards and downwards. */
const SPIKES = Array.from({ length: 200 }, (_, i) => 1234 + 4999 * i);

const oscillation = (row: number) => (row % 2 ? -1 : 1) * (1 + Math.sin(row / 90_000));

/** A quiet loss with spikes, an alternating oscillation and columns that nobody draws, as the wire brings them. */
function block(from: number, to: number, others = 6): Block {
  const rows = to - from;
  const part = (f: (row: number) => number) => Float32Array.from({ length: rows }, (_, i) => f(from + i));
  const loss = part(() => 1);
  SPIKES.forEach((row, i) => {
    if (row >= from && row < to) loss[row - from] = i % 2 ? 0.01 : 100;
  });
  const column = (name: string, values: Float32Array) => ({ name, parts: [values] });
  return {
    table: "rod",
    firstRow: from,
    rows,
    totalRows: null,
    columns: [
      column(
        "time",
        part((row) => row),
      ),
      column("loss", loss),
      column("oscillation", part(oscillation)),
      ...Array.from({ length: others }, (_, i) =>
        column(
          `other${i}`,
          part((row) => Math.sin(row * (i + 1))),
        ),
      ),
    ],
  };
}

function filled(limit: number, rows = MILLION, frame = 7919) {
  const store = new Store(new Room(limit));
  const early = () => store.table("rod")?.envelope("loss");
  for (let from = 0; from < rows; from += frame) {
    store.append([block(from, Math.min(rows, from + frame))], [], 0);
    early();
  }
  const table = store.table("rod");
  if (!table) throw new Error("no table");
  return { store, table };
}

describe("a million rows in little room", () => {
  const limit = 2e6;
  const { store, table } = filled(limit);

  it("never takes more than the room, and knows how many rows the kernel holds", () => {
    expect(store.bytes).toBeLessThanOrEqual(limit);
    expect(table.rows).toBeGreaterThan(limit / 40 / 3);
    expect(store.held()).toEqual({ rod: MILLION });
    expect(store.hasGap([block(MILLION, MILLION + 5)], 0)).toBe(false);
  });

  it("keeps the newest rows whole, times exact and ascending", () => {
    const times = table.time.toArray();
    expect([times[0], times[times.length - 1]]).toEqual([0, MILLION - 1]);
    for (let row = 1; row < times.length; row++) expect(times[row]).toBeGreaterThan(times[row - 1]);
    const tail = times.slice(-4096);
    expect(tail[tail.length - 1] - tail[0]).toBe(4095);
  });

  it("keeps every spike, of rows and of envelopes that are begun before or after", () => {
    const held = new Set(table.time.toArray());
    expect(SPIKES.filter((row) => !held.has(row))).toEqual([]);
    const late = new Envelope(table.time, table.column("loss") as Numbers).update();
    for (const envelope of [table.envelope("loss"), late]) {
      const tops = SPIKES.filter((row) => envelope?.extent(row, row, false)?.[1] === 100);
      const dips = SPIKES.filter((row) => envelope?.extent(row, row, false)?.[0] === Math.fround(0.01));
      expect([tops.length, dips.length]).toEqual([100, 100]);
    }
  });

  it("keeps the outline of an oscillation everywhere", () => {
    const envelope = table.envelope("oscillation");
    for (let from = 0; from < MILLION; from += 10_000) {
      const amplitude = 1 + Math.max(Math.sin(from / 90_000), Math.sin((from + 9_999) / 90_000));
      const [low, high] = envelope?.extent(from, from + 9_999, false) ?? [0, 0];
      expect(high).toBeGreaterThan(0.98 * amplitude - 0.02);
      expect(low).toBeLessThan(-0.98 * amplitude + 0.02);
    }
  });

  it("reads a value at a step whose row is gone from the row that stands for it, and none beyond the newest", () => {
    const held = new Set(table.time.toArray());
    const gone = Array.from({ length: 1000 }, (_, i) => 400_000 + i).find((row) => !held.has(row)) ?? 0;
    expect(gone).toBeGreaterThan(0);
    expect(table.rowAt(gone)).toBe(-1);
    expect(valueAt(table, "time", gone)).toBeLessThan(gone);
    expect(valueAt(table, "time", MILLION + 3)).toBeNull();
  });

  it("spreads what it keeps evenly over the old part, however often it was thinned", () => {
    const times = [...table.time.toArray()].filter((time) => time < 0.4 * MILLION);
    const early = times.filter((time) => time < 0.2 * MILLION).length;
    expect(early / times.length).toBeGreaterThan(0.35);
    expect(early / times.length).toBeLessThan(0.65);
  });
});

describe("the room of a page", () => {
  it("is shared: who holds little leaves the rest to who holds much", () => {
    const room = new Room(1e6);
    const [small, large] = [new Store(room), new Store(room)];
    small.append([block(0, 500)], [], 0);
    for (let from = 0; from < 100_000; from += 1000) large.append([block(from, from + 1000)], [], 0);
    expect(small.table("rod")?.rows).toBe(500);
    expect(small.bytes + large.bytes).toBeLessThanOrEqual(1e6);
    expect(large.bytes).toBeGreaterThan(0.9e6);
  });

  it("thins a run that has ended for one that goes on, to an even share and no further", () => {
    const room = new Room(1e6);
    const [ended, going] = [new Store(room), new Store(room)];
    for (const store of [ended, going])
      for (let from = 0; from < 60_000; from += 1000) store.append([block(from, from + 1000)], [], 0);
    expect(ended.bytes).toBeLessThanOrEqual(0.5e6);
    expect(ended.bytes).toBeGreaterThan(0.4e6);
    expect(going.bytes).toBeLessThanOrEqual(0.5e6);
    expect(ended.held()).toEqual({ rod: 60_000 });
  });

  it("is free again when a store ends or is emptied", () => {
    const room = new Room(1e6);
    const [one, two] = [new Store(room), new Store(room)];
    one.append([block(0, 12_000)], [], 0);
    one.dispose();
    two.append([block(0, 20_000)], [], 0);
    expect(two.table("rod")?.rows).toBe(20_000);
    two.reset(2);
    expect(two.bytes).toBe(0);
  });

  it("takes a block that is larger than all of it", () => {
    const store = new Store(new Room(1e5));
    store.append([block(0, 50_000)], [], 0);
    expect(store.held()).toEqual({ rod: 50_000 });
    expect(store.table("rod")?.time.last).toBe(49_999);
    expect(store.table("rod")?.rows).toBeLessThanOrEqual(3000);
  });
});

it("tells whole numbers of steps beyond 2²⁴ apart", () => {
  const time = new Numbers();
  time.append([2 ** 24, 2 ** 24 + 1]);
  expect(time.floor(2 ** 24)).toBe(0);
  const store = new Store(new Room(1e6));
  store.append([block(0, 2)], [], 0);
  expect(store.table("rod")?.time.values).toBeInstanceOf(Float64Array);
  expect(store.table("rod")?.column("loss")?.values).toBeInstanceOf(Float32Array);
});
