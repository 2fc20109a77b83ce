import { describe, expect, it } from "vitest";
import { encode, makeSeries } from "../dev/series";
import type { Numbers } from "../src/numbers";
import { Store, Table } from "../src/store";
import { readSignals } from "../src/views/signals";
import { readRows } from "../src/wire";
import { plainText } from "../src/words/sentence";
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
    ack: false,
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
  return series.flatMap(({ spec }) => readSignals(store.table(spec.name), spec, time).map(plainText));
}

describe("the signals of a flow", () => {
  it("are a sentence while they are beyond their bound, with since when", () => {
    expect(told(189)).toEqual([]);
    expect(told(195)).toEqual(["is doubtful since step 190: mismatch 0.41 along the rod"]);
    expect(told(230)).toEqual([]);
  });

  it("are looked for once in every row", () => {
    const table = new Table("rod");
    const block = (from: number, values: number[]) => ({
      ...{ table: "rod", firstRow: from, rows: values.length, totalRows: null },
      columns: [
        { name: "time", parts: [values.map((_, i) => from + i)] },
        { name: "mismatch", parts: [values] },
      ],
    });
    const process = makeSeries(3)[1].spec;
    const says = (time: number) => readSignals(table, process, time).map(plainText);
    const add = (from: number, values: number[]) => {
      table.shape(block(from, values));
      table.append(block(from, values), 0, values.length);
    };
    add(0, [0.1, 1.5, 0.1]);
    expect(says(2)).toEqual(["met a catapult at step 1: off by 1.5 times"]);
    // What has been seen is not looked at again: 100,000 rows would take too long at every update.
    (table.column("mismatch") as Numbers).values[1] = 0.1;
    add(3, [0.1, 2.5, Number.NaN]);
    expect([says(0), says(3), says(5)]).toEqual([
      [],
      ["met a catapult at step 1: off by 1.5 times"],
      ["met a catapult at step 1: off by 2.5 times"],
    ]);
  });

  it("are told from then on where they last, with the largest value", () => {
    expect(told(29, true)).toEqual([]);
    expect(told(30, true)).toEqual(["met a catapult at step 30: off by 3.4 times"]);
    expect(told(250, true)).toEqual(["met a catapult at step 30: off by 3.4 times"]);
  });

  it("stand in the line of their flow, about the step of the cursor", async () => {
    const { root, key, find, text } = await mounted("paused");
    expect(text(".rf-flows [data-process=rod]")).not.toContain("doubtful");
    const figure = find(".rf-figure");
    for (let at = 392; at > 205; at -= 10) await key("ArrowLeft", { shiftKey: true }, figure);
    expect(root.rodflow?.cursor()).toBe(202);
    expect(text(".rf-flows [data-process=rod]")).toMatch(
      /^Rod flow is .*\. It is doubtful since step 190: mismatch 0\.41 along the rod\.$/,
    );
    expect([...find(".rf-flows [data-process=rod]").querySelectorAll("b")].map((bold) => bold.textContent)).toContain(
      "doubtful",
    );
  });
});

it("the legend names the closure of every flow that has one", async () => {
  const { root } = await mounted("running");
  const closures = [...root.querySelectorAll<HTMLElement>(".rf-closure")].map((item) => item.textContent);
  expect(closures).toEqual(["exact rates, dt ½", "4 substeps", "RK4"]);
});
