import { describe, expect, it } from "vitest";
import { Contours, levelsOf, shade } from "../src/charts/contours";
import { type Grid, readGrid, refine, sample } from "../src/charts/grid";
import type { PlaneFrame } from "../src/charts/plane";
import type { Theme } from "../src/theme";

const LIGHT = { dark: false, ground: "#ffffff" } as Theme;
const DARK = { dark: true, ground: "#111111" } as Theme;

/** f over [−1, 1] × [−1, 1]. */
function gridOf(f: (x: number, y: number) => number, n = 49): Grid {
  const node = (i: number) => (2 * i) / (n - 1) - 1;
  const values = Float64Array.from({ length: n * n }, (_, i) => f(node(i % n), node(Math.floor(i / n))));
  return { nx: n, ny: n, x: [-1, 1], y: [-1, 1], values };
}

describe("a lattice", () => {
  const all = gridOf((x, y) => x + 2 * y).values;
  const partly = (stride: number) =>
    all.map((value, i) => ((i % 49) % stride || Math.floor(i / 49) % stride ? Number.NaN : value));

  it("is read as fine as it is complete", () => {
    const nodes = (values: ArrayLike<number>) => readGrid(values, 49, 49, [-1, 1], [-1, 1], false)?.nx ?? null;
    expect([nodes(partly(16)), nodes(partly(4)), nodes(all)]).toEqual([4, 13, 49]);
    const begun = partly(16);
    begun[16] = Number.NaN;
    expect(nodes(begun)).toBeNull();
  });

  it("takes what has no number as high once it is complete", () => {
    const values = all.slice();
    values[0] = Number.NaN;
    expect(readGrid(values, 49, 49, [-1, 1], [-1, 1], true)?.values[0]).toBe(Number.POSITIVE_INFINITY);
  });

  it("is read between its nodes, and not outside", () => {
    const grid = readGrid(partly(8), 49, 49, [-1, 1], [-1, 1], false) as Grid;
    expect(sample(grid, 0.31, -0.77)).toBeCloseTo(0.31 - 2 * 0.77, 6);
    expect(sample(grid, -1, 1)).toBeCloseTo(1, 6);
    expect(sample(grid, 1.01, 0)).toBeNaN();
    const line: Grid = { nx: 3, ny: 1, x: [0, 2], y: [0, 0], values: Float64Array.of(0, 1, 4) };
    expect([sample(line, 0), sample(line, 1), sample(line, 2)]).toEqual([0, 1, 4]);
  });

  it("is refined through its nodes, without error for a parabola away from the border", () => {
    const parabola = (x: number, y: number) => x * x + 3 * y * y - x * y;
    const coarse = gridOf(parabola, 13);
    const fine = refine(coarse, 144, 100);
    expect([fine.nx, fine.ny]).toEqual([145, 145]);
    expect(fine.values[12 * 145 + 24]).toBeCloseTo(coarse.values[13 + 2], 12);
    for (const [x, y] of [
      [0.123, -0.4],
      [-0.61, 0.57],
    ])
      expect(Math.abs(sample(fine, x, y) - parabola(x, y))).toBeLessThan(4e-4);
  });
});

describe("levels", () => {
  it("are a third of a decade apart where the loss spans decades", () => {
    const values = Array.from({ length: 1000 }, (_, i) => 10 ** (-4 + (i / 1000) * 4));
    expect(levelsOf(values)).toEqual({ values: [0.003, 0.01, 0.03, 0.1, 0.3], base: 0 });
  });

  it("are equally spaced where it hardly changes", () => {
    const narrow = levelsOf(Array.from({ length: 100 }, (_, i) => 0.03 + 0.0001 * i)).values;
    const steps = narrow.slice(1).map((level, i) => level - narrow[i]);
    expect(narrow.length).toBeGreaterThan(6);
    for (const step of steps) expect(step).toBeCloseTo(steps[0], 10);
  });

  it("are counted from the lowest loss where that is negative", () => {
    const { values, base } = levelsOf(Array.from({ length: 1000 }, (_, i) => (i / 500) ** 2 - 0.0747));
    expect(base).toBe(-0.075);
    expect(values.map((level) => Number((level - base).toPrecision(6)))).toEqual([0.03, 0.1, 0.3, 1, 3]);
  });

  it("are none for a constant, and for nothing", () => {
    expect([levelsOf([2, 2, 2]).values, levelsOf([Number.NaN]).values]).toEqual([[], []]);
  });
});

describe("contours", () => {
  it("run where the loss has their level", () => {
    const loss = (x: number, y: number) => 0.01 + x * x + 5 * y * y;
    const contours = new Contours(gridOf(loss));
    const filled: [number, number][][] = [];
    let path: [number, number][] = [];
    const ctx = new Proxy({} as Record<string, unknown>, {
      get: (_, name: string) => {
        if (name === "beginPath") return () => (path = []);
        if (name === "moveTo" || name === "lineTo") return (x: number, y: number) => path.push([x, y]);
        if (name === "fill") return () => filled.push(path);
        return () => {};
      },
      set: () => true,
    });
    const frame = { ctx, x: (x: number) => 100 * x, y: (y: number) => -100 * y } as unknown as PlaneFrame;
    contours.draw(frame, LIGHT);
    expect(filled).toHaveLength(contours.levels.length);
    filled.forEach((points, i) => {
      const inside = points.filter(([x, y]) => Math.abs(x) < 99 && Math.abs(y) < 99);
      if (contours.levels[i] < 0.9) expect(inside.length).toBeGreaterThan(20);
      for (const [x, y] of inside) expect(loss(x / 100, -y / 100) / contours.levels[i]).toBeCloseTo(1, 1);
    });
  });

  it("get farther from the ground with height, and leave the flows a contrast of 3", () => {
    const luminance = (color: string) => {
      const hex = color.startsWith("#") ? [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16)) : null;
      const parts = hex ?? (color.match(/\d+/g) ?? []).map(Number);
      const [r, g, b] = parts.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a: string, b: string) => {
      const [low, high] = [luminance(a), luminance(b)].sort((p, q) => p - q);
      return (high + 0.05) / (low + 0.05);
    };
    const flows: [Theme, string[]][] = [
      [LIGHT, ["#1a70f2", "#885183", "#028a5f", "#c63b08"]],
      [DARK, ["#4b8efd", "#d2a0cb", "#7fd49b", "#ff7433"]],
    ];
    for (const [theme, colors] of flows) {
      expect(contrast(shade(1, theme), theme.ground)).toBeGreaterThan(contrast(shade(0.2, theme), theme.ground));
      for (const color of colors) expect(contrast(color, shade(1, theme))).toBeGreaterThan(3);
    }
  });
});
