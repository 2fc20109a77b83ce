/** The flows in words: one line each, the closest to the iterates first. */
import * as format from "../format";
import type { ProcessReading, Reading } from "../views/reading";
import type { Spec } from "../wire";
import { oscillates } from "./optimizer";
import { ratioOf, reason, rodLength, type Sentence, stepOf, strong } from "./sentence";

/** Flows coincide with the iterates where all are nearer than this share of the distance travelled. */
const COINCIDE = 0.0005;
/** Ratios that are told as being at the edge, and from where on stable flow could not stay. */
const AT = [0.96, 1.05];
const BEYOND = 1.02;
/** Distances that differ by less than this factor are told as equal. */
const ALIKE = 1.05;

export interface FlowLine {
  flow: ProcessReading;
  sentence: Sentence;
}

export interface FlowWords {
  /** What holds for all of them, where it takes the place of the distances. */
  common: Sentence | null;
  lines: FlowLine[];
}

export interface Telling {
  /** What a flow says about itself, as predicates. */
  signals: (flow: ProcessReading) => Sentence[];
  /** Whether the rod length of the iterates has been named already. */
  rodTold: boolean;
  /** The distance and what matters most, and no more. */
  brief: boolean;
}

export function aboutFlows(reading: Reading, spec: Spec, { signals, rodTold, brief }: Telling): FlowWords {
  const flows = ordered(reading.processes.filter(({ process }) => process.kind !== "iterates"));
  const near = flows.filter((flow) => flow.distance !== null);
  const coincide = near.length > 1 && near.every(({ distance }) => (distance ?? 1) < COINCIDE);
  const stable = near.find(({ process }) => process.kind === "stable") ?? null;
  const alone = near.length < 2 || alike(near[0], near[1]);
  const own = reading.iterates?.rodLength ?? null;
  const predicting =
    brief || coincide || !oscillates(reading)
      ? []
      : flows.filter((flow) => flow.rodLength !== null && flow.distance !== null);
  const lines = flows.flatMap((flow): FlowLine[] => {
    const predicates: Sentence[] = [];
    if (flow.distance !== null && !coincide) {
      const rank = flow !== near[0] ? "further" : alone ? "alone" : "closest";
      const place = distance(flow, rank, stable, brief);
      if (predicting.includes(flow)) {
        const beside =
          flow === predicting[0] && own !== null && !rodTold
            ? ` where the iterates have\u00a0${format.significant(own, 2)}`
            : "";
        place.push(`; it predicts ${rodLength(flow.rodLength)}${beside}`);
      }
      const far = beyond(flow, spec, brief);
      predicates.push(far ? [...place, brief ? ", " : "; it is ", ...far] : place);
    } else if (flow.distance === null && !flow.ended) predicates.push(...undistanced(flow, spec, brief));
    if (flow.ended) predicates.push(end(flow.ended));
    predicates.push(...signals(flow));
    return predicates.length ? [{ flow, sentence: line(flow.label, predicates) }] : [];
  });
  const gone = flows.some(({ ended }) => ended) ? " that still run" : "";
  const common = `All flows${gone} coincide with the iterates to within ${format.significant(100 * COINCIDE, 1)}\u00a0% of the distance travelled.`;
  return { common: coincide ? [common] : null, lines };
}

/** By distance; those that read alike, and those without one, as in the legend, ended ones last. */
function ordered(flows: ProcessReading[]): ProcessReading[] {
  const near = flows.filter(({ distance }) => distance !== null);
  near.sort((a, b) => (a.distance ?? 0) - (b.distance ?? 0));
  const groups: ProcessReading[][] = [];
  for (const flow of near) {
    const last = groups.at(-1);
    if (last && alike(last[0], flow)) last.push(flow);
    else groups.push([flow]);
  }
  const rest = flows.filter(({ distance }) => distance === null);
  groups.push(
    rest.filter(({ ended, begins }) => !ended && begins === null),
    rest.filter(({ ended, begins }) => !ended && begins !== null),
    rest.filter(({ ended }) => ended),
  );
  return groups.flatMap((group) => group.sort((a, b) => flows.indexOf(a) - flows.indexOf(b)));
}

function alike(a: ProcessReading, b: ProcessReading): boolean {
  return format.share(a.distance) === format.share(b.distance);
}

function distance(
  flow: ProcessReading,
  rank: "closest" | "alone" | "further",
  stable: ProcessReading | null,
  brief: boolean,
): Sentence {
  const share = format.share(flow.distance);
  const against = brief || !stable || stable === flow ? "" : relation(flow.distance ?? 0, stable);
  if (rank === "further") return [`is ${share} away${against}`];
  if (brief) return [rank === "closest" ? `is closest: ${share}` : `is ${share} away`];
  if (rank === "closest") return [`is closest to the iterates: ${share} of the distance travelled${against}`];
  return [`is ${share} of the distance travelled away from the iterates${against}`];
}

/** How far it is beside stable flow. */
function relation(own: number, { distance, label }: ProcessReading): string {
  if (!own || !distance) return "";
  const times = distance / own;
  const number = (factor: number) => `${format.significant(factor, 2)} times`;
  if (times >= ALIKE) return `, ${number(times)} closer than ${label}`;
  return times > 1 / ALIKE ? `, as far as ${label}` : `, ${number(1 / times)} as far as ${label}`;
}

function beyond({ process, ratio }: ProcessReading, spec: Spec, brief: boolean): Sentence | null {
  if (process.kind !== "stable" || ratio === null || ratio <= BEYOND) return null;
  const why = brief ? "" : `: ${spec.optimizer.label} at this learning rate could not stay there`;
  return [strong("beyond the edge"), ` ${ratioOf(ratio)}${why}`];
}

/** What can be said of a flow whose distance is not known: one that is still to begin, or that runs without iterates. */
function undistanced(flow: ProcessReading, spec: Spec, brief: boolean): Sentence[] {
  const { ratio, rodLength: length, begins } = flow;
  if (begins !== null) return [[`begins at ${stepOf(begins)}`]];
  const rod = length === null || brief ? null : `predicts ${rodLength(length)}`;
  if (ratio === null) return rod ? [[rod]] : [];
  const far = beyond(flow, spec, brief);
  const place = ratio < AT[0] ? "below the edge" : ratio <= AT[1] ? "at the edge" : "above the edge";
  const where: Sentence = far ?? [strong(place), ` ${ratioOf(ratio)}`];
  return [["is ", ...where, rod ? ` and ${rod}` : ""]];
}

/** A flow that has diverged or stopped is told of, never left out. */
function end({ state, step, sentence }: NonNullable<ProcessReading["ended"]>): Sentence {
  return [strong(`${state} at ${stepOf(step)}`), `: ${reason(sentence).replace(/\.$/, "")}`];
}

/** Predicates about one subject: its name at first, then "It". */
function line(label: string, predicates: Sentence[]): Sentence {
  return predicates.flatMap((predicate, i) => [
    i ? "It " : strong(format.capital(label)),
    i ? "" : " ",
    ...predicate,
    i < predicates.length - 1 ? ". " : ".",
  ]);
}
