import { describe, expect, it, vi } from "vitest";
import { density as fakeDensity } from "../dev/density";
import { countTicks } from "../src/charts/density";
import { stairs } from "../src/charts/staircase";
import type { SurveyListener } from "../src/client";
import { Envelope } from "../src/envelope";
import { Numbers } from "../src/numbers";
import { Scope } from "../src/scope";
import { binWidth, Density } from "../src/views/spectrum/density";
import { wholeTicks } from "../src/views/spectrum/over-time";
import { labels, spectrumRange } from "../src/views/spectrum/range";
import type { SpectrumReading } from "../src/views/spectrum/reading";
import { REST, Surveys } from "../src/views/spectrum/surveys";
import * as words from "../src/views/spectrum/words";
import type { Survey } from "../src/wire";
import { plainText } from "../src/words/sentence";

/** Answers by hand, the question asked last. */
class FakeSurveyor {
  readonly asked: Record<string, unknown>[] = [];
  ended = 0;
  private listener: SurveyListener = () => {};

  survey(topic: string, args: Record<string, unknown>, listener: SurveyListener) {
    expect(topic).toBe("density");
    this.asked.push(args);
    this.listener = listener;
    const end = () => {
      this.ended++;
    };
    return { id: String(this.asked.length), end };
  }

  answer(survey: Survey): void {
    this.listener(survey, "");
  }

  refuse(message: string): void {
    this.listener(null, message);
  }
}

const numbers = (values: number[]) => ({ shape: [values.length], values: Float32Array.from(values) });

/** A density of straight pieces. */
function survey(
  grid: number[],
  values: number[],
  more: Partial<Survey["facts"]> = {},
  outliers: number[] = [],
): Survey {
  const arrays = { grid, density: values, error: values.map((value) => value / 10), outliers };
  return {
    topic: "density",
    step: 300,
    share: 1,
    facts: { dim: 100, threshold: 2, exact: 1, products: 400, ...more },
    words: {},
    arrays: new Map(Object.entries(arrays).map(([name, list]) => [name, numbers(list)])),
  };
}

describe("numbers of eigenvalues", () => {
  // A triangle from −1 to 1 with 100 eigenvalues.
  const triangle = new Density(survey([-1, 0, 1], [0, 100, 0]));

  it("integrates a density exactly between any two values", () => {
    expect(triangle.total).toBeCloseTo(100, 10);
    expect(triangle.below(-0.5)).toBeCloseTo(12.5, 10);
    expect(triangle.between(0.25, 0.5).count).toBeCloseTo(100 * (0.5 - 0.25 - (0.25 - 0.0625) / 2), 10);
    expect(triangle.between(0, Number.POSITIVE_INFINITY).error).toBeCloseTo(5, 5);
    expect(triangle.below(-7)).toBe(0);
    expect(triangle.below(7)).toBeCloseTo(100, 10);
  });

  it("makes bars that hold all eigenvalues, on multiples of their width", () => {
    const bars = triangle.bars([-1.03, 1.2], 0.25);
    expect(bars.reduce((sum, bar) => sum + bar.count, 0)).toBeCloseTo(100, 9);
    expect(bars.map((bar) => bar.from)).toEqual([-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75]);
    expect(bars[3].count).toBeCloseTo(bars[4].count, 9);
  });

  it("leaves out bins with the tail of a smoothed eigenvalue, and what is not finite", () => {
    const one = new Density(survey([0, 1, 2, 3], [0, 1, 0, Number.NaN]));
    expect(one.bars([0, 10], 1).map((bar) => bar.from)).toEqual([0, 1]);
    expect(new Density(survey([], [])).extent()).toBeNull();
  });

  it("reaches from the smallest to the largest eigenvalue, outliers included", () => {
    const [low, high] = new Density(survey([-1, 0, 1], [0, 100, 0], {}, [4, 3])).extent() ?? [];
    expect(low).toBe(-1);
    expect(high).toBe(4);
  });

  it("takes a round width of bins and round numbers on its axes", () => {
    expect(binWidth([-0.14, 3.7], 90)).toBe(0.05);
    expect(binWidth([0, 100], 90)).toBe(2);
    expect(countTicks(2500, 200)).toEqual([0, 1, 10, 100, 1000]);
    expect(countTicks(1e6, 130)).toEqual([0, 1, 1000, 1e6]);
    expect(countTicks(0, 200)).toEqual([0, 1, 10]);
    expect([2, 3, 8, 5].map(wholeTicks)).toEqual([
      [0, 1, 2],
      [0, 1, 2, 3],
      [0, 4, 8],
      [0, 3, 6],
    ]);
    expect([-0.5, 0, 0.5].map(labels([-0.5, 0, 0.5]))).toEqual(["−0.5", "0.0", "0.5"]);
    expect([0, 5000].map(labels([0, 5000]))).toEqual(["0", "5·10³"]);
  });
});

