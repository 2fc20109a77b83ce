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
    expect([envelope.bucket, envelope.count]).toEqual([1, 3]);
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
    expect(envelope.last[envelope.count - 1]).toBe(values[4999]);
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
    const gap = [...envelope.start.slice(0, envelope.count)].findIndex((start) => start >= 104);
    expect(envelope.low[gap]).toBeNaN();
    expect(envelope.low[0]).toBe(1);
    expect(envelope.extent(100, 199, false)).toBeNull();
  });

  it("knows the lowest positive value, for logarithmic axes", () => {
    expect(series([0, -3, 0.5, 7, 0.25]).extent(0, 9, true)).toEqual([0.25, 7]);
    expect(series([0, -3]).extent(0, 9, true)).toBeNull();
  });
});
