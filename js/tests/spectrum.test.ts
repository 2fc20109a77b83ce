import { afterEach, describe, expect, it, vi } from "vitest";
import { density, FakeSurveyor } from "../dev/density";
import { FakeModel, NADAM, type Scene } from "../dev/fake";
import { type Context, ViewState } from "../src/context";
import { Runs } from "../src/runs";
import { Scope } from "../src/scope";
import { processStyles, readTheme } from "../src/theme";
import { SpectrumView } from "../src/views/spectrum";
import { REST } from "../src/views/spectrum/surveys";
import type { Parameter } from "../src/wire";
import { painted } from "./helpers";
import { alive } from "./setup";

afterEach(() => vi.restoreAllMocks());

/** The view alone, on the fake kernel and a surveyor that answers by hand. */
async function shown(scene: Scene, { others = [] as Parameter[], eigenvalues = 8 } = {}) {
  const model = new FakeModel(scene, 600, others, eigenvalues);
  const runs = new Runs(model);
  const client = runs.selected;
  const scope = new Scope();
  const root = document.createElement("div");
  document.body.append(root);
  const surveyor = new FakeSurveyor();
  client.survey = surveyor.survey;
  const draw = scope.frame(() => view.update());
  const context: Context = {
    runs,
    client,
    scope,
    root,
    view: new ViewState(),
    theme: readTheme(root),
    styles: processStyles(client.spec.processes),
    size: "wide",
    redraw: draw,
  };
  const view = new SpectrumView(context);
  root.append(view.element);
  scope.add(client.changed.subscribe(draw));
  scope.add(client.store.changed.subscribe(draw));
  scope.add(context.view.changed.subscribe(draw));
  view.update();
  await painted();
  const find = <E extends HTMLElement>(selector: string) => root.querySelector(selector) as E;
  const text = (selector: string) => (find(selector)?.textContent ?? "").replaceAll("\u00a0", " ");
  const all = (selector: string) => [...root.querySelectorAll(selector)].map((element) => element.textContent);
  const ask = find<HTMLButtonElement>(".rf-spectrum-ask button");
  const go = async (step: number) => {
    context.view.setCursor(step, true);
    await painted();
  };
  return { model, client, scope, root, surveyor, context, view, find, text, all, ask, go };
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
    const { ask, go, surveyor, text, find, all } = await shown("finished");
    await go(300);
    expect(ask.textContent).toBe("Spectral density at step 300");
    ask.click();
    await painted();
    expect(surveyor.asked).toEqual([{ step: 300, process: "discrete" }]);
    expect(ask.disabled).toBe(true);
    expect(text(".rf-density-note")).toMatch(/^Working/);
    surveyor.answer({ ...density(300), share: 0.4 });
    await painted();
    expect(text(".rf-density-method")).toBe("Working: 40 % done.");
    expect(find(".rf-density-note").hidden).toBe(true);
    surveyor.answer(density(300));
    await painted();
    expect(text(".rf-density .rf-panel-title")).toBe("All 3,466 at step 300");
    expect(all(".rf-sentences li").at(-1)).toMatch(/of 3,466 eigenvalues exceed 1/);
    await go(310);
    expect(ask.disabled).toBe(false);
    expect(text(".rf-density .rf-panel-title")).toBe("All 3,466 at step 300");
  });

  it("marks what is recorded, also where it does not stand alone, and outliers once", async () => {
    const { ask, client, go, surveyor, find } = await shown("finished");
    await go(230);
    ask.click();
    const largest = client.store.table("discrete")?.value("eigenvalues", 230) ?? 0;
    const survey = density(230, largest, 2.353);
    survey.arrays.set("outliers", { shape: [2], values: Float32Array.from([largest, -0.5]) });
    surveyor.answer(survey);
    await painted();
    expect(find(".rf-density-chart").getAttribute("aria-label")).toMatch(/9 are marked, 4 of them critical/);
  });

  it("has both charts on one vertical axis, and the edge at one height", async () => {
    const { ask, go, surveyor, view } = await shown("finished");
    await go(300);
    ask.click();
    surveyor.answer(density(300));
    await painted();
    const { over, beside } = view as unknown as Record<"over" | "beside", { chart: { y(value: number): number } }>;
    for (const value of [0, 1, 2.353]) expect(beside.chart.y(value)).toBeCloseTo(over.chart.y(value), 9);
    expect(over.chart.y(2.353)).toBeGreaterThan(0);
  });

  it("says in the plot why a density was refused", async () => {
    const { ask, go, surveyor, find } = await shown("finished");
    await go(40);
    ask.click();
    surveyor.refuse("step=40 is not kept any more: steps 96 to 600 are.");
    await painted();
    expect(find(".rf-density-note").textContent).toBe("step=40 is not kept any more: steps 96 to 600 are.");
    expect(find(".rf-density-note").dataset.tone).toBe("warning");
    expect(ask.disabled).toBe(false);
  });

  it("follows the cursor once it rests, where that is wanted", async () => {
    const { find, go, surveyor } = await shown("finished");
    const follow = find<HTMLInputElement>(".rf-follow input");
    await go(200);
    await new Promise((resolve) => setTimeout(resolve, REST + 50));
    expect(surveyor.asked).toHaveLength(0);
    follow.click();
    await painted();
    await new Promise((resolve) => setTimeout(resolve, REST + 50));
    expect(surveyor.asked).toEqual([{ step: 200, process: "discrete" }]);
  });

  it("waits for rows, and asks a kernel that has gone for nothing", async () => {
    const ready = await shown("ready");
    expect([ready.ask.disabled, ready.ask.title]).toEqual([true, "Nothing has run yet"]);
    expect(ready.all(".rf-strip b")).toEqual(Array(8).fill("–"));
    expect(ready.all(".rf-sentences li")).toEqual([]);
    const gone = await shown("gone");
    gone.client.gone = true;
    gone.client.changed.emit();
    await painted();
    expect([gone.ask.disabled, gone.ask.title]).toEqual([true, "There is no kernel"]);
    expect(gone.text(".rf-density-note")).toMatch(/^There is no kernel/);
  });

  it("shows nothing of the run before a reset", async () => {
    const { ask, client, go, model, surveyor, text, context } = await shown("finished");
    await go(300);
    ask.click();
    surveyor.answer(density(300));
    await painted();
    expect(text(".rf-density .rf-panel-title")).toMatch(/at step 300/);
    context.view.setCursor(null, false);
    void client.command("reset");
    await painted();
    model.advance(3);
    await painted();
    expect(text(".rf-density .rf-panel-title")).toBe("All 3,466");
  });

  it("leaves nothing behind", async () => {
    const before = { ...alive };
    const { scope, client } = await shown("running");
    scope.dispose();
    client.dispose();
    expect(scope.size).toBe(0);
    expect(alive).toEqual(before);
  });
});
