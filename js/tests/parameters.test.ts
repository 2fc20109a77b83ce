import { describe, expect, it } from "vitest";
import { NADAM } from "../dev/fake";
import { DecayScale, LogScale, scaleFor } from "../src/controls/scale";
import * as format from "../src/format";
import { eventMarks } from "../src/views/events";
import { mounted, painted } from "./helpers";

describe("the scale of a slider", () => {
  it("is logarithmic in what a decay forgets", () => {
    const scale = new DecayScale(0.9);
    expect([0, 0.9, 0.99, 0.999, 0.9999].map((value) => scale.toFraction(value))).toEqual([
      0,
      expect.closeTo(1 / 3, 6),
      expect.closeTo(2 / 3, 6),
      expect.closeTo(1, 6),
      1,
    ]);
    for (const value of [0, 0.5, 0.9, 0.95, 0.99, 0.993])
      expect(scale.fromFraction(scale.toFraction(value))).toBeCloseTo(value, 9);
    expect(new DecayScale(0.9999).holds(0.9999)).toBe(true);
    expect(scale.nudged(0.9, 1)).toBe(0.905);
    expect(scale.nudged(0, -1)).toBe(0);
  });

  it("spans some powers of ten around a small quantity, and holds its zero by the field alone", () => {
    const [, , eps, psi] = NADAM;
    const scale = scaleFor(eps, 1e-8);
    expect([scale.lower, scale.upper].map((end) => end.toPrecision(3))).toEqual(["1.00e-12", "0.000100"]);
    expect(scaleFor(eps, 0).toFraction(0)).toBe(0);
    expect(scaleFor(psi, 1e6)).toBeInstanceOf(LogScale);
    expect(scaleFor(psi, 1e6).holds(1e6)).toBe(true);
  });

  it("writes as many decimals as a decay needs", () => {
    expect([0, 0.9, 0.99, 0.9995, 0.99937].map((value) => format.value(value, "decay"))).toEqual([
      "0",
      "0.9",
      "0.99",
      "0.9995",
      "0.99937",
    ]);
    expect([1e-8, 0.004, 0].map((value) => format.value(value, "log"))).toEqual(["10⁻⁸", "0.004", "0"]);
    expect(format.field(1e-8, "log")).toBe("1e-8");
  });
});

describe("hyperparameters beside the learning rate", () => {
  const field = (root: HTMLElement, name: string) =>
    root.querySelector(`[data-parameter="${name}"] .rf-number`) as HTMLInputElement;

  it("are not there for gradient descent", async () => {
    const { find } = await mounted("running");
    expect(find(".rf-parameters").hidden).toBe(true);
  });

  it("each have a number and a slider, and fold to a line of values", async () => {
    const { root, find, text } = await mounted("running", 600, NADAM);
    expect([...root.querySelectorAll(".rf-setting")].map((row) => row.getAttribute("data-parameter"))).toEqual([
      "beta1",
      "beta2",
      "eps",
      "momentum_decay",
    ]);
    expect(NADAM.map(({ name }) => field(root, name).value)).toEqual(["0.9", "0.99", "1e-8", "0.004"]);
    find(".rf-unfold").click();
    expect(find(".rf-settings").hidden).toBe(true);
    expect(text(".rf-setting-values")).toBe("momentum β₁ 0.9second moment β₂ 0.99ε 10⁻⁸momentum decay ψ 0.004");
  });

  it("are sent when let go, and move the edge at once", async () => {
    const { root, find, text, commands } = await mounted("paused", 600, NADAM);
    find(".rf-menu [role=menuitemcheckbox]").click();
    await painted();
    const before = { edge: Number(text(".rf-edge-label").replace("edge ", "")), y: root.rodflow?.thresholdY() ?? 0 };
    const slider = root.querySelector('[data-parameter="beta1"] .rf-range') as HTMLInputElement;
    slider.value = "500";
    slider.dispatchEvent(new Event("input"));
    expect(commands()).toEqual([]);
    expect(field(root, "beta1").value).toBe("0.968");
    slider.dispatchEvent(new Event("change"));
    await painted();
    expect(commands()).toMatchObject([{ name: "set", args: { beta1: 0.968 } }]);
    const factor = (1.968 / 0.032) * (0.1 / 1.9);
    expect(Number(text(".rf-edge-label").replace(/edge | →/g, "")) / before.edge).toBeCloseTo(factor, 1);
    expect(root.rodflow?.thresholdY()).toBeLessThan(before.y - 3);
  });

  it("fall back with the kernel's words when refused", async () => {
    const { root, text } = await mounted("paused", 600, NADAM);
    const number = field(root, "beta1");
    number.value = "-1";
    number.dispatchEvent(new Event("change"));
    await painted();
    expect(text(".rf-refusal")).toContain("beta1=-1 is not usable");
    expect(number.value).toBe("0.9");
  });

  it("preview the threshold of the learning rate under the hand", async () => {
    const { root, find } = await mounted("paused");
    find(".rf-menu [role=menuitemcheckbox]").click();
    await painted();
    const before = root.rodflow?.thresholdY() ?? 0;
    const slider = find(".rf-range") as HTMLInputElement;
    slider.value = "700";
    slider.dispatchEvent(new Event("input"));
    await painted();
    expect(root.rodflow?.thresholdY()).toBeGreaterThan(before + 3);
  });
});

it("names what changed at a step in one mark", async () => {
  const { root } = await mounted("running", 600, NADAM);
  const spec = root.rodflow?.client.spec;
  if (!spec) throw new Error("no spec");
  const events = [
    { step: 4, name: "learning_rate", old: 0.1, new: 0.2, note: "" },
    { step: 4, name: "beta2", old: 0.99, new: 0.9995, note: "" },
    { step: 9, name: "eps", old: 1e-8, new: 1e-5, note: "" },
  ];
  expect(eventMarks(events, spec, true)).toEqual([
    { time: 4, label: "learning rate 0.1 → 0.2, second moment β₂ 0.99 → 0.9995" },
    { time: 9, label: "ε 10⁻⁸ → 10⁻⁵" },
  ]);
  expect(eventMarks(events, spec, false)[0].label).toBe("0.1 → 0.2, second moment β₂ 0.99 → 0.9995");
  expect(eventMarks(events, spec, true, 8, "learning_rate")).toEqual([
    { time: 4, label: "second moment β₂ 0.99 → 0.9995" },
  ]);
  events.push({ step: 12, name: "learning_rate", old: 0.2, new: 0.1, note: "" });
  expect(eventMarks(events, spec, true, 12, "learning_rate").at(-1)).toEqual({ time: 12, label: "" });
  expect(eventMarks(events, spec, true).map(({ time }) => time)).toEqual([4, 9, 12]);
});

it("flags the steps of the changes once, also while the run goes on", async () => {
  const { key, model, root } = await mounted("running");
  await key("t");
  const flags = () => [...root.querySelectorAll<HTMLElement>(".rf-flag")];
  const before = flags();
  expect(before.length).toBeGreaterThan(0);
  expect(before.length).toBe(new Set(root.rodflow?.store.events.map(({ step }) => step)).size);
  model.advance(3);
  await painted();
  expect(flags().every((flag, i) => flag === before[i])).toBe(true);
  expect(root.querySelector<HTMLElement>(".rf-flags")?.style.getPropertyValue("--last")).toBe("489");
});
