import axe from "axe-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeModel, type Scene } from "../dev/fake";
import { ANSWER_TIMEOUT } from "../src/client";
import type { Root } from "../src/hook";
import { mountRecorded, RecordedModel } from "../src/recorded";
import { painted } from "./helpers";
import { alive } from "./setup";

/** The traits of a run, packed as a saved picture has them: a head that says how long it is, then the bytes. */
function packed(scene: Scene): ArrayBuffer {
  const model = new FakeModel(scene);
  model.save();
  const snapshot = model.get("snapshot") as DataView;
  const traits = Object.fromEntries(["protocol", "branches", "statuses"].map((name) => [name, model.get(name)]));
  const head = new TextEncoder().encode(
    JSON.stringify({ traits: { ...traits, recorded: true }, sizes: { snapshot: snapshot.byteLength } }),
  );
  const bytes = new Uint8Array(4 + head.length + snapshot.byteLength);
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  bytes.set(new Uint8Array(snapshot.buffer), 4 + head.length);
  return bytes.buffer;
}

async function saved(scene: Scene) {
  const el = document.createElement("div");
  document.body.append(el);
  const end = mountRecorded(el, packed(scene));
  await painted();
  const root = el.querySelector(".rodflow") as Root;
  return { el, root, end, text: (selector: string) => root.querySelector(selector)?.textContent ?? "" };
}

const QUIET = "A saved picture: the cursor and the read-out work, and nothing is computed.";

describe("a saved run", () => {
  afterEach(() => vi.useRealTimers());

  it("takes traits as they are, and bytes as DataViews", () => {
    const model = new RecordedModel(packed("paused"));
    expect(model.get("recorded")).toBe(true);
    expect(model.get("snapshot")).toBeInstanceOf(DataView);
    expect(model.get("nothing")).toBeUndefined();
  });

  it.each([
    ["finished", "Finished: 600 steps."],
    ["paused", "Paused at step 392."],
    ["stopped", "Stopped at step 300."],
    ["diverged", "The iterates diverged at step"],
    ["error", "Step 97 failed"],
  ] as const)("that was %s says so, and that it is saved; its controls are off", async (scene, sentence) => {
    const { root, text, end } = await saved(scene);
    expect([root.dataset.state, text(".rf-state")]).toEqual(["saved", "Saved"]);
    expect(text(".rf-notice")).toContain(sentence);
    expect(text(".rf-notice")).toContain(QUIET);
    expect(root.querySelectorAll(".rf-notice button")).toHaveLength(0);
    const controls = [
      ...root.querySelectorAll<HTMLInputElement>(".rf-transport button, .rf-rate input, .rf-parameters input"),
    ];
    expect(controls.filter((control) => !control.disabled).map((control) => control.outerHTML)).toEqual([]);
    expect(controls.length).toBeGreaterThan(4);
    end();
  });

  it("sends nothing, asks nothing and never says that a kernel has gone", async () => {
    const sent = vi.spyOn(RecordedModel.prototype, "send");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { root, text, end } = await saved("paused");
    vi.advanceTimersByTime(2 * ANSWER_TIMEOUT);
    for (const key of [" ", "ArrowRight", "]", "r", "r"])
      root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    await painted();
    expect(sent).not.toHaveBeenCalled();
    expect(text(".rf-words")).not.toContain("kernel");
    expect(text(".rf-notice")).toContain(QUIET);
    end();
    sent.mockRestore();
  });

  it("has a cursor that the read-out follows", async () => {
    const { root, text, end } = await saved("finished");
    const figure = root.querySelector(".rf-figure") as HTMLElement;
    const before = text("[data-panel=sharpness] [data-process=rod] .rf-value");
    figure.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", bubbles: true }));
    await painted();
    expect(root.rodflow?.cursor()).toBe(0);
    figure.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", shiftKey: true, bubbles: true }));
    await painted();
    expect(root.rodflow?.cursor()).toBe(10);
    expect(text("[data-panel=sharpness] [data-process=rod] .rf-value")).not.toBe(before);
    end();
  });

  it("has no violation that axe finds without a layout", async () => {
    const { root, end } = await saved("diverged");
    const { violations } = await axe.run(root, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
    end();
  });

  it("leaves nothing behind when it is taken away", async () => {
    (await saved("finished")).end();
    const before = { ...alive };
    for (let i = 0; i < 20; i++) {
      const { el, root, end } = await saved("finished");
      const hook = root.rodflow;
      const client = hook?.client;
      end();
      expect([el.childElementCount, hook?.owned(), hook?.runs.scope.size, client?.scope.size]).toEqual([0, 0, 0, 0]);
    }
    expect(alive).toEqual(before);
  }, 60_000);
});

describe("the menu in a tree within the document's", () => {
  it("knows which item has the focus", async () => {
    const host = document.createElement("div");
    document.body.append(host);
    const el = document.createElement("div");
    host.attachShadow({ mode: "open" }).append(el);
    const end = mountRecorded(el, packed("finished"));
    await painted();
    const menu = el.querySelector("[role=menu]") as HTMLElement;
    (el.querySelector("[aria-haspopup]") as HTMLElement).click();
    const items = [...menu.querySelectorAll("button")];
    const focused = () => items.indexOf(host.shadowRoot?.activeElement as HTMLButtonElement);
    const first = focused();
    for (const expected of [first + 1, first + 2]) {
      menu.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
      expect(focused()).toBe(expected);
    }
    end();
  });
});
