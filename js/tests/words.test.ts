import { describe, expect, it } from "vitest";
import { FakeModel, NADAM } from "../dev/fake";
import type { Stay } from "../src/views/edge";
import type { ProcessReading, Reading } from "../src/views/reading";
import { readStatus, type Spec } from "../src/wire";
import { aboutFlows } from "../src/words/flows";
import { aboutOptimizer } from "../src/words/optimizer";
import { plainText, type Sentence } from "../src/words/sentence";
import * as states from "../src/words/states";

const model = new FakeModel("paused");
const { spec } = (model.get("branches") as { spec: Spec }[])[0];
const status = readStatus((model.get("statuses") as Record<number, never>)[0]);
const adam: Spec = { ...spec, optimizer: { ...spec.optimizer, label: "Adam", preconditioned: true } };

type Flows = Record<string, Partial<ProcessReading>>;

function reading(ratio: number | null, more: Partial<Reading> = {}, flows: Flows = {}): Reading {
  const distances: Record<string, number> = { rod: 0.008, central: 0.018, edge: 0.023, stable: 0.1 };
  const lengths: Record<string, number> = { discrete: 0.041, rod: 0.043, central: 0.047 };
  const processes = spec.processes.map((process) => ({
    process,
    label: process.label,
    ratio: process.name === "stable" ? 1.43 : ratio,
    distance: distances[process.name] ?? null,
    rodLength: lengths[process.name] ?? null,
    begins: null,
    ended: null,
    ...flows[process.name],
  }));
  const rest = { critical: null, stay: null, slope: null, growing: null, alternating: null, ...more };
  return { time: 318, processes, iterates: processes[0], ...rest };
}

/** The same without some processes. */
function without(from: Reading, ...names: string[]): Reading {
  const processes = from.processes.filter(({ process }) => !names.includes(process.name));
  return { ...from, processes, iterates: names.includes("discrete") ? null : from.iterates };
}

function stay(more: Partial<Stay> = {}): Stay {
  const usual = { first: false, aboutFrom: false, aboutTo: false, arrival: null, departure: null, rateFell: false };
  return { from: 214, to: null, number: 1, ...usual, ...more };
}

const text = (sentence: Sentence) => plainText(sentence).replaceAll("\u00a0", " ");
const optimizer = (read: Reading, of = spec, brief = false) => aboutOptimizer(read, of, brief).sentences.map(text);
function flows(read: Reading, more: Partial<Parameters<typeof aboutFlows>[2]> = {}, of = spec): string[] {
  const { common, lines } = aboutFlows(read, of, { signals: () => [], rodTold: true, brief: false, ...more });
  return [...(common ? [common] : []), ...lines.map(({ sentence }) => sentence)].map(text);
}

