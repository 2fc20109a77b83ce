import axe from "axe-core";
import { describe, expect, it } from "vitest";
import { FORECAST, measured, NOTES, type Watched, WatchedModel } from "../dev/watched";
import type { Root } from "../src/hook";
import widget from "../src/index";
import { painted } from "./helpers";

async function watched(how: Watched, taken?: ConstructorParameters<typeof WatchedModel>[1]) {
  const model = new WatchedModel(how, taken);
  const { initialize, render } = widget();
  initialize({ model });
  const el = document.createElement("div");
  document.body.append(el);
  render({ model, el });
  await painted();
  const root = el.querySelector(".rodflow") as Root;
  const find = <T extends HTMLElement>(selector: string) => root.querySelector(selector) as T;
  const text = (selector: string) => find(selector).textContent ?? "";
  const key = async (name: string, target: HTMLElement = root) => {
    target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
    await painted();
  };
  const commands = () => model.sent.flatMap((message) => (message.kind === "command" ? [message] : []));
  /** Everything that can be pressed and is not hidden, by its name. */
  const controls = () =>
    [...root.querySelectorAll<HTMLElement>("button, input, select")]
      .filter((control) => !control.closest("[hidden], .rf-menu, .rf-tab-list"))
      .map((control) => control.getAttribute("aria-label") ?? control.textContent ?? "");
  const menu = () =>
    [...root.querySelectorAll<HTMLElement>(".rf-menu button")].filter((b) => !b.hidden).map((b) => b.textContent);
  return { model, root, find, text, key, commands, controls, menu };
}

/** Resolves when the words of a run that goes on have been written anew. */
async function written(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300));
  await painted();
}

