/** The optimizer and its edge in words: at most two sentences, or pairs of them, that follow the data. */
import * as format from "../format";
import type { Stay } from "../views/edge";
import type { Critical, Reading } from "../views/reading";
import type { RunEvent, Spec } from "../wire";
import { ratioOf, reason, rodLength, type Sentence, stepOf, strong } from "./sentence";

/** Ratios between these two are at the edge. */
const AT = [0.96, 1.05];
/** An oscillation is there where at least this share of the half step alternates. */
const OSCILLATES = 0.2;
/** A meeting with the edge is foretold for at most so many steps. */
const FORESEEN = 500;

export interface OptimizerWords {
  sentences: Sentence[];
  /** Whether they name the rod length of the iterates. */
  rodTold: boolean;
}

/** Whether the iterates oscillate, as far as is known: more than their drift alternates. */
export function oscillates({ alternating }: Reading): boolean {
  return alternating === null || alternating >= OSCILLATES;
}

/** `brief` keeps the position only; of iterates that have ended, and that flows outlive, their end is told. */
export function aboutOptimizer(reading: Reading, spec: Spec, brief = false): OptimizerWords {
  const ratio = reading.iterates?.ratio ?? null;
  if (ratio === null) {
    const ended = reading.iterates?.ended;
    const told: Sentence[] = ended
      ? [["The iterates ", strong(`${ended.state} at ${stepOf(ended.step)}`), `: ${reason(ended.sentence)}`]]
      : [];
    return { sentences: told, rodTold: false };
  }
  const { stay } = reading;
  const there = stay !== null && stay.to === null;
  const position = there ? atEdge(reading, stay, ratio, spec, brief) : belowEdge(reading, ratio, spec, brief);
  if (brief) return { sentences: [position], rodTold: false };
  const movement = oscillation(reading, ratio, there);
  const second = [there || !stay ? "" : history(stay, spec), movement].filter(Boolean).join(" ");
  return { sentences: second ? [position, [second]] : [position], rodTold: movement.includes("rod length") };
}

function atEdge(reading: Reading, stay: Stay, ratio: number, spec: Spec, brief: boolean): Sentence {
  const who = format.capital(spec.optimizer.label);
  const value = ratioOf(ratio);
  const many = brief || !reading.critical ? "" : eigenvalues(reading.critical, spec);
  const now = ratio > AT[1] ? "above it" : ratio < AT[0] ? "a little below it" : null;
  if (reading.time - stay.from < 1e-3 && !stay.first) {
    const step = `${stay.aboutFrom ? "at about this step" : "at this step"}${cause(stay.arrival, spec)}`;
    return now
      ? [`${who} met its edge ${clause(step)} and is `, strong(now), ` ${value}${many}.`]
      : [`${who} met `, strong("its edge"), ` ${value} ${step}${many}.`];
  }
  const since = begin(stay, spec);
  return now
    ? [`${who} has been at its edge ${clause(since)} and is `, strong(now), ` now ${value}${many}.`]
    : [`${who} has been `, strong("at its edge"), ` ${value} ${since}${many}.`];
}

/** With the comma that ends a clause inside it. */
function clause(text: string): string {
  return text.includes(",") ? `${text},` : text;
}

function begin(stay: Stay, spec: Spec): string {
  if (!stay.first) return `since ${step(stay.from, stay.aboutFrom)}${cause(stay.arrival, spec)}`;
  return stay.from <= 2 ? "since the start" : `since before ${stepOf(stay.from)}, where the recording begins`;
}

function belowEdge({ slope, stay }: Reading, ratio: number, { optimizer }: Spec, brief: boolean): Sentence {
  const who = format.capital(optimizer.label);
  const trend = brief || slope === null ? "" : `, and the ratio is ${course(slope, ratio, stay !== null)}`;
  return [`${who} is `, strong("below its edge"), ` ${ratioOf(ratio)}${trend}.`];
}

function course(slope: number, ratio: number, again: boolean): string {
  const size = Math.abs(slope);
  if (size < 0.005) return "steady";
  const text = `${slope > 0 ? "rising" : "falling"} by ${format.significant(size, size < 0.1 ? 1 : 2)} per 100 steps`;
  const steps = ((1 - ratio) / slope) * 100;
  if (!(steps > 0 && steps <= FORESEEN)) return text;
  const round = steps < 100 ? 10 : 50;
  const when = steps < 10 ? "a few" : `about ${format.whole(Math.round(steps / round) * round)}`;
  return `${text}: at this rate it meets the edge${again ? " again" : ""} in ${when} steps`;
}

function eigenvalues({ count, of, more }: Critical, { optimizer }: Spec): string {
  if (!count || of < 2) return "";
  const whose = optimizer.preconditioned ? " of the preconditioned Hessian" : "";
  const all = more
    ? `at least ${format.count(of)} eigenvalues`
    : of === 2
      ? "both eigenvalues"
      : `all ${format.count(of)} eigenvalues`;
  const some = `${format.count(count)} of the ${format.count(of)} ${more ? "tracked " : ""}eigenvalues`;
  return `; ${count < of ? some : all}${whose} ${count === 1 ? "is" : "are"} there`;
}

function history(stay: Stay, spec: Spec): string {
  const to = `${step(stay.to ?? 0, stay.aboutTo)}${stay.rateFell && !stay.departure ? ", as the learning rate fell" : cause(stay.departure, spec)}`;
  const from = step(stay.from, stay.aboutFrom);
  if (stay.number > 1)
    return `It has been there ${stay.number === 2 ? "twice" : `${format.count(stay.number)} times`}, the last time from ${from} to ${to}.`;
  if (!stay.first) return `It met its edge at ${from} and left it at ${to}.`;
  return stay.from <= 2 ? `It was there from the start and left at ${to}.` : `It left its edge at ${to}.`;
}

function oscillation(reading: Reading, ratio: number, there: boolean): string {
  const { alternating, growing, iterates, processes } = reading;
  const rod = iterates?.rodLength ?? null;
  const size = rodLength(rod);
  if (!there && alternating === null) return "";
  if (there || oscillates(reading)) {
    if (!oscillates(reading))
      return growing
        ? "The oscillation of the iterates is still small, and growing."
        : "There is hardly any oscillation.";
    if (rod === null) return "";
    if (!there && growing === false) return `An oscillation is still decaying: ${size}.`;
    if (ratio <= AT[1] || growing === null) return `The iterates oscillate with ${size}.`;
    return `The oscillation of the iterates is ${growing ? "growing" : "shrinking"}: ${size}.`;
  }
  const flows = processes.some(
    ({ process, ended, begins }) => !["iterates", "stable"].includes(process.kind) && !ended && begins === null,
  );
  return `There is no oscillation${flows ? ": every flow now moves as stable flow does" : ""}.`;
}

function cause(event: RunEvent | null, { optimizer }: Spec): string {
  if (!event || event.new === event.old) return "";
  const label = optimizer.parameters.find(({ name }) => name === event.name)?.label ?? event.name.replaceAll("_", " ");
  return `, when the ${label} was ${event.new > event.old ? "raised" : "lowered"}`;
}

function step(time: number, about: boolean): string {
  return `${about ? "about " : ""}${stepOf(time)}`;
}
