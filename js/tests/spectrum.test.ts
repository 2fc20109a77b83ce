import axe from "axe-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DensityModel, density } from "../dev/density";
import { NADAM, type Scene } from "../dev/fake";
import type { Root } from "../src/hook";
import widget from "../src/index";
import { views } from "../src/views";
import type { SpectrumView } from "../src/views/spectrum";
import { REST } from "../src/views/spectrum/surveys";
import type { Parameter } from "../src/wire";
import { painted } from "./helpers";
import { alive } from "./setup";

afterEach(() => vi.restoreAllMocks());

/** The widget with the Spectrum view, on a kernel that answers by hand. */
async function shown(scene: Scene, { others = [] as Parameter[], eigenvalues = 8 } = {}) {
  const create = vi.spyOn(views.spectrum, "create");
  const model = new DensityModel(scene, eigenvalues, others);
  const { initialize, render } = widget();
  const stop = initialize({ model });
  const el = document.createElement("div");
  document.body.append(el);
  const unmount = render({ model, el });
  const root = el.querySelector(".rodflow") as Root;
  await painted();
  [...root.querySelectorAll<HTMLElement>("[role=tab]")].find((tab) => tab.textContent === "Spectrum")?.click();
  await painted();
  const view = create.mock.results.at(-1)?.value as SpectrumView;
  const [context] = create.mock.lastCall ?? [];
  if (!context) throw new Error("The view was not made.");
  const find = <E extends HTMLElement>(selector: string) => view.element.querySelector(selector) as E;
  const text = (selector: string) => (find(selector)?.textContent ?? "").replaceAll("\u00a0", " ");
  const all = (selector: string) => [...view.element.querySelectorAll(selector)].map((element) => element.textContent);
  const ask = find<HTMLButtonElement>(".rf-spectrum-ask button");
  const off = () => ask.getAttribute("aria-disabled") === "true";
  const asked = () => model.asked.map(({ step, process }) => ({ step, process }));
  const go = async (step: number) => {
    context.view.setCursor(step, true);
    await painted();
  };
  const { client } = context;
  return { model, client, root, context, view, find, text, all, ask, off, asked, go, unmount, stop };
}

