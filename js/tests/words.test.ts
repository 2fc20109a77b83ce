import { describe, expect, it } from "vitest";
import { FakeModel } from "../dev/fake";
import type { ProcessReading, Reading } from "../src/views/reading";
import { readStatus, type Spec } from "../src/wire";
import * as words from "../src/words";

const model = new FakeModel("paused");
const { spec } = (model.get("branches") as { spec: Spec }[])[0];
const status = readStatus((model.get("statuses") as Record<number, never>)[0]);

function reading(
  ratio: number,
  more: Partial<Reading> = {},
  flows: Record<string, Partial<ProcessReading>> = {},
): Reading {
  const distances: Record<string, number> = { rod: 0.008, central: 0.018, edge: 0.023, stable: 0.1 };
  const lengths: Record<string, number> = { discrete: 0.041, rod: 0.043, central: 0.047 };
  const processes = spec.processes.map((process) => ({
    process,
    label: process.label,
    ratio: process.name === "stable" ? 1.43 : ratio,
    distance: distances[process.name] ?? null,
    rodLength: lengths[process.name] ?? null,
    ended: null,
    ...flows[process.name],
  }));
  const rest = { critical: null, atLeast: false, slope: null, growing: null, alternating: null, ...more };
  return { time: 318, processes, iterates: processes[0], ...rest };
}

const say = (...args: Parameters<typeof reading>) =>
  words.describe(reading(...args), spec).map((sentence) => words.plainText(sentence).replaceAll("\u00a0", " "));

describe("the run in words", () => {
  it("names the closest flow, whichever it is", () => {
    expect(say(1)[0]).toBe(
      "Rod flow is closest to the iterates: 0.8 % of the distance travelled. Central flow 1.8 %, edge flow 2.3 %, stable flow 10 %.",
    );
    expect(say(1, {}, { stable: { distance: 0.001 } })[0]).toMatch(/^Stable flow is closest to the iterates: 0.1 %/);
  });

  it("tells what happens below the edge", () => {
    expect(say(0.88, { slope: 0.06, alternating: 0.01 })[1]).toBe(
      "Sharpness is below the edge (ratio 0.88) and rising by 0.06 per 100 steps. There is no oscillation: every flow now moves as stable flow does.",
    );
    expect(say(0.88, { slope: -0.2, alternating: 0.9, growing: false })[1]).toMatch(
      /falling by 0.20 .* still decaying/,
    );
  });

  it("tells what happens at the edge", () => {
    expect(say(1, { critical: 2 })[1]).toBe(
      "Sharpness is at the edge (ratio 1.00, two directions critical). The iterates oscillate with rod length 0.041; rod flow predicts 0.043, central flow 0.047.",
    );
  });

  it("tells what happens above the edge, as it happens", () => {
    expect(say(1.2, { critical: 4, growing: true })[1]).toMatch(
      /^Sharpness is above the edge \(ratio 1.20, four directions critical\). The oscillation of the iterates is growing: rod length/,
    );
    expect(say(1.2, { critical: 1, growing: false })[1]).toMatch(/one direction critical.* is shrinking/);
    expect(say(1.2, { critical: 4, atLeast: true })[1]).toMatch(/, at least four directions critical\)/);
  });

  it("says where stable flow cannot stay, and only there", () => {
    expect(say(1)[2]).toBe(
      "Stable flow is beyond the edge (ratio 1.43): gradient descent at this learning rate could not stay there.",
    );
    expect(say(1, {}, { stable: { ratio: 0.9 } })).toHaveLength(2);
  });

  it("does not hide a diverged flow", () => {
    const stand = {
      state: "diverged" as const,
      step: 40,
      sentence: "Edge flow diverged at step 40: the loss was inf.",
    };
    const sentences = say(1, {}, { edge: { ended: stand } });
    expect(sentences[2]).toBe("Edge flow diverged at step 40: the loss was inf.");
    expect(sentences).toHaveLength(3);
  });

  it("tells of every flow that has ended, also where there is room for two sentences only", () => {
    const ends = {
      edge: { state: "diverged" as const, step: 40, sentence: "Edge flow diverged at step 40: the loss was inf." },
      stable: { state: "stopped" as const, step: 214, sentence: "Stable flow stopped at step 214: it is too stiff." },
    };
    const flows = { edge: { ended: ends.edge }, stable: { ended: ends.stable, ratio: null, distance: null } };
    const told = "Edge flow diverged at step 40: the loss was inf. Stable flow stopped at step 214: it is too stiff.";
    expect(say(1, {}, flows)[2]).toBe(told);
    const two = words.describe(reading(1, {}, flows), spec, 2).map(words.plainText);
    expect(two).toEqual([expect.stringMatching(/^Rod flow is closest/), told]);
    expect(two[0]).not.toMatch(/stable|edge/i);
  });

  it("says why the iterates diverged", () => {
    const stand = {
      state: "diverged" as const,
      step: 169,
      sentence: "Iterates diverged at step 169: the loss passed 10⁶.",
    };
    const ended = { ...status, state: "diverged" as const, processes: { discrete: stand } };
    const event = { step: 160, name: "learning_rate", old: 0.6, new: 3.4, note: "" };
    expect(words.plainText(words.diverged(ended, spec, [event], 0.69))).toBe(
      "The iterates diverged at step 169: the loss passed 10⁶. At step 160 the learning rate was raised to 3.4, 4.9 times the edge. The recording up to step 168 is kept.",
    );
  });

  it("says which step failed", () => {
    const failed = {
      ...status,
      sentence: "Step 97 failed: ProblemError: a b.",
      error: { message: "a b.", traceback: "" },
    };
    expect(words.plainText(words.failure(failed))).toBe("Step 97 failed: a b.");
  });

  it("says what will run, and where a paused run stands", () => {
    expect(words.ready(spec).map(words.plainText)).toEqual([
      "Iterates and four flows will run side by side for 600 steps.",
      "Space runs, → makes one step, [ ] change the learning rate.",
    ]);
    expect(words.plainText(words.paused(status, reading(1.02)))).toBe(
      "Paused at step 392, at the edge (ratio 1.02). Space goes on, → makes one step.",
    );
  });
});
