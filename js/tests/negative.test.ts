import { expect, it } from "vitest";
import { encode } from "../dev/series";
import { mounted, painted } from "./helpers";

it("a loss that falls below zero is drawn on a linear axis, unless a person says otherwise", async () => {
  const { root, model, text, find } = await mounted("ready");
  expect(text("[data-panel=loss] .rf-scale")).toBe("log");
  const process = root.rodflow?.client.spec.processes[0];
  if (!process) throw new Error("no process");
  const rows = [1, -1].map((sign, time) =>
    process.columns.flatMap(({ name, width }) =>
      Array(width).fill(name === "time" ? time : name === "loss" ? sign : 1),
    ),
  );
  const { header, buffer } = encode({ spec: process, start: 0, rows }, 0, 2);
  model.tell({ kind: "frame", branch: 0, run: 1, seq: 9, blocks: [header], events: [], first_event: 0, ack: true }, [
    buffer,
  ]);
  await painted();
  expect(text("[data-panel=loss] .rf-scale")).toBe("linear");
  find("[data-panel=loss] .rf-scale").click();
  await painted();
  expect(text("[data-panel=loss] .rf-scale")).toBe("log");
});