describe("a training loop that is watched", () => {
  it("goes on for nobody knows how long", async () => {
    const { root, text, model, find } = await watched("watched");
    expect(text(".rf-footer-facts span")).toBe("step 486");
    find(".rf-header .rf-fold").click();
    await painted();
    expect(text(".rf-brief")).toBe("step 486");
    find(".rf-header .rf-fold").click();
    const right = () => root.rodflow?.client.steps;
    expect(right()).toBeNull();
    model.advance(300);
    await painted();
    expect(root.rodflow?.store.newest).toBeGreaterThan(580);
    expect(text("[data-panel=loss] .rf-legend-head")).toContain("step");
  });

  it("has the controls that it takes, and no others", async () => {
    const { controls, menu, text, find } = await watched("watched");
    const names = controls();
    for (const missing of ["Run", "One step", "Undo", "Reset", "Fork"]) expect(names).not.toContain(missing);
    expect(names).toEqual(
      expect.arrayContaining(["Pause", "Stop", "learning rate", "Forecast next", "steps to forecast"]),
    );
    const entries = menu();
    for (const missing of ["Fork …", "Undo the last change", "Schedule of the learning rate …"])
      expect(entries).not.toContain(missing);
    expect(entries).toEqual(expect.arrayContaining(["Forecast the next steps", "Measuring …", "Stop"]));
    expect(find(".rf-header [role=tab]:nth-child(2)").hidden).toBe(true);
    find(".rf-menu button:last-child").click();
    expect(text(".rf-keys")).toContain("forecast");
    expect(text(".rf-keys")).not.toMatch(/fork|reset|one step/);
  });

  it("hears the keys that do something there, and no others", async () => {
    const { key, commands, root } = await watched("watched");
    for (const name of ["ArrowRight", "u", "r", "t"]) await key(name);
    expect(commands()).toEqual([]);
    expect(root.dataset.tab).toBe("compare");
    await key("]");
    await key("f");
    expect(commands().map(({ name, args }) => [name, args])).toEqual([
      ["set", { learning_rate: 0.714 }],
      ["forecast", { steps: 200 }],
    ]);
  });

  it("cannot be stopped where it does not take that", async () => {
    const { key, commands, controls } = await watched("watched", ["pause", "resume", "set"]);
    expect(controls()).toContain("Pause");
    expect(controls()).not.toContain("Stop");
    await key(" ");
    expect(commands().map(({ name }) => name)).toEqual(["pause"]);
  });

  it("shows the panels of what it measures, and says what that is", async () => {
    const { root, text } = await watched("watched");
    const shown = [...root.querySelectorAll<HTMLElement>(".rf-panel")].map(({ dataset }) => dataset.panel);
    expect(shown).toEqual(["loss", "sharpness", "rod_length"]);
    expect(text(".rf-notes summary")).toBe(`${NOTES[0].split(". ")[0]}.`);
    expect(text(".rf-notes")).toContain(NOTES[1]);
  });

  it("says what measuring costs, and lets it be set", async () => {
    const { find, text, commands, root } = await watched("watched");
    expect(text(".rf-cost")).toBe("measuring takes 6.1\u00a0% of the time (limit 10\u00a0%)");
    find(".rf-cost").click();
    const [share, every] = root.querySelectorAll<HTMLInputElement>(".rf-measuring .rf-number");
    expect([share.value, every.value]).toEqual(["10", "10"]);
    share.value = "25";
    share.dispatchEvent(new Event("input"));
    const apply = () => [...root.querySelectorAll("button")].find((b) => b.textContent === "Apply")?.click();
    apply();
    await painted();
    expect(commands().at(-1)).toMatchObject({ name: "measure", args: { share: 0.25 } });
    expect(text(".rf-cost")).toContain("(limit 25\u00a0%)");
    find(".rf-cost").click();
    const again = root.querySelectorAll<HTMLInputElement>(".rf-measuring .rf-number")[1];
    again.value = "50";
    again.dispatchEvent(new Event("input"));
    apply();
    await painted();
    expect(commands().at(-1)?.args).toEqual({ every: 50 });
    expect(text(".rf-cost")).toMatch(/^measuring every 50 steps takes /);
  });

  it("keeps the focus on that control while its number moves", async () => {
    const { find, model, root } = await watched("watched");
    find(".rf-cost").focus();
    model.cost = { share: 0.09, limit: 0.1, every: null };
    model.advance(5);
    await painted();
    expect(find(".rf-cost").textContent).toContain("9.0\u00a0%");
    expect(root.ownerDocument.activeElement).toBe(find(".rf-cost"));
  });

  it("says where it is saved, and loudly when it cannot be, for as long as that lasts", async () => {
    const fine = await watched("watched");
    expect(fine.text(".rf-footer")).toContain("Saved to runs/eos · 1.2 MB");
    expect(fine.find("[data-about=saving]").hidden).toBe(true);
    const { find, text, model } = await watched("failing");
    expect(find("[data-about=saving]").hidden).toBe(false);
    expect(text("[data-about=saving]")).toMatch(/^Saving fails since step 391: no space left on the device\./);
    expect(find("[data-about=saving]").getAttribute("role")).toBe("alert");
    model.recover();
    await painted();
    expect(find("[data-about=saving]").hidden).toBe(true);
    expect(text(".rf-footer")).toContain("Saved to runs/eos · 1.3 MB");
  });

  it("tells when it came to its edge and left it, as far as its rows say", async () => {
    const { text } = await watched("ended");
    expect(text(".rf-sentences")).toMatch(/SGD (is|has been) (at|below) its edge/);
    expect(text(".rf-sentences")).toMatch(/about step/);
    expect(text(".rf-notice")).toBe("Finished: 600 steps. Last seen at its edge since step 449.Save values");
    expect(text(".rf-notice")).not.toContain("more");
  });

  it("takes nothing any more once it has ended", async () => {
    const { controls, key, commands, text } = await watched("ended");
    for (const missing of ["Stop", "learning rate", "Forecast next"]) expect(controls()).not.toContain(missing);
    for (const name of ["]", "f"]) await key(name);
    expect(commands()).toEqual([]);
    expect(text(".rf-footer")).toContain("measuring takes 6.1");
  });

  it("moves the cursor along its rows, which are not evenly spaced", async () => {
    const { key, find, root } = await watched("watched");
    const figure = find(".rf-figure");
    const times = root.rodflow?.times().discrete ?? [];
    expect(times.every(measured)).toBe(true);
    await key("ArrowLeft", figure);
    expect(root.rodflow?.cursor()).toBe(times.at(-2));
    await key("Home", figure);
    await key("ArrowRight", figure);
    expect(root.rodflow?.cursor()).toBe(times[1]);
    expect(root.querySelector("[data-panel=loss] .rf-value")?.textContent).not.toBe("–");
  });
});

