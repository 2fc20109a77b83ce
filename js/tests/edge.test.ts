import { describe, expect, it } from "vitest";
import { FakeModel } from "../dev/fake";
import type { Client } from "../src/client";
import type { Numbers } from "../src/numbers";
import { Store, type Table } from "../src/store";
import { processStyles } from "../src/theme";
import { stayAt } from "../src/views/edge";
import { readAt } from "../src/views/reading";
import type { RunEvent, Spec } from "../src/wire";

const learning = (step: number, old: number, now: number): RunEvent => ({
  ...{ step, name: "learning_rate", old, new: now, note: "" },
});

/** A store that holds these ratios of the iterates, at these times. */
function recorded(ratios: number[], events: RunEvent[] = [], times = ratios.map((_, i) => i), rates?: number[]) {
  const store = new Store();
  append(store, times, ratios, rates);
  store.events.push(...events);
  return { store, table: store.table("discrete") as Table };
}

function append(store: Store, times: number[], ratios: number[], rates?: number[]): void {
  const columns = [
    { name: "time", parts: [times] },
    { name: "sharpness_ratio", parts: [ratios] },
    ...(rates ? [{ name: "learning_rate", parts: [rates] }] : []),
  ];
  const firstRow = store.table("discrete")?.next ?? 0;
  store.append(
    [{ table: "discrete", firstRow, rows: times.length, totalRows: null, columns }],
    [],
    store.events.length,
  );
}

describe("a stay at the edge", () => {
  it("begins at 0.975 of it and ends below 0.9, not in between", () => {
    const { store, table } = recorded([0.5, 0.97, 0.975, 1.2, 0.91, 0.95, 0.89, 0.95, 1]);
    const at = (time: number) => {
      const stay = stayAt(store, table, time);
      return stay && [stay.from, stay.to, stay.number];
    };
    expect([0, 1, 2, 5, 6, 7, 8].map(at)).toEqual([
      null,
      null,
      [2, null, 1],
      [2, null, 1],
      [2, 6, 1],
      [2, 6, 1],
      [8, null, 2],
    ]);
  });

  it("knows whether the recording begins in it, and passes over what was not measured", () => {
    const first = recorded([Number.NaN, 1, Number.NaN, 1.1]);
    expect(stayAt(first.store, first.table, 0)).toBeNull();
    expect(stayAt(first.store, first.table, 3)).toMatchObject({ from: 1, to: null, first: true });
    const later = recorded([0.5, 1]);
    expect(stayAt(later.store, later.table, 1)).toMatchObject({ first: false, aboutFrom: false });
  });

  it("is forgotten where the recording begins in it and soon leaves it", () => {
    const { store, table } = recorded([4, 0.5, 0.5, 1, 0.5, 1]);
    const at = (time: number) => stayAt(store, table, time);
    expect(at(0)).toMatchObject({ from: 0, to: null, first: true });
    expect(at(1)).toBeNull();
    expect([at(3)?.number, at(5)?.number]).toEqual([1, 2]);
    const long = recorded([...Array.from({ length: 10 }, () => 4), 0.5]);
    expect(stayAt(long.store, long.table, 10)).toMatchObject({ from: 0, to: 10, number: 1 });
  });

  it("begins about where it does in a thinned recording", () => {
    const { store, table } = recorded([0.5, 0.7, 1, 1.1, 0.8], [], [0, 200, 240, 241, 300]);
    expect(stayAt(store, table, 241)).toMatchObject({ from: 240, aboutFrom: true, to: null });
    expect(stayAt(store, table, 300)).toMatchObject({ to: 300, aboutTo: true });
  });

  it("is no stay where one row alone begins at the edge, however far the next one is", () => {
    const { store, table } = recorded([4, 0.5, 0.5, 1], [], [0, 40, 90, 130]);
    expect(stayAt(store, table, 40)).toBeNull();
    expect(stayAt(store, table, 130)).toMatchObject({ from: 130, aboutFrom: true, number: 1 });
    const long = recorded([4, 3, 0.5], [], [0, 40, 90]);
    expect(stayAt(long.store, long.table, 90)).toMatchObject({ from: 0, to: 90, aboutTo: true, number: 1 });
  });

  it("looks at every row once", () => {
    const { store, table } = recorded(Array.from({ length: 100_000 }, (_, i) => (i < 50_000 ? 0.5 : 1)));
    expect(stayAt(store, table, 99_999)).toMatchObject({ from: 50_000 });
    (table.column("sharpness_ratio") as Numbers).values[10] = 1;
    append(store, [100_000, 100_001], [1, 0.8]);
    expect(stayAt(store, table, 100_001)).toMatchObject({ from: 50_000, to: 100_001, number: 1 });
    // Another table, as a snapshot brings it, is looked at anew.
    const again = recorded([...(table.column("sharpness_ratio")?.toArray() ?? [])]);
    expect(stayAt(again.store, again.table, 100_001)).toMatchObject({ number: 2 });
  });

  it("stays as it was found where the page thins the rows", () => {
    const { store, table } = recorded(Array.from({ length: 9000 }, (_, i) => (i > 100 && i < 2001 ? 1 : 0.5)));
    const before = stayAt(store, table, 8999);
    expect(before).toMatchObject({ from: 101, to: 2001, aboutFrom: false, aboutTo: false });
    table.thin(4500);
    expect(table.rows).toBeLessThan(9000);
    append(store, [9000, 9001], [0.5, 1]);
    expect(stayAt(store, table, 8999)).toEqual(before);
    expect(stayAt(store, table, 9001)).toMatchObject({ from: 9001, number: 2 });
  });

  it("names the change that brought it there, and the one that took it away", () => {
    const raised = learning(2, 0.6, 0.85);
    const lowered = learning(5, 0.85, 0.6);
    const { store, table } = recorded([0.7, 0.7, 1, 1, 1, 0.7], [raised, lowered]);
    expect(stayAt(store, table, 5)).toMatchObject({ arrival: raised, departure: lowered });
    // What moves it the other way, or lies long before, is no cause.
    const other = recorded([0.7, 0.7, 1, 1, 0.7], [learning(2, 0.85, 0.8), learning(4, 0.8, 0.85)]);
    expect(stayAt(other.store, other.table, 4)).toMatchObject({ arrival: null, departure: null });
    const rare = recorded([0.7, 1], [learning(40, 0.6, 0.85)], [0, 100]);
    expect(stayAt(rare.store, rare.table, 100)).toMatchObject({ arrival: null });
  });

  it("tells that the learning rate fell, where it did so without an event", () => {
    const ratios = Array.from({ length: 60 }, (_, i) => 1 - i / 200);
    const falling = recorded(
      ratios,
      [],
      undefined,
      ratios.map((ratio) => 0.6 * ratio),
    );
    expect(stayAt(falling.store, falling.table, 59)).toMatchObject({
      from: 0,
      to: 21,
      departure: null,
      rateFell: true,
    });
    const constant = recorded(
      ratios,
      [],
      undefined,
      ratios.map(() => 0.6),
    );
    expect(stayAt(constant.store, constant.table, 59)).toMatchObject({ to: 21, rateFell: false });
  });
});

