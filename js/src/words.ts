/** The run in words: at most three sentences that follow the data. */
import * as format from "./format";
import type { ProcessReading, Reading } from "./views/reading";
import type { RunEvent, RunStatus, Spec } from "./wire";

export type Piece = string | { strong: string } | { key: string } | { code: string };
export type Sentence = Piece[];

const strong = (text: string): Piece => ({ strong: text });
const key = (text: string): Piece => ({ key: text });

export function plainText(sentence: Sentence): string {
  return sentence.map((piece) => (typeof piece === "string" ? piece : Object.values(piece)[0])).join("");
}

/** At most `most` sentences about one step; that of flows that have ended is never the one left out. */
export function describe(reading: Reading, spec: Spec, most = 3): Sentence[] {
  const told = failed(reading);
  const sentences = [closest(reading), sharpness(reading, spec), told, beyond(reading, spec)];
  const found = sentences.filter((sentence): sentence is Sentence => sentence !== null);
  while (found.length > most)
    found.splice(
      found.findLastIndex((sentence) => sentence !== told),
      1,
    );
  return found;
}

function closest({ processes }: Reading): Sentence | null {
  const flows = processes
    .filter((flow) => flow.distance !== null && !flow.ended)
    .sort((a, b) => (a.distance ?? 0) - (b.distance ?? 0));
  if (!flows.length) return null;
  const [first, ...others] = flows;
  if (!others.length)
    return [
      strong(name(first, true)),
      ` is ${format.share(first.distance)} of the distance travelled away from the iterates.`,
    ];
  const rest = others.map((flow) => `${name(flow)} ${format.share(flow.distance)}`).join(", ");
  return [
    strong(name(first, true)),
    ` is closest to the iterates: ${format.share(first.distance)} of the distance travelled. ${format.capital(rest)}.`,
  ];
}

function sharpness(reading: Reading, { optimizer }: Spec): Sentence | null {
  const { iterates } = reading;
  if (!iterates || iterates.ratio === null) return null;
  const directions =
    reading.critical !== null && reading.critical > 0
      ? `, ${reading.atLeast ? "at least " : ""}${format.count(reading.critical)} ${reading.critical === 1 ? "direction" : "directions"} critical`
      : "";
  const ratio = `(ratio ${format.ratio(iterates.ratio, 2)}`;
  const start = optimizer.preconditioned ? "Preconditioned sharpness is " : "Sharpness is ";
  if (iterates.ratio < 0.96)
    return [start, strong("below the edge"), ` ${ratio})${trend(reading.slope)}. ${below(reading)}`];
  if (iterates.ratio <= 1.05)
    return [
      start,
      strong("at the edge"),
      ` ${ratio}${directions}). The iterates oscillate with rod length ${length(iterates)}${predictions(reading)}.`,
    ];
  const movement = reading.growing === null ? "has" : reading.growing ? "is growing:" : "is shrinking:";
  return [
    start,
    strong("above the edge"),
    ` ${ratio}${directions}). The oscillation of the iterates ${movement} rod length ${length(iterates)}${predictions(reading)}.`,
  ];
}

function trend(slope: number | null): string {
  if (slope === null) return "";
  const size = Math.abs(slope);
  if (size < 0.005) return " and steady";
  return ` and ${slope > 0 ? "rising" : "falling"} by ${format.significant(size, size < 0.1 ? 1 : 2)} per 100 steps`;
}

function below(reading: Reading): string {
  if (reading.alternating === null) return "";
  if (reading.alternating < 0.2) return "There is no oscillation: every flow now moves as stable flow does.";
  const change = reading.growing === false ? "decaying" : "present";
  return `An oscillation is still ${change}: rod length ${reading.iterates ? length(reading.iterates) : "–"}${predictions(reading)}.`;
}

function predictions({ processes }: Reading): string {
  const flows = processes.filter((flow) => flow.process.kind !== "iterates" && flow.rodLength !== null && !flow.ended);
  if (!flows.length) return "";
  return `; ${flows.map((flow, i) => `${name(flow)}${i ? "" : " predicts"} ${length(flow)}`).join(", ")}`;
}

function length(process: ProcessReading): string {
  return format.significant(process.rodLength, 2);
}

/** A flow that has diverged or stopped is told of, never hidden. */
export function failed({ processes }: Reading): Sentence | null {
  const pieces = processes.flatMap((flow): Sentence => {
    if (!flow.ended || flow.process.kind === "iterates") return [];
    const { state, step, sentence } = flow.ended;
    return [" ", strong(`${name(flow, true)} ${state} at step ${format.whole(step)}`), `: ${reason(sentence)}`];
  });
  return pieces.length ? pieces.slice(1) : null;
}

