/** The spectrum in words. */
import * as format from "../../format";
import { roundDown } from "../../ranges";
import type { RunEvent, Spec } from "../../wire";
import type { Sentence } from "../../words/sentence";
import { CRITICAL, type Density } from "./density";
import type { SpectrumReading } from "./reading";

/** Of what the eigenvalues are. */
export function matrix({ optimizer }: Spec): string {
  return optimizer.preconditioned ? "preconditioned Hessian" : "Hessian";
}

export function title(recorded: number): string {
  if (recorded < 2) return "Largest eigenvalue";
  return `${format.capital(format.count(recorded))} largest eigenvalues`;
}

export function subtitle(spec: Spec, flow: string): string {
  const where = flow ? `the centre of ${flow}` : "the midpoints";
  return `of the ${matrix(spec)} at ${where}; the staircase is the threshold ${spec.optimizer.threshold}`;
}

export function place(index: number): string {
  return ["largest", "2nd", "3rd"][index] ?? `${index + 1}th`;
}

/** How the density was found, and what it cost. */
export function method(density: Density, width: number): string {
  const { exact, survey } = density;
  const bars = `Number per ${format.plain(width)} on a logarithmic axis`;
  if (survey.share < 1) return `Working: ${format.share(survey.share)} done.`;
  if (exact) return `${bars}, from all eigenvalues.`;
  const { products } = survey.facts;
  const cost = products ? ` with ${format.whole(products)} products` : "";
  return `${bars}, by Lanczos quadrature${cost}; light ends: standard error.`;
}

export function describe(
  reading: SpectrumReading,
  density: Density | null,
  recorded: number,
  events: RunEvent[],
): Sentence[] {
  return [
    critical(reading),
    sinceWhen(reading, events),
    density && counts(density, reading.step),
    recorded < 2 ? recordMore : null,
  ].filter((sentence): sentence is Sentence => sentence !== null);
}

const recordMore: Sentence = [
  "Only the largest eigenvalue is recorded: ",
  { code: "rf.compare(…, eigenvalues=8)" },
  " records the eight largest.",
];

/** How many directions are at the edge. */
export function critical({ critical, atLeast, flow, step, threshold, values }: SpectrumReading): Sentence | null {
  if (critical === null || threshold === null || !values.length) return null;
  const ratio = values[0] / threshold;
  const of = flow ? ` of ${flow}` : "";
  const at = ` at step ${format.whole(step)}`;
  if (critical === 0)
    return [
      { strong: `No direction${of} is critical` },
      `${at}: the largest eigenvalue is ${format.ratio(ratio, 2)} of the edge.`,
    ];
  const number = `${atLeast ? "at least " : ""}${format.count(critical)}`;
  const subject = `${format.capital(number)} ${critical === 1 ? "direction" : "directions"}`;
  const far = ratio > 2 - CRITICAL;
  const how = far
    ? `: the largest eigenvalue is ${format.ratio(ratio, 2)} times the edge.`
    : " (within 2.5\u00a0% of the edge).";
  const verb = critical === 1 ? "is" : "are";
  return [{ strong: `${subject}${of} ${verb} critical` }, `${at}${how}`];
}

/** Since when the edge is where it is, where the learning rate put it there. */
function sinceWhen({ rate, step, threshold }: SpectrumReading, events: RunEvent[]): Sentence | null {
  const last = events.findLast((event) => event.name === "learning_rate" && event.step <= step);
  // A schedule that began then may have gone on since.
  if (!last || threshold === null || rate === null || Math.abs(rate / last.new - 1) > 1e-3) return null;
  const verb = last.new > last.old ? "lowered" : "raised";
  const what = last.new > last.old ? "Raising" : "Lowering";
  const now = `to ${format.value(last.new, "log")}`;
  return [
    `${what} the learning rate ${now} at step ${format.whole(last.step)} ${verb} the edge to ${format.significant(threshold)}.`,
  ];
}

/** What the density adds: how many are large, and, where the survey says so, which is the smallest. */
export function counts(density: Density, step: number): Sentence | null {
  const { dim, exact, threshold, total, survey } = density;
  if (survey.share < 1 || !(total > 0)) return null;
  const value = roundDown((threshold ?? density.outliers[0] ?? 0) / 2);
  if (!(value > 0)) return null;
  const { count } = density.between(value, Number.POSITIVE_INFINITY);
  const { smallest } = survey.facts;
  const least = smallest === null || smallest === undefined ? "" : format.significant(smallest, 2);
  const when = density.step === step ? "" : `At step ${format.whole(density.step)}, `;
  const about = exact ? "" : "about ";
  // Also where all are known, one close to the value lies on both sides of it as it is smoothed.
  const sure = exact && Math.abs(count - Math.round(count)) < 0.05;
  const sentence = `${when}${sure ? "" : "about "}${format.whole(count)} of ${format.whole(dim)} eigenvalues exceed ${format.plain(value)}`;
  return [`${format.capital(sentence)}${least ? `; the smallest is ${about}${least}` : ""}.`];
}
