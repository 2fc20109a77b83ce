import { describe, expect, it } from "vitest";
import {
  aboutCell,
  aboutFinal,
  aboutReached,
  cellValue,
  type Facts,
  type Plan,
  rowAt,
  runAt,
} from "../src/sweep/reading";

const plan: Plan = {
  names: ["learning rate 0.1", "learning rate 1", "learning rate 10"],
  members: [[0], [1], [2]],
  bounds: [-1.5, -0.5, 0.5, 1.5],
  columns: 3,
  span: 4,
  steps: 9,
  quantity: "sharpness / edge",
  key: "sharpness_ratio",
  largest: true,
  log: 2,
  low: -3,
  high: 1,
  target: 0.5,
};
const none = Number.NaN;
const facts: Facts = {
  at: Float32Array.of(-1, 0, 1),
  final: Float32Array.of(0.25, 0.5, none),
  edge: Float32Array.of(none, 6, 0),
  diverged: Float32Array.of(none, none, 3),
  last: Float32Array.of(9, 7, 3),
  reached: Float32Array.of(5, none, none),
};
const states = ["finished", "running", "diverged"];

describe("what is under the pointer of the explorer", () => {
  it("is the row and the run about it", () => {
    expect([-1.4, -0.4, 0.4, 0.6, 1.5].map((at) => rowAt(plan, at))).toEqual([0, 1, 1, 2, 2]);
    expect([-9, 0.4, 0.6].map((at) => runAt(plan, facts, at))).toEqual([0, 1, 2]);
    expect(runAt({ ...plan, members: [[0], [1]] }, facts, 1)).toBe(1);
  });

  it("is the value that was recorded, or none", () => {
    expect(cellValue(plan, 0)).toBe(1);
    expect(cellValue(plan, -300)).toBe(0);
    expect(cellValue(plan, -1000)).toBeNull();
    expect(cellValue({ ...plan, log: 0, low: 2, high: 4 }, 0.5)).toBe(3);
  });

  it("is said with steps, unit and what became of the run", () => {
    expect(aboutCell(plan, facts, states, 1, 1, 0.25)).toEqual([
      "learning rate 1",
      "steps 4 to 7: sharpness / edge 1.189, the largest of them",
      "met its edge at step 6",
      "running",
    ]);
    expect(aboutCell(plan, facts, states, 0, 2, -1000)).toEqual(["learning rate 0.1", "steps 8 to 9: nothing yet"]);
    expect(aboutCell(plan, facts, states, 2, 2, -1000).slice(0, 2)).toEqual([
      "learning rate 10",
      "steps 8 to 9: diverged before",
    ]);
    expect(aboutFinal(plan, facts, states, 2)).toEqual([
      "learning rate 10",
      "no loss yet at step 3",
      "diverged at step 3",
    ]);
    expect(aboutReached(plan, facts, states, 0)[1]).toBe("loss 0.5000 first reached at step 5");
    expect(aboutReached(plan, facts, states, 1)[1]).toBe("loss 0.5000 not reached in 7 steps");
  });

  it("of several runs in one row is the first, with their number", () => {
    const shared = { ...plan, members: [[0, 1, 2]], bounds: [-1.5, 1.5] };
    expect(aboutCell(shared, facts, states, 0, 0, 0)[0]).toBe("learning rate 0.1 and 2 more");
  });
});
