import { describe, expect, it } from "vitest";
import { settledFrom, timeRange } from "../src/ranges";
import { readAt, survivor } from "../src/views/reading";
import { aboutOptimizer } from "../src/words/optimizer";
import { plainText } from "../src/words/sentence";
import { mounted, painted } from "./helpers";

describe("what keeps its place", () => {
  it("is undo, while there is nothing to undo", async () => {
    const { find } = await mounted("ready");
    const undo = find(".rf-transport [aria-label=Undo]") as HTMLButtonElement;
    expect([undo.hidden, undo.disabled]).toEqual([false, true]);
  });

  it("is the range of values, which leaves out a share of the steps that are shown, not of those that are planned", () => {
    expect(settledFrom(timeRange(720, 20_000))).toBe(24);
    expect(settledFrom(timeRange(20_000, 20_000))).toBe(600);
  });
});

describe("a part of the steps", () => {
  it("is named in the first panel, which is the way back to all", async () => {
    const { key, find, text } = await mounted("paused");
    const span = find(".rf-span");
    expect(span.hidden).toBe(true);
    await key("+", {}, find(".rf-figure"));
    expect(text(".rf-span")).toMatch(/^steps \d+ to 392: show all$/);
    span.click();
    await painted();
    expect(span.hidden).toBe(true);
  });
});

describe("a flow that outlives the iterates", () => {
  it("is what read-outs, words and the cursor follow", async () => {
    const { root, key, find } = await mounted("paused");
    const hook = root.rodflow;
    if (!hook) throw new Error("no hook");
    const { client } = hook;
    const styles = client.spec.processes.map((process) => ({ process, label: process.label })) as never;
    expect(survivor(client, styles)).toBeNull();

    // The iterates stopped being recorded at step 300, as those do that diverge.
    const table = client.store.table("discrete");
    if (!table) throw new Error("no table");
    const sentence = "Iterates diverged at step 301: the loss passed 10⁶.";
    client.status.processes.discrete = { state: "diverged", step: 301, sentence };
    Object.defineProperty(table, "rows", { value: 301 });
    Object.defineProperty(table.time, "last", { value: 300 });
    expect(survivor(client, styles)?.time.last).toBe(client.store.table("rod")?.time.last);

    const reading = readAt(client, styles, 350);
    reading.processes[0].ratio = null;
    expect(aboutOptimizer(reading, client.spec).sentences.map(plainText)).toEqual([
      "The iterates diverged at step\u00a0301: the loss passed 10⁶.",
    ]);
    await key("ArrowLeft", {}, find(".rf-figure"));
    expect(hook.cursor()).toBeGreaterThan(380);
  });
});
