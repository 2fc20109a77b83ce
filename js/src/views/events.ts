/** The changes of hyperparameters as marks on charts over time. */
import type { Mark } from "../charts/marks";
import { value } from "../format";
import type { RunEvent, Spec } from "../wire";

interface Made {
  count: number;
  spec: Spec;
  marks: Mark[];
}

/** Marks of a growing list of events, made when it grows and not at every draw. */
const known = new WeakMap<RunEvent[], Map<string, Made>>();

/**
 * One mark a step up to `until`, with what changed there; the learning rate is not named where there is little room.
 * What changes `unsaid` has a mark without words.
 */
export function eventMarks(
  events: RunEvent[],
  spec: Spec,
  wide: boolean,
  until = Number.POSITIVE_INFINITY,
  unsaid = "",
): Mark[] {
  const all = known.get(events) ?? new Map<string, Made>();
  known.set(events, all);
  const key = `${wide} ${unsaid}`;
  let made = all.get(key);
  if (made?.count !== events.length || made.spec !== spec) {
    made = { count: events.length, spec, marks: marksOf(events, spec, wide, unsaid) };
    all.set(key, made);
  }
  return made.marks.filter(({ time }) => time <= until);
}

function marksOf(events: RunEvent[], { optimizer }: Spec, wide: boolean, unsaid: string): Mark[] {
  const marks = new Map<number, string[]>();
  for (const event of events) {
    const labels = marks.get(event.step) ?? [];
    marks.set(event.step, labels);
    if (event.name === unsaid) continue;
    const parameter = optimizer.parameters.find(({ name }) => name === event.name);
    const label = parameter?.label ?? event.name.replaceAll("_", " ");
    const named = wide || event.name !== "learning_rate" ? `${label} ` : "";
    const [old, now] = [event.old, event.new].map((number) => value(number, parameter?.scale ?? "log"));
    const text = old === now && event.note ? "" : `${old} → ${now}`;
    const note = event.note && (wide || !text) ? `${text ? ", " : ""}${event.note}` : "";
    labels.push(`${named}${text}${note}`);
  }
  return [...marks].map(([time, labels]) => ({ time, label: labels.join(", ") }));
}
