import { describe, expect, it } from "vitest";
import { encode, makeSeries } from "../dev/series";
import { Store } from "../src/store";
import { processStyles } from "../src/theme";
import { readSignals } from "../src/views/signals";
import { readRows } from "../src/wire";
import { plainText } from "../src/words";
import { mounted } from "./helpers";

function told(time: number, catapult = false): string[] {
  const series = makeSeries(300, undefined, undefined, undefined, catapult);
  const blocks = series.map((one) => encode(one, 0, one.rows.length));
  const frame = {
    kind: "frame" as const,
    branch: 0,
    run: 1,
    seq: 1,
    blocks: blocks.map((b) => b.header),
    events: [],
    first_event: 0,
  };
  const store = new Store();
  store.append(
    readRows(
      frame,
      blocks.map((b) => b.buffer),
    ).blocks,
    [],
    0,
  );
  return readSignals(store, processStyles(series.map(({ spec }) => spec)), time).map((one) => plainText(one.sentence));
}

describe("the signals of a flow", () => {
  it("are a sentence while they are beyond their bound, with since when", () => {
    expect(told(189)).toEqual([]);
    expect(told(195)).toEqual(["Rod flow is doubtful since step 190: mismatch 0.41 along the rod."]);
    expect(told(230)).toEqual([]);
  });

  it("are told from then on where they last, with the largest value", () => {
    expect(told(29, true)).toEqual([]);
    expect(told(30, true)).toEqual(["Rod flow met a catapult at step 30: off by 3.4 times."]);
    expect(told(250, true)).toEqual(["Rod flow met a catapult at step 30: off by 3.4 times."]);
  });

  it("stand below the words, about the step of the cursor", async () => {
    const { root, key, find, text } = await mounted("paused");
    expect(find(".rf-signals").hidden).toBe(true);
    const figure = find(".rf-figure");
    for (let at = 392; at > 205; at -= 10) await key("ArrowLeft", { shiftKey: true }, figure);
    expect(root.rodflow?.cursor()).toBe(202);
    expect(text(".rf-signals")).toBe("Rod flow is doubtful since step 190: mismatch 0.41 along the rod.");
    expect(find(".rf-signals b").textContent).toBe("doubtful");
  });
});

it("the legend names the closure of every flow that has one", async () => {
  const { root } = await mounted("running");
  const closures = [...root.querySelectorAll<HTMLElement>(".rf-closure")].map((item) => item.textContent);
  expect(closures).toEqual(["exact rates, dt ½", "4 substeps", "RK4"]);
});