describe("a forecast", () => {
  it("is drawn dashed over its parent under its name, and set against what happened", async () => {
    const { root, text, find } = await watched("forecast");
    expect(text(".rf-chip:nth-child(2) .rf-branch-name")).toBe("forecast at 400");
    expect(text(".rf-chip:nth-child(2) .rf-secondary")).toBe("to step 600");
    expect(find(".rf-chip:nth-child(2)").dataset.kind).toBe("forecast");
    const last = (root.rodflow?.times().discrete ?? []).findLast((time) => time <= 486) ?? 0;
    const rod = root.rodflow?.runs.others[0].store.table("rod");
    const own = root.rodflow?.store.table("discrete");
    const off = (rod?.value("predicted_loss", last) ?? 0) / (own?.value("loss", last) ?? 1) - 1;
    expect(last).toBeGreaterThan(480);
    expect(text(".rf-sentences")).toContain(`Forecast at 400 at step\u00a0${last}: it said loss\u00a0`);
    expect(text(".rf-sentences")).toContain(`% too ${off > 0 ? "high" : "low"})`);
    expect(text(".rf-sentences")).toMatch(/, and sharpness\u00a0[\d.]+ where it has\u00a0[\d.]+ \(/);
    expect(root.rodflow?.runs.reach).toBe(FORECAST.from + FORECAST.steps);
  });

  it("is compared up to the cursor", async () => {
    const { root, text, key, find } = await watched("forecast");
    const figure = find(".rf-figure");
    await key("ArrowLeft", figure);
    const at = root.rodflow?.cursor();
    expect(text(".rf-sentences")).toContain(`Forecast at 400 at step\u00a0${at}: `);
    await key("Home", figure);
    expect(text(".rf-sentences")).toContain("there is nothing to compare");
  });

  it("says so where there is nothing to compare yet", async () => {
    const { text } = await watched("ahead");
    expect(text(".rf-sentences")).toContain(
      "Forecast at 400 goes to step\u00a0600; training is not beyond step\u00a0400 yet: there is nothing to compare.",
    );
  });

  it("says that it could not know of a change that came after it", async () => {
    const { text, model } = await watched("forecast");
    model.advance(20);
    await written();
    expect(text(".rf-sentences")).not.toContain("could not know");
    model.send({ kind: "command", branch: 0, client: "", id: "x", name: "set", args: { learning_rate: 0.3 } });
    model.advance(20);
    await written();
    expect(text(".rf-sentences")).toContain("The learning rate was changed at step\u00a0506, which it could not know.");
  });

  it("is asked for with a number of steps, and refused in the kernel's words", async () => {
    const { find, commands, root } = await watched("watched");
    find<HTMLInputElement>(".rf-forecast .rf-number").value = "50";
    find(".rf-forecast button").click();
    await painted();
    await painted();
    expect(commands().at(-1)).toMatchObject({ name: "forecast", branch: 0, args: { steps: 50 } });
    expect(root.rodflow?.runs.all.map(({ branch }) => branch.kind)).toEqual(["run", "forecast"]);
    find(".rf-chip:nth-child(2) .rf-tool").click();
    expect(root.querySelector(".rf-form")?.textContent).toContain("Forecast from step 400 of run.");
  });

  it("can be looked at itself: it takes no command then", async () => {
    const { find, controls, root, text } = await watched("forecast");
    find(".rf-chip:nth-child(2) .rf-branch").click();
    await painted();
    expect(root.dataset.branch).toBe("1");
    expect(controls()).not.toContain("Stop");
    expect(controls()).not.toContain("learning rate");
    expect(text(".rf-sentences")).toContain("Forecast at 400 at step");
  });
});

describe("a saved run that was opened", () => {
  it("is complete, and has no button that does nothing", async () => {
    const { controls, menu, root, text } = await watched("opened");
    const shown = [...root.querySelectorAll<HTMLElement>(".rf-panel")].map(({ dataset }) => dataset.panel);
    expect(shown).toEqual(["loss", "sharpness", "distance", "rod_length"]);
    const names = controls();
    for (const missing of ["Run", "Stop", "Undo", "Reset", "Fork", "learning rate", "Forecast next", "Run 600 more"])
      expect(names).not.toContain(missing);
    expect(
      [...root.querySelectorAll("button, input")].filter((c) => !c.closest("[hidden]") && c.matches(":disabled")),
    ).toEqual([]);
    expect(names).toContain("Save values");
    expect(menu()).not.toContain("Fork …");
    expect(text(".rf-rate")).toMatch(/learning rate.*0\.68.*edge 0\.\d+/);
    expect(text(".rf-footer")).toContain("Saved to runs/eos · 1.2 MB");
    expect(text(".rf-sentences")).toContain("Gradient descent");
  });

  it("has its spectrum without asking for what is not recorded", async () => {
    const { key, root, commands, text, find } = await watched("opened");
    await key("s");
    expect(root.dataset.tab).toBe("spectrum");
    expect(find(".rf-spectrum-ask").hidden).toBe(true);
    expect(text(".rf-density-note")).toContain("there is only what was recorded");
    await key("t");
    expect(root.dataset.tab).toBe("spectrum");
    expect(commands()).toEqual([]);
  });
});

describe("to a screen reader", () => {
  it.each(["watched", "failing", "forecast", "ended", "opened"] as const)("%s has no violation", async (how) => {
    const { root } = await watched(how);
    const { violations } = await axe.run(root, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
  });
});
