import { afterEach, describe, expect, it, vi } from "vitest";
import { FLOW_STOP } from "../dev/fake";
import { drawCross } from "../src/charts/marks";
import { readAt } from "../src/views/reading";
import { mounted } from "./helpers";

vi.mock("../src/charts/marks", { spy: true });
afterEach(() => vi.mocked(drawCross).mockClear());

const crosses = () => [...new Set(vi.mocked(drawCross).mock.calls.map(([, , time]) => time))];

async function page(...args: Parameters<typeof mounted>) {
  const view = await mounted(...args);
  const value = (process: string) =>
    view.find(`[data-panel=sharpness] [data-process=${process}] .rf-value`).textContent ?? "";
  const ended = () => {
    const client = view.root.rodflow?.client;
    if (!client) throw new Error("no client");
    const styles = client.spec.processes.map((process) => ({ process, label: process.label }));
    const { processes } = readAt(client, styles as never, client.store.newest);
    return processes.filter((reading) => reading.ended).map(({ process }) => process.name);
  };
  return { ...view, value, ended };
}

describe("a flow that stopped while the run went on", () => {
  it("is told of in the words, the legend and the picture", async () => {
    const { value, ended, text } = await page("ended");
    expect(ended()).toEqual(["stable"]);
    expect(text(".rf-flows [data-process=stable]")).toBe(
      "Stable flow stopped at step\u00a0214: it would need more than 1000 substeps a step (sharpness 2870).",
    );
    expect([value("stable"), value("rod")]).toEqual(["stopped", expect.stringMatching(/^\d/)]);
    expect(crosses()).toEqual([FLOW_STOP - 1]);
  });

  it("is read as usual where it still went", async () => {
    const { value, key, find } = await page("ended");
    await key("Home", {}, find(".rf-figure"));
    expect(value("stable")).toMatch(/^\d/);
  });
});

describe("a run that ended for all", () => {
  it("has no process that stopped by itself where a person stopped it", async () => {
    const { ended } = await page("stopped");
    expect([ended(), crosses()]).toEqual([[], []]);
  });

  it("does not say of the flows that they diverged where the iterates did", async () => {
    const { ended, root, key, find, text } = await page("diverged");
    const newest = root.rodflow?.store.newest ?? 0;
    expect([ended(), crosses()]).toEqual([["discrete"], [newest]]);
    await key("End", {}, find(".rf-figure"));
    await key("ArrowLeft", {}, find(".rf-figure"));
    expect(text(".rf-flows")).toContain("closest to the iterates");
    expect(text(".rf-flows")).not.toContain("diverged");
  });
});

describe("critical directions", () => {
  it("are the number that was recorded, although one eigenvalue is", async () => {
    const { root, text } = await page("paused");
    const client = root.rodflow?.client;
    if (!client) throw new Error("no client");
    const { processes } = client.spec;
    const styles = processes.map((process) => ({ process, label: process.label }));
    const recorded = root.rodflow?.column("discrete", "critical_directions") ?? [];
    client.branch = { ...client.branch, spec: { ...client.spec, eigenvalues: 1 } };
    const all = recorded.length - 1;
    const count = (value: number) => {
      const column = client.store.table("discrete")?.column("critical_directions");
      if (column) column.values[all] = value;
      return readAt(client, styles as never, all).critical;
    };
    expect(count(3)).toEqual({ count: 3, of: 4, more: true });
    expect(count(4)).toEqual({ count: 4, of: 4, more: true });
    client.changed.emit();
    await vi.waitFor(() => expect(text("[data-panel=sharpness] .rf-facts")).toContain("≥ 4"));
  });
});

it("says what the rod of a flow is: a prediction of the half step", async () => {
  const { text } = await page("paused");
  expect(text("[data-panel=rod_length] .rf-subtitle")).toBe(
    "half a step of the iterates; flows: what they predict for it",
  );
});
