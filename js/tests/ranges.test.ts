import { describe, expect, it } from "vitest";
import { RateScale } from "../src/controls/scale";
import { linearRange, linearTicks, logRange, logTicks, roundDown, roundUp, timeRange, union } from "../src/ranges";

describe("ranges", () => {
  it("grow by jumps along the steps, and end with the run", () => {
    expect(timeRange(-1, 600)).toEqual([0, 600]);
    expect([3, 97, 169, 392, 486, 560, 600].map((step) => timeRange(step, 600)[1])).toEqual([
      20, 100, 200, 400, 500, 600, 600,
    ]);
    expect(timeRange(450, 470)).toEqual([0, 470]);
  });

  it("never shrink when joined", () => {
    expect(union([0, 5], [1, 3])).toEqual([0, 5]);
    expect(union([0, 5], [-1, 7])).toEqual([-1, 7]);
    expect(union(null, [1, 2])).toEqual([1, 2]);
  });

  it("end on round numbers", () => {
    expect(logRange(0.023, 0.18)).toEqual([0.02, 0.2]);
    expect(logRange(0.5, 0.5)).toEqual([0.2, 1]);
    const [low, high] = linearRange(0.58, 1.49);
    expect(low).toBeLessThanOrEqual(0.58);
    expect(high).toBeGreaterThanOrEqual(1.49);
    expect([roundUp(486), roundUp(0.2), roundDown(0.11), roundDown(0.6)]).toEqual([500, 0.2, 0.1, 0.5]);
  });

  it("carry few labels", () => {
    expect(logTicks([0.02, 0.2])).toEqual([0.02, 0.05, 0.1, 0.2]);
    expect(logTicks([1e-3, 1])).toEqual([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1].filter((_, i) => i % 2 === 0));
    expect(logTicks([1e-12, 1]).length).toBeLessThanOrEqual(6);
    expect(linearTicks([0.5, 1.5])).toEqual([0.6, 0.8, 1, 1.2, 1.4]);
    expect(linearTicks([0, 500], 10)).toEqual([0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500]);
  });
});

describe("the scale of the slider", () => {
  it("is logarithmic around the learning rate, with round ends", () => {
    const scale = new RateScale(0.6);
    expect([scale.lower, scale.upper]).toEqual([0.1, 4]);
    expect(scale.ticks).toEqual([0.1, 0.2, 0.5, 1, 2, 4]);
    expect(scale.toFraction(Math.sqrt(0.1 * 4))).toBeCloseTo(0.5);
  });

  it("goes there and back with three figures", () => {
    const scale = new RateScale(0.6);
    for (const value of [0.1, 0.123, 0.68, 0.85, 3.4, 4])
      expect(scale.fromFraction(scale.toFraction(value))).toBe(value);
    expect([scale.fromFraction(-1), scale.fromFraction(2)]).toEqual([0.1, 4]);
  });

  it("stays inside what the parameter allows", () => {
    const scale = new RateScale(0.6, 0.5, 0.9);
    expect([scale.lower, scale.upper]).toEqual([0.5, 0.9]);
    expect([scale.holds(0.4), scale.holds(0.9)]).toEqual([false, true]);
  });
});
