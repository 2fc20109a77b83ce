import axe from "axe-core";
import { describe, expect, it } from "vitest";
import type { Scene } from "../dev/fake";
import { mounted, painted } from "./helpers";

const off = (element: HTMLElement) => (element as HTMLButtonElement).disabled;

describe("every state", () => {
  it.each([
    ["ready", "Ready", "Nothing has run yet", { run: true, step: true, reset: false, rate: true }],
    ["running", "Running", "closest to the iterates", { run: true, step: false, reset: true, rate: true }],
    ["paused", "Paused", "Paused at step 392", { run: true, step: true, reset: true, rate: true }],
    ["finished", "Finished", "Finished: 600 steps.", { run: false, step: false, reset: true, rate: true }],
    ["stopped", "Stopped", "Stopped at step 300", { run: false, step: false, reset: true, rate: false }],
    ["diverged", "Diverged", "The iterates diverged at step", { run: false, step: false, reset: true, rate: false }],
    ["error", "Stopped on an error", "Step 97 failed", { run: false, step: false, reset: true, rate: false }],
    [
      "gone",
      "No kernel",
      "The kernel has gone. The picture ends at step 486",
      { run: false, step: false, reset: false, rate: false },
    ],
  ] as const)("%s has its word, its sentence and the controls that work", async (scene, word, sentence, works) => {
    const { root, find, text } = await mounted(scene);
    expect(root.dataset.state).toBe(scene);
    expect(text(".rf-state")).toBe(word);
    if (scene !== "ready") expect(text(".rf-words")).toContain(sentence);
    const tools = [...root.querySelectorAll<HTMLElement>(".rf-transport button")];
    expect(tools.filter((tool) => !tool.hidden && tool.title.indexOf("Undo") < 0).map((tool) => !off(tool))).toEqual([
      works.run,
      works.step,
      works.reset,
    ]);
    expect([off(find(".rf-number")), off(find(".rf-range"))]).toEqual([!works.rate, !works.rate]);
  });

  it.each(["ready", "running", "paused", "finished", "diverged", "error", "gone"] as Scene[])(
    "%s has no violation that axe finds without a layout",
    async (scene) => {
      const { root } = await mounted(scene);
      const { violations } = await axe.run(root, { rules: { "color-contrast": { enabled: false } } });
      expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
    },
  );

  it("tells tests where it stands", async () => {
    const { root, model } = await mounted("running");
    expect([root.dataset.step, root.dataset.run]).toEqual(["486", "1"]);
    model.advance(3);
    await painted();
    expect(root.dataset.step).toBe("489");
    expect(root.rodflow?.times().discrete).toHaveLength(490);
    expect(root.rodflow?.column("rod", "sharpness_ratio")).toHaveLength(488);
    expect(root.rodflow?.y("sharpness", 1)).toBeGreaterThan(0);
    expect(root.rodflow?.y("sharpness", 1)).toBeGreaterThan(root.rodflow?.y("sharpness", 1.2) ?? 0);
  });

  it("shows a traceback on demand", async () => {
    const { root, find } = await mounted("error");
    const button = () => [...root.querySelectorAll("button")].find((b) => /traceback/.test(b.textContent ?? ""));
    expect(find(".rf-traceback")).toBeNull();
    button()?.click();
    await painted();
    expect(find(".rf-traceback").textContent).toContain('File "train.py", line 31');
    button()?.click();
    await painted();
    expect(find(".rf-traceback")).toBeNull();
  });

  it("runs more after the end", async () => {
    const { root, commands } = await mounted("finished");
    [...root.querySelectorAll("button")].find((b) => b.textContent === "Run 600 more")?.click();
    expect(commands().at(-1)).toMatchObject({ name: "extend", args: { steps: 600 } });
  });

  it("hides a process everywhere", async () => {
    const { root } = await mounted("running");
    root.querySelector<HTMLElement>('[data-panel=sharpness] [data-process="stable"]')?.click();
    await painted();
    const pressed = [...root.querySelectorAll('[data-process="stable"]')].map((b) => b.getAttribute("aria-pressed"));
    expect(pressed.every((state) => state === "false")).toBe(true);
  });

  it("turns an axis over and shows eigenvalues instead of the ratio", async () => {
    const { root, find, text } = await mounted("paused");
    const button = find("[data-panel=sharpness] .rf-scale");
    button.click();
    await painted();
    expect(button.textContent).toBe("log");
    find(".rf-menu [role=menuitemcheckbox]").click();
    await painted();
    expect(text("[data-panel=eigenvalues] .rf-panel-title")).toBe("Eigenvalues");
    expect(root.rodflow?.thresholdY()).toBeGreaterThan(0);
  });

  it("lists the values for who cannot see the charts", async () => {
    const { root, find } = await mounted("finished", 40);
    [...root.querySelectorAll<HTMLElement>("[role=menuitem]")]
      .find((b) => b.textContent === "Table of values")
      ?.click();
    expect(find(".rf-dialog").hidden).toBe(false);
    expect(root.querySelectorAll(".rf-values tbody tr")).toHaveLength(41);
    expect(root.querySelectorAll(".rf-values thead tr:last-child th")).toHaveLength(18);
  });

  it("starts over with another run", async () => {
    const { root, model, text } = await mounted("diverged");
    [...root.querySelectorAll<HTMLElement>(".rf-buttons button")].find((b) => b.textContent === "Reset")?.click();
    await painted();
    expect([root.dataset.run, root.dataset.state]).toEqual(["2", "ready"]);
    expect(text(".rf-sentences")).toContain("Iterates and four flows will run side by side for 600 steps.");
    model.advance(1);
    await painted();
    expect(root.rodflow?.times().discrete).toEqual([0]);
  });
});