describe("the vertical axis", () => {
  const range = (more: Partial<Parameters<typeof spectrumRange>[0]>) =>
    spectrumRange({ largest: [2, 3], low: 1, edges: [2.4], density: null, ...more }) ?? [Number.NaN, Number.NaN];

  it("holds zero, the eigenvalues and the edge", () => {
    const [low, high] = range({ edges: [3.3, 2.4] });
    expect(low).toBeLessThan(0);
    expect(low).toBeGreaterThan(-0.3);
    expect(high).toBeGreaterThanOrEqual(3.3);
    expect(high).toBeLessThan(4.5);
  });

  it("is not stretched by an edge far above, nor by a largest eigenvalue far beyond it", () => {
    expect(range({ edges: [2000] })[1]).toBeLessThan(4);
    expect(range({ edges: [2000, 2.4] })[1]).toBeLessThan(4);
    expect(range({ largest: [2, 1e6] })[1]).toBeLessThan(12);
  });

  it("goes down to the smallest eigenvalue of the density", () => {
    const [low] = range({ density: [-5, 2] });
    expect(low).toBeLessThanOrEqual(-5);
  });

  it("shows constant and negative eigenvalues, and nothing where nothing is known", () => {
    const [low, high] = range({ largest: [2, 2], low: 2, edges: [2] });
    expect(low < 0 && high > 2).toBe(true);
    const negative = range({ largest: [-3, -1], low: -4, edges: [] });
    expect(negative[0]).toBeLessThanOrEqual(-4);
    expect(negative[1]).toBeGreaterThanOrEqual(0);
    expect(negative[0]).toBeLessThan(negative[1]);
    expect(spectrumRange({ largest: null, low: null, edges: [2], density: null })).toBeNull();
  });
});

it("finds the stairs of a threshold, each up to the next, and takes drift for one of them", () => {
  const time = new Numbers();
  const value = new Numbers();
  for (let t = 0; t < 300; t++) {
    time.append([t]);
    value.append([t < 100 ? 3.25 : t < 200 ? 2.4 + 1e-5 * t : Number.NaN]);
  }
  const found = stairs(new Envelope(time, value).update());
  expect(found).toHaveLength(2);
  expect(found[0]).toEqual({ from: 0, to: 100, value: 3.25 });
  expect([found[1].from, found[1].to]).toEqual([100, 199]);
  expect(stairs(null)).toEqual([]);
});

describe("the spectrum in words", () => {
  const reading: SpectrumReading = {
    step: 300,
    flow: "",
    values: [2.343, 2.341, 2.221],
    threshold: 2.353,
    rate: 0.85,
    critical: 2,
    atLeast: false,
  };
  const events = [{ step: 160, name: "learning_rate", old: 0.6, new: 0.85 }] as never;
  const say = (more: Partial<SpectrumReading>, density: Density | null = null, recorded = 8, happened = [] as never) =>
    words
      .describe({ ...reading, ...more }, density, recorded, happened)
      .map((sentence) => plainText(sentence).replaceAll("\u00a0", " "));

  it("tells how many directions are critical", () => {
    expect(say({})).toEqual(["Two directions are critical at step 300 (within 2.5 % of the edge)."]);
    expect(say({ critical: 1, flow: "rod flow" })).toEqual([
      "One direction of rod flow is critical at step 300 (within 2.5 % of the edge).",
    ]);
    expect(say({ critical: 0, threshold: 3.33 })).toEqual([
      "No direction is critical at step 300: the largest eigenvalue is 0.70 of the edge.",
    ]);
    expect(say({ critical: 8, atLeast: true, threshold: 1.9525 })).toEqual([
      "At least eight directions are critical at step 300: the largest eigenvalue is 1.20 times the edge.",
    ]);
  });

  it("tells what a change of the learning rate did, unless the rate has moved on since", () => {
    expect(say({}, null, 8, events)[1]).toBe("Raising the learning rate to 0.85 at step 160 lowered the edge to 2.35.");
    expect(say({ rate: 0.5 }, null, 8, events)).toHaveLength(1);
    expect(say({ step: 100 }, null, 8, events)).toHaveLength(1);
  });

  it("tells how to record more where there is only the largest", () => {
    expect(say({}, null, 1)[1]).toBe(
      "Only the largest eigenvalue is recorded: rf.compare(…, eigenvalues=8) records the eight largest.",
    );
  });

  it("counts the large eigenvalues of a density, and says where that is about right", () => {
    // 60 between 0 and 1, 24 between 1 and 2.
    const made = (facts: Survey["facts"]) =>
      new Density(survey([-0.5, 0, 0.99999, 1, 2, 2.00001], [0, 60, 60, 24, 24, 0], { threshold: 2.353, ...facts }));
    expect(say({}, made({ dim: 3466, smallest: -0.0068 }))[1]).toBe(
      "24 of 3,466 eigenvalues exceed 1; the smallest is −0.0068.",
    );
    expect(say({}, made({ dim: 3466, exact: 0 }))[1]).toBe("About 24 of 3,466 eigenvalues exceed 1.");
    expect(say({ step: 310 }, made({ dim: 3466 }))[1]).toBe("At step 300, 24 of 3,466 eigenvalues exceed 1.");
  });

  it("says nothing of a density that is still growing but how far it is", () => {
    const growing = new Density({ ...fakeDensity(300), share: 0.4 });
    expect(say({}, growing)).toHaveLength(1);
    expect(words.method(growing, 0.05)).toBe("Working: 40\u00a0% done.");
    expect(words.method(new Density(fakeDensity(300)), 0.05)).toMatch(
      /per 0.05 .* Lanczos quadrature with 400 products/,
    );
  });
});