describe("the Spectrum view", () => {
  it("tells of the largest eigenvalues of the iterates at the newest step", async () => {
    const { text, all, view, client } = await shown("finished");
    expect(text(".rf-panel-title")).toBe("Eight largest eigenvalues");
    expect(text(".rf-subtitle")).toMatch(/^of the Hessian at the midpoints; .* 2 \/ learning rate$/);
    expect(view.at).toBe(600);
    const values = Array.from(
      { length: 8 },
      (_, i) => client.store.table("discrete")?.value("eigenvalues", 600, i) ?? 0,
    );
    expect(all(".rf-strip b")).toEqual(values.map((value) => value.toPrecision(4)));
    expect(all(".rf-strip-share")[0]).toBe(`${(values[0] / (2 / 0.68)).toFixed(3)} of the edge`);
    expect(all(".rf-strip-name").slice(0, 4)).toEqual(["largest", "2nd", "3rd", "4th"]);
  });

  it("fills the dots of critical directions, as many as the words say", async () => {
    const { go, root, text } = await shown("finished");
    await go(230);
    expect(root.querySelectorAll('[data-critical="true"]')).toHaveLength(4);
    expect(text(".rf-sentences li")).toMatch(/^Four directions are critical at step 230/);
  });

  it("shows another process that records eigenvalues", async () => {
    const { find, all, text } = await shown("finished");
    expect(all(".rf-segments button")).toEqual(["iterates", "rod", "central", "edge", "stable"]);
    const before = all(".rf-strip b");
    find('[data-process="stable"]').click();
    await painted();
    expect(find('[data-process="stable"]').getAttribute("aria-pressed")).toBe("true");
    expect(find('[data-process="discrete"]').getAttribute("aria-pressed")).toBe("false");
    expect(text(".rf-subtitle")).toMatch(/at the centre of stable flow/);
    expect(all(".rf-strip b")).not.toEqual(before);
  });

  it("leaves out processes without eigenvalues, and says how to record more than one", async () => {
    const { all, text } = await shown("finished", { eigenvalues: 0 });
    expect(all(".rf-segments button")).toEqual(["iterates"]);
    const one = await shown("finished", { eigenvalues: 1 });
    expect(one.text(".rf-panel-title")).toBe("Largest eigenvalue");
    expect(one.all(".rf-sentences code")).toEqual(["rf.compare(…, eigenvalues=8)"]);
    expect(text(".rf-sentences")).not.toMatch(/rf\.compare/);
  });

  it("speaks of the preconditioned Hessian where there is one", async () => {
    const { text } = await shown("finished", { others: NADAM });
    expect(text(".rf-subtitle")).toMatch(/^of the preconditioned Hessian /);
  });

  it("moves the shared cursor by keys, and by a pointer that a click pins", async () => {
    const { view, context, find } = await shown("finished");
    view.moveCursor(-10);
    expect([context.view.cursor, context.view.pinned]).toEqual([590, true]);
    context.view.setCursor(null, false);
    const host = find(".rf-spectrum-time .rf-chart");
    // 960 px wide: the plot begins at 56 px and ends 12 px before the border.
    const at = (step: number) => ({ clientX: 56 + (step / 600) * (960 - 68), bubbles: true });
    host.dispatchEvent(new MouseEvent("pointermove", at(150)));
    expect([context.view.cursor, context.view.pinned]).toEqual([150, false]);
    host.dispatchEvent(new MouseEvent("click", at(150)));
    host.dispatchEvent(new MouseEvent("pointermove", at(300)));
    expect([context.view.cursor, context.view.pinned]).toEqual([150, true]);
  });

  it("asks for the density at the cursor's step, and draws what comes", async () => {
    const { ask, asked, go, off, model, text, find, all } = await shown("finished");
    await go(300);
    expect(ask.textContent).toBe("Spectral density at step 300");
    ask.click();
    await painted();
    expect(asked()).toEqual([{ step: 300, process: "discrete" }]);
    expect(off()).toBe(true);
    expect(text(".rf-density-note")).toMatch(/^Working/);
    model.answer({ ...density(300), share: 0.4 });
    await painted();
    expect(text(".rf-density-method")).toBe("Working: 40 % done.");
    expect(find(".rf-density-note").hidden).toBe(true);
    model.answer(density(300));
    await painted();
    expect(text(".rf-density .rf-panel-title")).toBe("All 3,466 at step 300");
    expect(all(".rf-sentences li").at(-1)).toMatch(/of 3,466 eigenvalues exceed 1/);
    await go(310);
    expect(off()).toBe(false);
    expect(text(".rf-density .rf-panel-title")).toBe("All 3,466 at step 300");
  });

  it("marks what is recorded, also where it does not stand alone, and outliers once", async () => {
    const { ask, client, go, model, find } = await shown("finished");
    await go(230);
    ask.click();
    const largest = client.store.table("discrete")?.value("eigenvalues", 230) ?? 0;
    const survey = density(230, largest, 2.353);
    survey.arrays.set("outliers", { shape: [2], values: Float32Array.from([largest, -0.5]) });
    model.answer(survey);
    await painted();
    expect(find(".rf-density-chart").getAttribute("aria-label")).toMatch(/9 are marked, 4 of them critical/);
  });

  it("has both charts on one vertical axis, and the edge at one height", async () => {
    const { ask, go, model, view } = await shown("finished");
    await go(300);
    ask.click();
    model.answer(density(300));
    await painted();
    const { over, beside } = view as unknown as Record<"over" | "beside", { chart: { y(value: number): number } }>;
    for (const value of [0, 1, 2.353]) expect(beside.chart.y(value)).toBeCloseTo(over.chart.y(value), 9);
    expect(over.chart.y(2.353)).toBeGreaterThan(0);
  });

  it("says in the plot why a density was refused", async () => {
    const { ask, go, off, model, find } = await shown("finished");
    await go(40);
    ask.click();
    model.refuse("step=40 is not kept any more: steps 96 to 600 are.");
    await painted();
    expect(find(".rf-density-note").textContent).toBe("step=40 is not kept any more: steps 96 to 600 are.");
    expect(find(".rf-density-note").dataset.tone).toBe("warning");
    expect(off()).toBe(false);
  });

  it("follows the cursor once it rests, where that is wanted", async () => {
    const { asked, find, go } = await shown("finished");
    const follow = find<HTMLInputElement>(".rf-follow input");
    await go(200);
    await new Promise((resolve) => setTimeout(resolve, REST + 50));
    expect(asked()).toHaveLength(0);
    follow.click();
    await painted();
    await new Promise((resolve) => setTimeout(resolve, REST + 50));
    expect(asked()).toEqual([{ step: 200, process: "discrete" }]);
  });

  it("waits for rows, and asks a kernel that has gone for nothing", async () => {
    const ready = await shown("ready");
    expect([ready.off(), ready.ask.title]).toEqual([true, "Nothing has run yet"]);
    expect(ready.all(".rf-strip b")).toEqual(Array(8).fill("–"));
    expect(ready.all(".rf-sentences li")).toEqual([]);
    const gone = await shown("gone");
    gone.client.gone = true;
    gone.client.changed.emit();
    await painted();
    expect([gone.off(), gone.ask.title]).toEqual([true, "There is no kernel"]);
    expect(gone.text(".rf-density-note")).toMatch(/^There is no kernel/);
  });

  it("shows nothing of the run before a reset", async () => {
    const { ask, client, go, model, text, context } = await shown("finished");
    await go(300);
    ask.click();
    model.answer(density(300));
    await painted();
    expect(text(".rf-density .rf-panel-title")).toMatch(/at step 300/);
    context.view.setCursor(null, false);
    void client.command("reset");
    await painted();
    model.advance(3);
    await painted();
    expect(text(".rf-density .rf-panel-title")).toBe("All 3,466");
  });

  it("keeps to the steps that the time axis is limited to", async () => {
    const { context, view } = await shown("finished");
    const { chart } = (view as unknown as { over: { chart: { x(time: number): number; plotWidth: number } } }).over;
    context.view.setSpan([100, 200]);
    await painted();
    expect(chart.x(100)).toBeCloseTo(0, 9);
    expect(chart.x(200)).toBeCloseTo(chart.plotWidth, 9);
  });

  it("asks the branch that is looked at, and shows nothing of another", async () => {
    const { ask, context, client, go, model, text, root } = await shown("finished");
    await go(300);
    ask.click();
    model.answer(density(300));
    await painted();
    void client.command("fork", { at: 300 });
    await painted();
    context.runs.select(1);
    await painted();
    expect(root.dataset.branch).toBe("1");
    expect(text(".rf-density .rf-panel-title")).toBe("All 3,466");
  });

  it("brings its charts into a saved picture", async () => {
    const { ask, go, model, view } = await shown("finished");
    expect(view.plates().map(({ title }) => title)).toEqual(["Eight largest eigenvalues", "At the edge"]);
    await go(300);
    ask.click();
    model.answer(density(300));
    await painted();
    const [, , beside] = view.plates();
    expect(beside.title).toBe("All 3,466 at step 300");
    const texts: string[] = [];
    const ctx = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
    ctx.fillText = (text: string) => void texts.push(text);
    beside.paint(ctx);
    expect(texts).toEqual(expect.arrayContaining(["1,000", "3", "4", "edge 2.35"]));
  });

  it("has no violation that axe knows of", async () => {
    const { ask, go, model, view } = await shown("finished");
    await go(300);
    ask.click();
    model.answer(density(300));
    await painted();
    // What needs a layout is looked at in a browser.
    const { violations } = await axe.run(view.element, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map(({ id }) => id)).toEqual([]);
  });

  it("leaves nothing behind", async () => {
    const before = { ...alive };
    const { stop, unmount } = await shown("running");
    unmount();
    stop?.();
    expect(alive).toEqual(before);
  });
});
