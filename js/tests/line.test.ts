import { expect, it } from "vitest";
import { LineChart, type Picture } from "../src/charts/line";
import { Envelope } from "../src/envelope";
import { Numbers } from "../src/numbers";
import { Scope } from "../src/scope";
import { readTheme } from "../src/theme";

/** Vertical positions of a line in a plot of `height` CSS pixels, on a logarithmic axis over `y`. */
function drawn(values: number[], y: [number, number], height = 100): number[] {
  const at: number[] = [];
  const take = (_: number, py: number) => void at.push(py);
  const pen = { moveTo: take, lineTo: take } as unknown as CanvasRenderingContext2D;
  const ctx = new Proxy(pen, { get: (own, name) => Reflect.get(own, name) ?? (() => {}), set: () => true });
  const time = new Numbers();
  const value = new Numbers();
  time.append(values.map((_, i) => i));
  value.append(values);
  const host = document.createElement("div");
  document.body.append(host);
  const scope = new Scope();
  const chart = new LineChart(scope, host, height, false);
  const line = { key: "rod", color: "red", width: 1, dash: [], envelope: new Envelope(time, value).update() };
  const label = String;
  const picture: Picture = {
    lines: [line],
    x: [0, values.length],
    y,
    log: true,
    xTicks: [],
    yTicks: [],
    xLabel: label,
    yLabel: label,
    theme: readTheme(host),
    stamp: "",
  };
  chart.resize(400);
  chart.show(picture);
  chart.paint(ctx);
  scope.dispose();
  return at;
}

it("leaves out a zero with round-off, which would be a line down through the whole plot", () => {
  const at = drawn([1e-16, 0.002, 0.004, 0.003], [0.0001, 0.1]);
  expect(at.length).toBeGreaterThan(3);
  expect(Math.max(...at)).toBeLessThan(105);
});

it("draws what is small against the top, and still on the axis", () => {
  const at = drawn([1e-11, 1e-11, 1e-10, 5], [1e-12, 10]);
  expect(at).toHaveLength(5);
});

it("draws a line on its way out of the plot", () => {
  const at = drawn([0.01, 0.001, 1e-6, 0.01], [0.0001, 0.1]);
  expect(at).toHaveLength(5);
  expect(Math.max(...at)).toBeGreaterThan(105);
});

it("leaves a canvas as it is where nothing is new, and draws what is", () => {
  const time = new Numbers();
  const value = new Numbers();
  time.append([0, 1, 2]);
  value.append([1, 2, 3]);
  const host = document.createElement("div");
  document.body.append(host);
  const scope = new Scope();
  const chart = new LineChart(scope, host, 100, false);
  const envelope = new Envelope(time, value);
  const theme = readTheme(host);
  let times = 0;
  const show = (changes: Partial<Picture> = {}) => {
    const before = times;
    chart.show({
      lines: [{ key: "rod", color: "red", width: 1, dash: [], envelope: envelope.update() }],
      x: [0, 5],
      y: [0, 5],
      log: false,
      xTicks: [],
      yTicks: [],
      xLabel: String,
      yLabel: String,
      theme,
      below: () => times++,
      stamp: "",
      ...changes,
    });
    return new Promise<number>((done) => queueMicrotask(() => done(times - before)));
  };
  chart.resize(400);
  return (async () => {
    await show();
    expect(await show()).toBe(0);
    time.append([3]);
    value.append([4]);
    expect(await show()).toBe(1);
    expect(await show()).toBe(0);
    expect(await show({ stamp: "an event" })).toBe(1);
    expect(await show({ x: [0, 6], stamp: "an event" })).toBe(1);
    expect(await show({ stamp: undefined })).toBe(1);
    expect(await show({ stamp: undefined })).toBe(1);
    scope.dispose();
  })();
});