describe("the optimizer and its edge", () => {
  const two = { count: 2, of: 4, more: true };

  it("at it: since when, how many eigenvalues, and how far the iterates swing", () => {
    expect(optimizer(reading(1, { stay: stay(), critical: two }))).toEqual([
      "Gradient descent has been at its edge (ratio 1.00) since step 214; two of the four tracked eigenvalues are there.",
      "The iterates oscillate with rod length 0.041.",
    ]);
  });

  it("at it from the start, from before the recording, or since about a step", () => {
    const since = (more: Partial<Stay>) => optimizer(reading(1, { stay: stay(more) }))[0];
    expect(since({ first: true, from: 0 })).toBe("Gradient descent has been at its edge (ratio 1.00) since the start.");
    expect(since({ first: true })).toMatch(/since before step 214, where the recording begins\.$/);
    expect(since({ aboutFrom: true })).toMatch(/since about step 214\.$/);
  });

  it("met at this very step, and why", () => {
    const raised = { step: 318, name: "learning_rate", old: 0.6, new: 0.85, note: "" };
    const at = stay({ from: 318, arrival: raised });
    expect(optimizer(reading(1, { stay: at }))[0]).toBe(
      "Gradient descent met its edge (ratio 1.00) at this step, when the learning rate was raised.",
    );
    expect(optimizer(reading(1.39, { stay: at }))[0]).toBe(
      "Gradient descent met its edge at this step, when the learning rate was raised, and is above it (ratio 1.39).",
    );
  });

  it("above it, as it happens", () => {
    const all = { count: 4, of: 4, more: true };
    expect(optimizer(reading(1.2, { stay: stay(), critical: all, growing: true }))).toEqual([
      "Gradient descent has been at its edge since step 214 and is above it now (ratio 1.20); at least four eigenvalues are there.",
      "The oscillation of the iterates is growing: rod length 0.041.",
    ]);
    expect(optimizer(reading(1.2, { stay: stay(), growing: false }))[1]).toMatch(/ is shrinking: /);
    expect(optimizer(reading(1.2, { stay: stay(), growing: true, alternating: 0.01 }))[1]).toBe(
      "The oscillation of the iterates is still small, and growing.",
    );
  });

  it("a little below it is still at it", () => {
    expect(optimizer(reading(0.93, { stay: stay(), critical: { ...two, count: 0 }, alternating: 0.1 }))).toEqual([
      "Gradient descent has been at its edge since step 214 and is a little below it now (ratio 0.93).",
      "There is hardly any oscillation.",
    ]);
  });

  it("below it: the slope where it is steady, and when it would meet it", () => {
    expect(optimizer(reading(0.88, { slope: 0.06, alternating: 0.01 }))).toEqual([
      "Gradient descent is below its edge (ratio 0.88), and the ratio is rising by 0.06 per 100 steps: at this rate it meets the edge in about 200 steps.",
      "There is no oscillation: every flow now moves as stable flow does.",
    ]);
    expect(optimizer(reading(0.88))).toEqual(["Gradient descent is below its edge (ratio 0.88)."]);
    const course = (ratio: number, slope: number) => optimizer(reading(ratio, { slope }))[0].split("ratio is ")[1];
    expect(course(0.88, -0.2)).toBe("falling by 0.20 per 100 steps.");
    expect(course(0.3, 0.06)).toBe("rising by 0.06 per 100 steps.");
    expect(course(0.959, 0.06)).toMatch(/in about 70 steps\.$/);
    expect(course(0.995, 0.06)).toMatch(/in a few steps\.$/);
    expect(course(0.88, 0.001)).toBe("steady.");
  });

  it("below it again: from when to when it was there, and why it left", () => {
    const lowered = { step: 402, name: "learning_rate", old: 0.85, new: 0.68, note: "" };
    const left = { to: 402, departure: lowered };
    const now = { slope: 0.06, alternating: 0.9, growing: false };
    expect(optimizer(reading(0.8, { ...now, stay: stay(left) }))).toEqual([
      "Gradient descent is below its edge (ratio 0.80), and the ratio is rising by 0.06 per 100 steps: at this rate it meets the edge again in about 350 steps.",
      "It met its edge at step 214 and left it at step 402, when the learning rate was lowered. An oscillation is still decaying: rod length 0.041.",
    ]);
    const history = (more: Partial<Stay>) => optimizer(reading(0.8, { stay: stay({ to: 402, ...more }) }))[1];
    expect(history({ rateFell: true })).toMatch(/left it at step 402, as the learning rate fell\.$/);
    expect(history({ number: 3 })).toBe("It has been there three times, the last time from step 214 to step 402.");
    expect(history({ first: true, from: 0 })).toBe("It was there from the start and left at step 402.");
    const beta = { step: 402, name: "beta1", old: 0.9, new: 0.95, note: "" };
    const nadam = (new FakeModel("paused", 600, NADAM).get("branches") as { spec: Spec }[])[0].spec;
    expect(optimizer(reading(0.8, { stay: stay({ to: 402, departure: beta }) }), nadam)[1]).toMatch(
      /when the momentum β₁ was raised\.$/,
    );
  });

  it("of another optimizer, by its name and its own Hessian", () => {
    expect(optimizer(reading(1, { stay: stay(), critical: { ...two, count: 1 } }), adam)[0]).toBe(
      "Adam has been at its edge (ratio 1.00) since step 214; one of the four tracked eigenvalues of the preconditioned Hessian is there.",
    );
    const heavy = { ...spec, optimizer: { ...spec.optimizer, label: "heavy ball" } };
    expect(optimizer(reading(0.5), heavy)).toEqual(["Heavy ball is below its edge (ratio 0.50)."]);
  });

  it("counts in a problem that has no more eigenvalues", () => {
    const all = (critical: Reading["critical"]) => optimizer(reading(1, { stay: stay(), critical }))[0].split("214")[1];
    expect(all({ count: 2, of: 2, more: false })).toBe("; both eigenvalues are there.");
    expect(all({ count: 3, of: 3, more: false })).toBe("; all three eigenvalues are there.");
    expect(all({ count: 1, of: 2, more: false })).toBe("; one of the two eigenvalues is there.");
    expect(all({ count: 1, of: 1, more: false })).toBe(".");
  });

  it("is left out where the iterates do not run, and short where there is little room", () => {
    expect(optimizer(without(reading(1), "discrete"))).toEqual([]);
    expect(optimizer(reading(null))).toEqual([]);
    expect(optimizer(reading(1, { stay: stay(), critical: two }), spec, true)).toEqual([
      "Gradient descent has been at its edge (ratio 1.00) since step 214.",
    ]);
    expect(optimizer(reading(0.88, { slope: 0.06 }), spec, true)).toEqual([
      "Gradient descent is below its edge (ratio 0.88).",
    ]);
  });

  it("promises no flow where there is none", () => {
    const read = without(reading(0.5, { alternating: 0 }), "rod", "central", "edge");
    expect(optimizer(read)[1]).toBe("There is no oscillation.");
    const coming = { begins: 400 };
    const later = reading(0.5, { alternating: 0 }, { rod: coming, central: coming, edge: coming });
    expect(optimizer(later)[1]).toBe("There is no oscillation.");
  });
});