describe("densities that are asked for", () => {
  const place = { run: 1, process: "discrete", step: 300 };

  function made() {
    const surveyor = new FakeSurveyor();
    const scope = new Scope();
    const surveys = new Surveys(scope, () => {});
    surveys.use(surveyor);
    return { surveyor, scope, surveys };
  }

  it("shows what has come while it grows, and keeps what is complete", () => {
    const { surveyor, surveys } = made();
    surveys.ask(place);
    surveys.ask(place);
    expect(surveyor.asked).toEqual([{ step: 300, process: "discrete" }]);
    surveyor.answer({ ...fakeDensity(300), share: 0.5 });
    expect(surveys.shown(place)?.survey.share).toBe(0.5);
    expect(surveys.isPending(place)).toBe(true);
    surveyor.answer(fakeDensity(300));
    expect(surveys.isPending(place)).toBe(false);
    expect(surveys.shown({ ...place, step: 301 })?.step).toBe(300);
    expect(surveys.at({ ...place, step: 301 })).toBeNull();
  });

  it("shows nothing of another process, run or branch", () => {
    const { surveyor, surveys } = made();
    surveys.ask(place);
    surveyor.answer(fakeDensity(300));
    expect(surveys.shown({ ...place, process: "rod" })).toBeNull();
    expect(surveys.shown({ ...place, run: 2 })).toBeNull();
    surveys.use(new FakeSurveyor());
    expect(surveys.shown(place)).toBeNull();
  });

  it("ends the interest in what another question replaces, and forgets the part that had come", () => {
    const { surveyor, surveys, scope } = made();
    surveys.ask(place);
    surveyor.answer({ ...fakeDensity(300), share: 0.5 });
    surveys.ask({ ...place, step: 200 });
    expect(surveyor.ended).toBe(1);
    expect(surveys.at(place)).toBeNull();
    scope.dispose();
    expect(surveyor.ended).toBe(2);
  });

  it("keeps a refusal until the same is asked again", () => {
    const { surveyor, surveys } = made();
    surveys.ask(place);
    surveyor.refuse("step=300 is not kept.");
    expect(surveys.refusal(place)).toBe("step=300 is not kept.");
    expect(surveys.busy).toBe(false);
    surveys.ask(place);
    expect(surveys.refusal(place)).toBe("");
  });

  it("follows a cursor that rests, and not one that moves", () => {
    vi.useFakeTimers();
    try {
      const { surveyor, surveys } = made();
      for (let step = 0; step < 5; step++) {
        surveys.follow({ ...place, step }, false);
        vi.advanceTimersByTime(REST - 1);
      }
      expect(surveyor.asked).toHaveLength(0);
      surveys.follow({ ...place, step: 4 }, false);
      vi.advanceTimersByTime(1);
      expect(surveyor.asked).toEqual([{ step: 4, process: "discrete" }]);
      surveyor.refuse("no");
      surveys.follow({ ...place, step: 4 }, false);
      vi.advanceTimersByTime(2 * REST);
      expect(surveyor.asked).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it("follows the newest step now and then, one density after the other", () => {
    vi.useFakeTimers();
    try {
      const { surveyor, surveys } = made();
      for (let step = 0; step < 10; step++) {
        surveys.follow({ ...place, step }, true);
        vi.advanceTimersByTime(REST / 5);
      }
      expect(surveyor.asked).toEqual([{ step: 4, process: "discrete" }]);
      surveyor.answer(fakeDensity(4));
      surveys.follow({ ...place, step: 20 }, true);
      vi.advanceTimersByTime(REST);
      expect(surveyor.asked).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });
});
