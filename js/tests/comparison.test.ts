import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeModel, NADAM } from "../dev/fake";
import type { Root } from "../src/hook";
import widget from "../src/index";
import type { Spec } from "../src/wire";
import { mounted, painted } from "./helpers";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const lines = (root: HTMLElement) =>
  [...root.querySelectorAll<HTMLElement>(".rf-flows li")].map(({ dataset, textContent }) => [
    dataset.process,
    textContent?.replaceAll("\u00a0", " "),
  ]);

/** A mounted widget whose spec was changed before. */
async function mountedWith(change: (spec: Spec) => void): Promise<Root> {
  const model = new FakeModel("paused");
  change((model.get("branches") as { spec: Spec }[])[0].spec);
  const { initialize, render } = widget();
  initialize({ model });
  const el = document.createElement("div");
  document.body.append(el);
  render({ model, el });
  await painted();
  return el.querySelector(".rodflow") as Root;
}

describe("the words below the charts", () => {
  it("have a line for every flow, with its sample, ordered by distance", async () => {
    const { root } = await mounted("paused");
    const all = lines(root);
    expect(all.map(([name]) => name)).toEqual(["rod", "central", "edge", "stable"]);
    expect(all[0][1]).toMatch(
      /^Rod flow is closest to the iterates: 0\.7 % of the distance travelled, 15 times closer/,
    );
    const sample = (name: string) => root.querySelector(`.rf-flows [data-process=${name}] line`) as SVGLineElement;
    expect([sample("rod"), sample("stable")].map((line) => line.getAttribute("stroke"))).toEqual([
      "#c63b08",
      "#1a70f2",
    ]);
    expect(sample("stable").getAttribute("stroke-dasharray")).toBe("7 4");
  });

  it("follow the cursor", async () => {
    const { find, text, key } = await mounted("paused");
    const figure = find(".rf-figure");
    expect(text(".rf-sentences")).toContain("Paused at step 392. Space goes on");
    expect(text(".rf-sentences")).toMatch(/Gradient descent has been at its edge \(ratio\s0\.98\) since step\s\d+;/);
    await key("Home", {}, figure);
    expect(text(".rf-sentences")).toMatch(/^At step\s0: gradient descent is below its edge \(ratio\s0\.65\)\./);
    expect(text(".rf-flows")).toMatch(/Rod flow begins at step\s2\./);
    await key("End", {}, figure);
    for (let at = 392; at > 160; at -= at > 170 ? 10 : 1) await key("ArrowLeft", { shiftKey: at > 170 }, figure);
    expect(text(".rf-sentences")).toMatch(/is above it now \(ratio\s1\.\d\d\)/);
  });

  it("leave out hidden flows, and keep their room", async () => {
    const { root, find } = await mounted("paused");
    const room = () => find(".rf-comparison").style.getPropertyValue("--rf-flows");
    find(".rf-process[data-process=rod]").click();
    find(".rf-process[data-process=stable]").click();
    await painted();
    expect(lines(root)).toEqual([
      [
        "central",
        expect.stringMatching(/^Central flow is closest to the iterates: 1\.4 % of the distance travelled; it/),
      ],
      ["edge", expect.stringMatching(/^Edge flow is 1\.8 % away; it predicts/)],
    ]);
    expect(room()).toBe("4");
    find(".rf-process[data-process=discrete]").click();
    await painted();
    expect(find(".rf-sentences").textContent).toContain("at its edge");
  });

  it("are short where there is little room", async () => {
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(386);
    const { root, text } = await mounted("paused");
    await vi.waitFor(() => expect(root.dataset.size).toBe("tiny"));
    await painted();
    expect(lines(root).map(([, line]) => line)).toEqual([
      "Rod flow is closest: 0.7 %.",
      "Central flow is 1.4 % away.",
      "Edge flow is 1.8 % away.",
      "Stable flow is 10 % away, beyond the edge (ratio 1.50).",
    ]);
    expect(text(".rf-sentences")).not.toContain("eigenvalues");
  });

  it("show a label that holds markup as text", async () => {
    const label = "<img src=x onerror=alert(1)>";
    const root = await mountedWith((spec) => {
      Object.assign(spec.processes[1], { name: label, label, detail: label });
      spec.optimizer.label = label;
      spec.processes[1].columns[1].meaning = label;
    });
    expect(root.querySelector("img")).toBeNull();
    expect(lines(root)[0][1]).toMatch(/^<img src=x onerror=alert\(1\)> is closest/);
    expect(root.querySelector(".rf-sentences")?.textContent).toContain(`${label} has been at its edge`);
  });

  it("do without iterates", async () => {
    const root = await mountedWith((spec) => {
      spec.processes.shift();
      for (const process of spec.processes)
        process.columns = process.columns.map((column) =>
          column.name.endsWith("distance") ? { ...column, name: "unknown" } : column,
        );
    });
    expect(root.querySelector(".rf-sentences")?.textContent).toBe(
      "Paused at step 392. Space goes on, → makes one step.",
    );
    expect(lines(root)[0][1]).toMatch(
      /^Rod flow is (at|above|below) the edge \(ratio \d\.\d\d\) and predicts rod length/,
    );
  });

  it("name the optimizer and the Hessian it is about", async () => {
    const { text } = await mounted("paused", 600, NADAM);
    expect(text(".rf-sentences")).toContain("eigenvalues of the preconditioned Hessian");
  });

  it("are written anew a few times a second while the run goes", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      const { model, text } = await mounted("running");
      const written = text(".rf-comparison");
      model.advance(20);
      await painted();
      expect(text(".rf-comparison")).toBe(written);
      vi.advanceTimersByTime(249);
      expect(text(".rf-comparison")).toBe(written);
      vi.advanceTimersByTime(2);
      expect(text(".rf-comparison")).not.toBe(written);
    } finally {
      vi.useRealTimers();
    }
  });

  it("keep the room that they have had while the run goes", async () => {
    const callbacks: (() => void)[] = [];
    const observe = vi.spyOn(globalThis.ResizeObserver.prototype, "observe").mockImplementation(function (this: never) {
      callbacks.push(() => (this as { callback: (entries: never[]) => void }).callback([]));
    });
    const height = vi.spyOn(HTMLElement.prototype, "offsetHeight", "get");
    const { find } = await mounted("running");
    observe.mockRestore();
    const room = (now: number) => {
      height.mockReturnValue(now);
      for (const callback of callbacks) callback();
      return find(".rf-comparison").style.minHeight;
    };
    expect([room(133), room(171), room(133)]).toEqual(["133px", "171px", "171px"]);
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(800);
    expect(room(152)).toBe("152px");
  });

  it("are read out at most once in five seconds, and all of them only where the run stands still", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { model, text } = await mounted("running");
    vi.advanceTimersByTime(0);
    const spoken = text("[aria-live]");
    expect(spoken).toMatch(/^Gradient descent .*\. Rod flow is closest .* it predicts rod length\s0\.011\.$/);
    model.advance(30);
    await painted();
    vi.advanceTimersByTime(4000);
    expect(text("[aria-live]")).toBe(spoken);
    vi.advanceTimersByTime(1000);
    expect(text("[aria-live]")).not.toBe(spoken);
    expect(text("[aria-live]")).not.toContain("Stable flow is");
    vi.useRealTimers();
    const paused = await mounted("paused");
    await vi.waitFor(() => expect(paused.text("[aria-live]")).toContain("Stable flow is"));
  });
});