describe("a line for every flow", () => {
  it("the closest first, beside the distance travelled and stable flow", () => {
    expect(flows(reading(1))).toEqual([
      "Rod flow is closest to the iterates: 0.8 % of the distance travelled, 13 times closer than stable flow; it predicts rod length 0.043.",
      "Central flow is 1.8 % away, 5.6 times closer than stable flow; it predicts rod length 0.047.",
      "Edge flow is 2.3 % away, 4.3 times closer than stable flow.",
      "Stable flow is 10 % away; it is beyond the edge (ratio 1.43): gradient descent at this learning rate could not stay there.",
    ]);
  });

  it("whichever it is", () => {
    const lines = flows(reading(1, {}, { stable: { distance: 0.002, ratio: 0.9 }, central: { distance: 0.00203 } }));
    expect(lines[0]).toMatch(
      /^Central flow is 0\.2 % of the distance travelled away from the iterates, as far as stable/,
    );
    expect(lines[1]).toBe("Stable flow is 0.2 % away.");
    expect(lines[2]).toMatch(/^Rod flow is 0\.8 % away, 4\.0 times as far as stable flow;/);
    expect(flows(reading(1, {}, { stable: { distance: 0.001, ratio: 0.9 } }))[0]).toBe(
      "Stable flow is closest to the iterates: 0.1 % of the distance travelled.",
    );
  });

  it("names the rod length of the iterates where no sentence did", () => {
    expect(flows(reading(1), { rodTold: false }).slice(0, 2)).toEqual([
      expect.stringMatching(/it predicts rod length 0\.043 where the iterates have 0\.041\.$/),
      expect.stringMatching(/it predicts rod length 0\.047\.$/),
    ]);
    expect(flows(reading(0.5, { alternating: 0.01 })).join()).not.toContain("predicts");
  });

  it("alone", () => {
    expect(flows(without(reading(1), "central", "edge", "stable"))).toEqual([
      "Rod flow is 0.8 % of the distance travelled away from the iterates; it predicts rod length 0.043.",
    ]);
    expect(flows(without(reading(1), "rod", "central", "edge", "stable"))).toEqual([]);
  });

  it("all in one where they coincide", () => {
    const near = { distance: 0.0004, ratio: 0.5 };
    const all = { rod: near, central: near, edge: near, stable: near };
    const common = "All flows coincide with the iterates to within 0.05 % of the distance travelled.";
    expect(flows(reading(0.5, {}, all))).toEqual([common]);
    const doubt = {
      signals: ({ process }: ProcessReading) => (process.name === "rod" ? [["is ", { strong: "masked" }]] : []),
    };
    expect(flows(reading(0.5, {}, all), doubt)).toEqual([common, "Rod flow is masked."]);
    const ended = { state: "stopped" as const, step: 40, sentence: "Edge flow stopped at step 40: no direction." };
    expect(flows(reading(0.5, {}, { ...all, edge: { distance: null, ended } }))).toEqual([
      "All flows that still run coincide with the iterates to within 0.05 % of the distance travelled.",
      "Edge flow stopped at step 40: no direction.",
    ]);
    expect(flows(reading(0.5, {}, { ...all, stable: { distance: 0.0006 } }))[0]).toMatch(/^Rod flow is /);
  });

  it("with what a flow says about itself, after the numbers", () => {
    const signals = ({ process }: ProcessReading): Sentence[] =>
      process.name === "rod" ? [["is ", { strong: "masked" }, " since step 190"], ["met a catapult at step 30"]] : [];
    expect(flows(reading(1), { signals })[0]).toMatch(
      /rod length 0\.043\. It is masked since step 190\. It met a catapult at step 30\.$/,
    );
  });

  it("of a flow that has ended, last, with the reason", () => {
    const ended = { state: "diverged" as const, step: 40, sentence: "Rod flow diverged at step 40: the loss was inf." };
    const lines = flows(reading(1, {}, { rod: { ended, distance: null, ratio: null, rodLength: null } }));
    expect(lines[0]).toMatch(/^Central flow is closest/);
    expect(lines[3]).toBe("Rod flow diverged at step 40: the loss was inf.");
    const stable = {
      state: "stopped" as const,
      step: 214,
      sentence: "Stable flow stopped at step 214: it is too stiff.",
    };
    expect(flows(reading(1, {}, { stable: { ended: stable, distance: null, ratio: null } }))[0]).not.toContain(
      "stable",
    );
  });

  it("of a flow that is still to begin", () => {
    const coming = { distance: null, ratio: null, rodLength: null, begins: 1200 };
    expect(flows(reading(1, {}, { rod: coming }))[3]).toBe("Rod flow begins at step 1,200.");
  });

  it("in a run without iterates: where each is beside the edge", () => {
    const none = { distance: null };
    const read = without(
      reading(1, {}, { rod: none, central: { ...none, ratio: 0.5 }, edge: none, stable: none }),
      "discrete",
    );
    expect(flows(read)).toEqual([
      "Rod flow is at the edge (ratio 1.00) and predicts rod length 0.043.",
      "Central flow is below the edge (ratio 0.50) and predicts rod length 0.047.",
      "Edge flow is at the edge (ratio 1.00).",
      "Stable flow is beyond the edge (ratio 1.43): gradient descent at this learning rate could not stay there.",
    ]);
    expect(
      flows(without(reading(null, {}, { rod: none, stable: { ...none, ratio: null } }), "discrete", "central", "edge")),
    ).toEqual(["Rod flow predicts rod length 0.043."]);
  });

  it("short where there is little room", () => {
    expect(flows(reading(1), { brief: true })).toEqual([
      "Rod flow is closest: 0.8 %.",
      "Central flow is 1.8 % away.",
      "Edge flow is 2.3 % away.",
      "Stable flow is 10 % away, beyond the edge (ratio 1.43).",
    ]);
  });

  it("by the name of the optimizer that could not stay there", () => {
    expect(flows(reading(1), {}, adam)[3]).toMatch(/: Adam at this learning rate could not stay there\.$/);
  });
});