function beyond({ processes }: Reading, spec: Spec): Sentence | null {
  const flow = processes.find((process) => process.process.kind === "stable");
  if (!flow || flow.ended || flow.ratio === null || flow.ratio <= 1.02) return null;
  return [
    `${name(flow, true)} is `,
    strong("beyond the edge"),
    ` (ratio ${format.ratio(flow.ratio, 2)}): ${spec.optimizer.label} at this learning rate could not stay there.`,
  ];
}

function name({ label }: ProcessReading, first = false): string {
  return first ? format.capital(label) : label;
}

/** What a status sentence says beyond "… diverged at step n:". */
function reason(sentence: string): string {
  const colon = sentence.indexOf(":");
  const text = (colon >= 0 ? sentence.slice(colon + 1) : sentence).trim();
  return text.endsWith(".") ? text : `${text}.`;
}

export function ready(spec: Spec): Sentence[] {
  const flows = spec.processes.filter((process) => process.kind !== "iterates").length;
  const who =
    flows === spec.processes.length
      ? `${format.count(flows)} ${flows === 1 ? "flow" : "flows"}`
      : flows
        ? `iterates and ${format.count(flows)} ${flows === 1 ? "flow" : "flows"}`
        : "iterates";
  return [
    [`${format.capital(who)} will run side by side for ${format.whole(spec.steps)} steps.`],
    [key("Space"), " runs, ", key("→"), " makes one step, ", key("["), " ", key("]"), " change the learning rate."],
  ];
}

export function paused(status: RunStatus, reading: Reading | null): Sentence {
  const ratio = reading?.iterates?.ratio ?? null;
  const place =
    ratio === null
      ? ""
      : `, ${ratio < 0.96 ? "below" : ratio <= 1.05 ? "at" : "above"} the edge (ratio ${format.ratio(ratio, 2)})`;
  return [
    `Paused at step ${format.whole(status.step)}${place}. `,
    key("Space"),
    " goes on, ",
    key("→"),
    " makes one step.",
  ];
}

export function finished(status: RunStatus, reading: Reading | null): Sentence {
  const sentence: Sentence = [`Finished: ${format.whole(status.step)} steps.`];
  const flows = (reading?.processes ?? []).filter((flow) => flow.distance !== null && !flow.ended);
  flows.forEach((flow, i) => {
    sentence.push(i ? `, ${name(flow)} ` : ` ${name(flow, true)} ended `);
    sentence.push(strong(format.share(flow.distance)));
    if (!i) sentence.push(" of the distance travelled from the iterates");
  });
  if (flows.length) sentence.push(".");
  return sentence;
}

export function stopped(status: RunStatus): Sentence {
  return [`Stopped at step ${format.whole(status.step)}. The recording up to there is kept.`];
}

/** Why the iterates diverged, as far as the recording tells. */
export function diverged(status: RunStatus, spec: Spec, events: RunEvent[], edge: number | null): Sentence {
  const iterates = spec.processes.find((process) => process.kind === "iterates");
  const own = iterates && status.processes[iterates.name];
  const stand = own?.state === "diverged" ? own : status;
  const who = stand === own ? "The iterates " : "The run ";
  const step = stand.step;
  const sentence: Sentence = [who, strong(`diverged at step ${format.whole(step)}`), `: ${reason(stand.sentence)}`];
  const event = [...events].reverse().find((e) => e.step <= step && step - e.step <= 50);
  if (event) {
    const { label, scale } = spec.optimizer.parameters.find(({ name }) => name === event.name) ?? {
      label: event.name,
      scale: "log" as const,
    };
    const verb = event.new > event.old ? "raised" : "lowered";
    const now = format.value(event.new, scale);
    sentence.push(` At step ${format.whole(event.step)} the ${label} was ${verb} to ${now}`);
    if (edge && event.name === "learning_rate")
      sentence.push(", ", strong(`${format.significant(event.new / edge, 2)} times the edge`));
    sentence.push(".");
  }
  if (!/kept/.test(stand.sentence)) sentence.push(` The recording up to step ${format.whole(step - 1)} is kept.`);
  return sentence;
}

export function failure(status: RunStatus): Sentence {
  const step = /^Step ([\d,]+) failed/.exec(status.sentence)?.[1] ?? format.whole(status.step + 1);
  const message = status.error?.message ?? reason(status.sentence);
  return [/^step [\d,]+ failed/i.test(message) ? message : `Step ${step} failed: ${message}`];
}

export function saved(): Sentence {
  return ["A saved picture: the cursor and the read-out work; run the cell again for a live one."];
}

export function noKernel(newest: number): Sentence[] {
  const end =
    newest < 0
      ? "Nothing was received; the controls are off."
      : `The picture ends at step ${format.whole(newest)}, the last one received; the controls are off. The cursor and the read-out still work.`;
  return [
    [`The kernel has gone. ${end}`],
    ["Run the cell again to start a new run, or open a saved recording with ", { code: "rf.load(path)" }, "."],
  ];
}