describe("a tooltip comes from the column that holds the number", () => {
  const source = "a source";

  it("everywhere", async () => {
    const root = await mountedWith((spec) => {
      for (const process of spec.processes)
        process.columns = process.columns.map((column) => ({
          ...column,
          meaning: `meaning of ${column.name}`,
          source,
        }));
    });
    const title = (selector: string) => root.querySelector<HTMLElement>(selector)?.title ?? "";
    const told = (name: string) => `meaning of ${name}.`;
    const expected: [selector: string, column: string][] = [
      [".rf-ratio", "sharpness_ratio"],
      [".rf-edge", "edge_threshold"],
      [".rf-edge-label", "edge_threshold"],
      [".rf-legend-head", "time"],
      [".rf-footer span", "time"],
      ["[data-panel=loss] .rf-subtitle", "predicted_loss"],
      ["[data-panel=sharpness] .rf-subtitle", "sharpness_ratio"],
      ["[data-panel=distance] .rf-subtitle", "relative_distance"],
      ["[data-panel=rod_length] .rf-subtitle", "rod_length"],
      ["[data-panel=rod_length] .rf-facts div", "oscillation"],
      ["[data-panel=rod_length] [data-process=rod]", "rod_length"],
      [".rf-sentences", "critical_directions"],
      [".rf-flows [data-process=rod]", "mismatch"],
      [".rf-flows [data-process=rod]", "relative_distance"],
    ];
    for (const [selector, column] of expected) {
      expect(title(selector)).toContain(told(column));
      expect(title(selector)).toMatch(/(No unit|Unit: .*)\. Source: a source\./);
    }
    const cost = [...root.querySelectorAll<HTMLElement>(".rf-footer span")].find((span) =>
      span.textContent?.startsWith("gradients"),
    );
    expect(cost?.title).toBe(
      "Cost: meaning of cost. Unit: gradients. Source: a source.\nShown for one step: the mean over the last 20 rows.",
    );
  });

  it("once where several processes mean the same", async () => {
    const { find } = await mounted("paused");
    expect(find("[data-panel=sharpness] .rf-subtitle").title.match(/Sharpness ratio:/g)).toHaveLength(1);
  });
});
