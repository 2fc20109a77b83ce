import { expect, it } from "vitest";
import type { Line, Picture } from "../src/charts/line";
import { trace } from "../src/charts/trace";
import { Envelope } from "../src/envelope";
import { Numbers } from "../src/numbers";

const BOX = { left: 0, top: 0, width: 400, height: 100 };

/** What a pen draws of a series on a linear axis over [-1, 1] (1 at the top), and the areas beside it. */
function traced(values: number[], half = 1, times = values.map((_, i) => i), x: [number, number] = [0, values.length]) {
  const time = new Numbers();
  const value = new Numbers();
  time.append(times);
  value.append(values);
  const envelope = new Envelope(time, value).update();
  const line: Line = { key: "rod", color: "red", width: 2 * half, dash: [], envelope };
  const picture = { x, y: [-1, 1], log: false } as unknown as Picture;
  const points: { x: number; y: number; begins: boolean }[] = [];
  const take = (begins: boolean) => (x: number, y: number) => void points.push({ x, y, begins });
  const areas = trace(line, picture, BOX, { moveTo: take(true), lineTo: take(false) }, half);
  const spans = areas.flatMap((area) => area.filter((_, i) => i % 2 === 0));
  const ys = areas.flatMap((area) => area.filter((_, i) => i % 2 === 1));
  return { areas, points, spans, ys };
}

it("draws an oscillation of many rows a pixel as one area between its outlines", () => {
  const { areas, points, spans, ys } = traced(Array.from({ length: 100_000 }, (_, i) => (i % 2 ? 0.5 : -0.5)));
  expect(areas).toHaveLength(1);
  // 0.5 lies at 25, and half of the line's width above it; -0.5 at 75.
  expect([Math.min(...ys), Math.max(...ys)]).toEqual([24, 76]);
  expect(Math.min(...spans)).toBeLessThan(1);
  expect(Math.max(...spans)).toBeGreaterThan(399);
  expect(points.length).toBeLessThan(10);
});

it("draws what does not oscillate as a line, of a few points a pixel however many rows there are", () => {
  const { areas, points } = traced(Array.from({ length: 200_000 }, (_, i) => Math.sin(i / 30_000)));
  expect(areas).toEqual([]);
  expect(points.filter(({ begins }) => begins)).toHaveLength(1);
  expect(points.length).toBeLessThan(4 * BOX.width);
});

it("draws every single spike to its top, and the line goes on behind it", () => {
  const values = Array.from({ length: 100_000 }, () => 0);
  const rows = [5_000, 40_000, 73_211];
  for (const row of rows) values[row] = 0.9;
  const { areas, points } = traced(values);
  expect(areas).toEqual([]);
  const tops = points.filter(({ y }) => Math.abs(y - 5) < 0.01).map(({ x }) => x);
  for (const row of rows) expect(tops.some((x) => Math.abs(x - (row / 100_000) * BOX.width) < 1)).toBe(true);
  expect(points.at(-1)?.x).toBeCloseTo(BOX.width, 1);
});

it("leaves gaps open between areas", () => {
  const values: number[] = Array.from({ length: 60_000 }, (_, i) => (i % 2 ? 0.5 : -0.5));
  values.fill(Number.NaN, 20_000, 40_000);
  const { areas, points, spans } = traced(values);
  expect(areas).toHaveLength(2);
  const inside = (x: number) => x > 136 && x < 264;
  expect(spans.filter(inside)).toEqual([]);
  expect(points.filter(({ x }) => inside(x))).toEqual([]);
});

it("reaches the borders of what is shown, however far the rows before and after it are", () => {
  const times = [0, 1, 2, 3, 4, 5, 6, 7, 900, 901, 1800, 1801];
  const { points } = traced(
    times.map((time) => time / 2000),
    1,
    times,
    [850, 950],
  );
  expect(points[0].begins).toBe(true);
  expect(points[0].x).toBeLessThanOrEqual(0);
  expect(points.at(-1)?.x).toBeGreaterThanOrEqual(BOX.width);
  expect(points.length).toBeLessThan(9);
});
