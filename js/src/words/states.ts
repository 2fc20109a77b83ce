/** What the state of the run asks to be said. */
import * as format from "../format";
import type { CommandName, RunEvent, RunStatus, Spec } from "../wire";
import { key, reason, type Sentence, strong } from "./sentence";

/** `can`: whether the run takes a command. */
type Can = (name: CommandName) => boolean;

export function ready(spec: Spec, can: Can): Sentence[] {
  const flows = spec.processes.filter((process) => process.kind !== "iterates").length;
  const who =
    flows === spec.processes.length
      ? `${format.count(flows)} ${flows === 1 ? "flow" : "flows"}`
      : flows
        ? `iterates and ${format.count(flows)} ${flows === 1 ? "flow" : "flows"}`
        : "iterates";
  const keys = keysOf([
    can("resume") && [key("Space"), " runs"],
    can("step") && [key("→"), " makes one step"],
    can("set") && [key("["), " ", key("]"), " change the learning rate"],
  ]);
  if (spec.steps === null) return [["Nothing has been measured yet: the training loop makes the steps."], ...keys];
  return [[`${format.capital(who)} will run side by side for ${format.whole(spec.steps)} steps.`], ...keys];
}

export function paused(status: RunStatus, can: Can): Sentence {
  const keys = keysOf([can("resume") && [key("Space"), " goes on"], can("step") && [key("→"), " makes one step"]]);
  return [`Paused at step ${format.whole(status.step)}.`, ...keys.flatMap((sentence) => [" ", ...sentence])];
}

/** What a training loop that goes on says of losses and looks that came to nothing. */
export function troubles(status: RunStatus): Sentence[] {
  if (status.steps !== null) return [];
  const told = status.sentence.match(
    /The loss on the probe batch has not [^.]*\.|Looking has ended.*|The look at step.*/,
  );
  return told ? [[strong(told[0])]] : [];
}

/** One sentence of what keys do; none where no key does anything. */
function keysOf(told: (Sentence | false)[]): Sentence[] {
  const works = told.filter((part): part is Sentence => part !== false);
  return works.length ? [[...works.flatMap((part, i) => [...(i ? [", "] : []), ...part]), "."]] : [];
}

export function finished(status: RunStatus): Sentence {
  return [`Finished: ${format.whole(status.step)} steps.`];
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
  if (/^Training failed/.test(status.sentence)) return [status.sentence];
  const step = /^Step ([\d,]+) failed/.exec(status.sentence)?.[1] ?? format.whole(status.step + 1);
  const message = status.error?.message ?? reason(status.sentence);
  return [/^step [\d,]+ failed/i.test(message) ? message : `Step ${step} failed: ${message}`];
}

export function noKernel(newest: number): Sentence[] {
  const end =
    newest < 0
      ? "Nothing was received; the controls are off."
      : `The picture ends at step ${format.whole(newest)}, the last one received; the controls are off. The cursor and the read-out still work.`;
  return [
    [`The kernel has gone. ${end}`],
    ["Run the cell again to start a new run. One that was saved goes on with ", { code: "rf.resume(path)" }, "."],
  ];
}

export function saved(): Sentence {
  return ["A saved picture: the cursor and the read-out work, and nothing is computed."];
}
