import { describe, expect, it } from "vitest";
import { Envelope } from "../src/envelope";
import { Numbers } from "../src/numbers";

function series(values: number[], capacity = 64) {
  const time = new Numbers();
  const value = new Numbers();
  const envelope = new Envelope(time, value, capacity);
  values.forEach((v, i) => {
    time.append([i]);
    value.append([v]);
    if (i % 7 === 0) envelope.update();
  });
  return envelope.update();
}

describe("the envelope", () => {
  it("holds every row while there are few", () => {
    const envelope = series([3, 1, 2]);
    expect(envelope.count).toBe(3);
    expect([...envelope.end.slice(0, 3)]).toEqual([...envelope.start.slice(0, 3)]);
    expect([...envelope.first.slice(0, 3)]).toEqual([3, 1, 2]);
  });

  it("keeps single peaks and dips of a long series", () => {
    const values = Array.from({ length: 5000 }, (_, i) => Math.sin(i / 300));
    values[1234] = 40;
    values[3777] = -50;
    const envelope = series(values);
    expect(envelope.count).toBeLessThanOrEqual(64);
    expect(envelope.extent(0, 5000, false)).toEqual([-50, 40]);
    expect(envelope.extent(0, 1000, false)?.[1]).toBeLessThan(1.1);
    expect(envelope.end[envelope.count - 1]).toBe(4999);
    expect(envelope.last[envelope.count - 1]).toBe(Math.fround(values[4999]));
  });

  it("does not depend on how the rows arrived", () => {
    const values = Array.from({ length: 1000 }, (_, i) => ((i * 7919) % 101) - 50);
    const time = new Numbers();
    const value = new Numbers();
    const whole = new Envelope(time, value, 64);
    time.append(values.map((_, i) => i));
    value.append(values);
    whole.update();
    const parts = series(values);
    for (const name of ["start", "end", "first", "low", "high", "last", "lowPositive"] as const)
      expect([...parts[name].slice(0, parts.count)]).toEqual([...whole[name].slice(0, whole.count)]);
  });

  it("leaves gaps where nothing was measured, and ignores single missing values in a bucket", () => {
    const values = Array.from({ length: 256 }, (_, i) => (i >= 100 && i < 200 ? Number.NaN : i % 3 ? i : Number.NaN));
    const envelope = series(values);
    const gap = [...envelope.start.slice(0, envelope.count)].findIndex((start) => start >= 108);
    expect(envelope.low[gap]).toBeNaN();
    expect(envelope.low[0]).toBe(1);
    expect(envelope.extent(108, 191, false)).toBeNull();
  });

  it("knows the lowest positive value, for logarithmic axes", () => {
    expect(series([0, -3, 0.5, 7, 0.25]).extent(0, 9, true)).toEqual([0.25, 7]);
    expect(series([0, -3]).extent(0, 9, true)).toBeNull();
  });

  it("gives rows that stand for others as much of the picture as those that they stand for", () => {
    const time = new Numbers();
    const value = new Numbers(true);
    const envelope = new Envelope(time, value, 64);
    const thinned = Array.from({ length: 100 }, (_, i) => 100 * i);
    time.append(thinned);
    value.append(thinned);
    for (let t = 10_000; t < 20_000; t++) {
      time.append([t]);
      value.append([t]);
      envelope.update();
    }
    const starts = [...envelope.start.slice(0, envelope.count)];
    expect(envelope.count).toBeLessThanOrEqual(64);
    expect(starts.filter((start) => start < 10_000).length).toBeGreaterThan(15);
    expect(starts.filter((start) => start >= 10_000).length).toBeGreaterThan(15);
  });

  it("takes little memory while there are few rows", () => {
    expect(series([1, 2, 3], 2048).low.length).toBe(64);
    expect(series(span(5000), 2048).low.length).toBe(2048);
  });
});

const span = (length: number) => Array.from({ length }, (_, i) => i);
