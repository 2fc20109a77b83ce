import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Scope } from "../src/scope";
import { FASTEST, paced, set, settings, watchSettings } from "../src/settings";
import { processStyles, readTheme, watchTheme } from "../src/theme";

afterEach(() => set(undefined));

describe("settings", () => {
  it("have defaults, also for what cannot be used", () => {
    expect(settings()).toEqual({ palette: "standard", frameRate: FASTEST });
    set({ palette: "rainbow", frameRate: Number.NaN });
    expect(settings()).toEqual({ palette: "standard", frameRate: FASTEST });
    set({ palette: "greys", frameRate: 0 });
    expect(settings()).toEqual({ palette: "greys", frameRate: FASTEST });
    set({ palette: "distinct", frameRate: 4 });
    expect(settings()).toEqual({ palette: "distinct", frameRate: 4 });
  });

  it("are told to those who watch, until their scope ends", () => {
    const scope = new Scope();
    const changed = vi.fn();
    watchSettings(scope, changed);
    set({ palette: "greys" });
    expect(changed).toHaveBeenCalledTimes(1);
    scope.dispose();
    set({ palette: "standard" });
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it("change the colours of processes, and not their dashes", () => {
    const scope = new Scope();
    const processes = (["iterates", "rod", "central", "edge", "stable"] as const).map((kind) => ({
      name: kind,
      kind,
      label: kind,
      detail: "",
      columns: [],
    }));
    const styles = processStyles(processes);
    const root = document.body;
    const seen: string[][] = [];
    const look = () => seen.push(styles.map((style) => style.color(readTheme(root))));
    watchTheme(scope, root, look);
    look();
    set({ palette: "distinct" });
    set({ palette: "greys" });
    expect(seen).toHaveLength(3);
    for (const colours of seen) expect(new Set(colours).size).toBe(5);
    for (const colour of seen[2]) expect(colour).toMatch(/^#(..)\1\1$/);
    expect(readTheme(root).band).toBe(seen[2][0]);
    scope.dispose();
  });
});

describe("the frame rate", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("draws at once where there is no limit", () => {
    const draw = vi.fn();
    const redraw = paced(new Scope(), draw);
    for (let i = 0; i < 5; i++) redraw();
    expect(draw).toHaveBeenCalledTimes(5);
  });

  it("leaves out drawings in between, but never the last", () => {
    set({ frameRate: 4 });
    const draw = vi.fn();
    const scope = new Scope();
    const redraw = paced(scope, draw);
    for (let time = 0; time < 1000; time += 10) {
      redraw();
      vi.advanceTimersByTime(10);
    }
    expect(draw).toHaveBeenCalledTimes(5);
    redraw();
    vi.advanceTimersByTime(249);
    expect(draw).toHaveBeenCalledTimes(5);
    vi.advanceTimersByTime(1);
    expect(draw).toHaveBeenCalledTimes(6);
    vi.advanceTimersByTime(2000);
    expect(draw).toHaveBeenCalledTimes(6);
    redraw();
    expect(draw).toHaveBeenCalledTimes(7);
    redraw();
    scope.dispose();
    vi.advanceTimersByTime(2000);
    expect(draw).toHaveBeenCalledTimes(7);
  });
});