describe("the state in words", () => {
  it("says why the iterates diverged", () => {
    const stand = {
      state: "diverged" as const,
      step: 169,
      sentence: "Iterates diverged at step 169: the loss passed 10⁶.",
    };
    const ended = { ...status, state: "diverged" as const, processes: { discrete: stand } };
    const event = { step: 160, name: "learning_rate", old: 0.6, new: 3.4, note: "" };
    expect(plainText(states.diverged(ended, spec, [event], 0.69))).toBe(
      "The iterates diverged at step 169: the loss passed 10⁶. At step 160 the learning rate was raised to 3.4, 4.9 times the edge. The recording up to step 168 is kept.",
    );
  });

  it("says which step failed", () => {
    const failed = {
      ...status,
      sentence: "Step 97 failed: ProblemError: a b.",
      error: { message: "a b.", traceback: "" },
    };
    expect(plainText(states.failure(failed))).toBe("Step 97 failed: a b.");
  });

  it("says what will run, where a paused run stands, and that a run is at its end", () => {
    const all = () => true;
    expect(states.ready(spec, all).map(plainText)).toEqual([
      "Iterates and four flows will run side by side for 600 steps.",
      "Space runs, → makes one step, [ ] change the learning rate.",
    ]);
    expect(plainText(states.paused(status, all))).toBe("Paused at step 392. Space goes on, → makes one step.");
    expect(plainText(states.finished({ ...status, step: 600 }))).toBe("Finished: 600 steps.");
  });

  it("names no key that does nothing, and no number of steps that nobody knows", () => {
    const set = (name: string) => name === "set";
    expect(states.ready({ ...spec, steps: null }, set).map(plainText)).toEqual([
      "Nothing has been measured yet: the training loop makes the steps.",
      "[ ] change the learning rate.",
    ]);
    expect(states.ready(spec, () => false)).toHaveLength(1);
    expect(plainText(states.paused(status, () => false))).toBe("Paused at step 392.");
    const lost =
      "Training: step 640. The loss on the probe batch has not been finite since step 12. The look at step 9 failed: no.";
    const loop = { ...status, steps: null, sentence: lost };
    expect(states.troubles(loop).map(plainText)).toEqual([
      "The loss on the probe batch has not been finite since step 12.",
    ]);
    expect(states.troubles({ ...loop, steps: 600 })).toEqual([]);
    expect(states.troubles({ ...loop, sentence: "Training: step 640. At its edge since step 8." })).toEqual([]);
    expect(plainText(states.paused(status, (name) => name === "resume"))).toBe("Paused at step 392. Space goes on.");
  });
});