describe("the slope of the ratio", () => {
  const model = new FakeModel("paused");
  const { spec } = (model.get("branches") as { spec: Spec }[])[0];
  const slope = (ratios: number[], events: RunEvent[] = [], times = ratios.map((_, i) => i)) => {
    const { store } = recorded(ratios, events, times);
    const client = { store, spec, status: { processes: {} } } as unknown as Client;
    return readAt(client, processStyles(spec.processes), times[times.length - 1]).slope;
  };
  const series = (of: (i: number) => number, length = 120) => Array.from({ length }, (_, i) => of(i));

  it("is that of a line", () => {
    expect(slope(series((i) => 0.5 + 0.0006 * i))).toBeCloseTo(0.06, 10);
    expect(slope(series(() => 0.5))).toBe(0);
  });

  it("is that of a line through rows that are far apart, evenly or not", () => {
    const times = [0, 30, 50, 100, 110, 160, 200, 260, 290, 330, 400, 420];
    const rising = times.map((time) => 0.5 + 0.0006 * time);
    expect(slope(rising, [], times)).toBeCloseTo(0.06, 10);
    // What was before the last ten rows does not count.
    expect(slope([3, 0, ...rising.slice(2)], [], times)).toBeCloseTo(0.06, 10);
    expect(slope([...rising.slice(0, 11), 0.2], [], times)).toBeNull();
  });

  it("is none where it is not steady", () => {
    expect(slope(series((i) => 0.5 + 0.02 * (i % 2)))).toBeNull();
    expect(slope(series((i) => 0.5 + 0.3 * Math.exp((i - 120) / 10)))).toBeNull();
    expect(slope([0.5, 0.51, 0.52])).toBeNull();
  });

  it("starts anew where a hyperparameter was changed", () => {
    const broken = series((i) => (i < 100 ? 0.5 : 0.7 + 0.001 * i));
    expect(slope(broken)).toBeNull();
    expect(slope(broken, [learning(99, 0.6, 0.85)])).toBeCloseTo(0.1, 10);
  });
});
