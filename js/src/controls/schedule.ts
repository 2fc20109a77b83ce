/** Lets the learning rate go by itself: a kind with its numbers, or a line drawn by hand. */
import type { Client } from "../client";
import type { Context } from "../context";
import { button, h, setText } from "../dom";
import * as format from "../format";
import type { ScheduleSpec } from "../wire";
import type { Dialog } from "./dialog";
import { Sketch } from "./sketch";

export function openSchedule(context: Context, dialog: Dialog): void {
  const { client } = context;
  const kinds = client.spec.schedules;
  const choice = h(
    "select",
    { class: "rf-text", "aria-label": "kind of schedule" },
    ...kinds.map(({ kind, label }) => h("option", { value: kind }, label)),
  );
  const meaning = h("p", { class: "rf-secondary" });
  const fields = h("div", { class: "rf-form" });
  const said = h("p", { class: "rf-refusal", role: "alert", hidden: true });
  const apply = button("Apply", null, "Apply");
  let read = (): Record<string, unknown> => ({});

  const show = () => {
    const spec = kinds.find(({ kind }) => kind === choice.value) ?? kinds[0];
    setText(meaning, `${format.capital(spec.meaning.replace(/\.$/, ""))}.`);
    const form = spec.kind === "drawn" ? drawnFields(context) : numberFields(spec, context);
    read = form.read;
    fields.replaceChildren(...form.elements);
  };
  choice.addEventListener("change", show);
  apply.addEventListener("click", async () => {
    const reply = await client.command("schedule", { kind: choice.value, ...read() });
    said.hidden = reply.ok;
    setText(said, reply.message);
    if (reply.ok) dialog.close();
  });
  show();
  dialog.open(
    "Schedule of the learning rate",
    h(
      "div",
      { class: "rf-form" },
      h("label", {}, h("span", {}, "kind"), choice),
      meaning,
      fields,
      said,
      h("div", { class: "rf-buttons" }, apply),
    ),
  );
  choice.focus();
}

/** Steps that are drawn over where nobody knows how many are to come. */
const SKETCHED = 1000;

/** Steps still to come; null where nobody knows. */
function ahead({ status }: Client): number | null {
  return status.steps === null ? null : status.steps - status.step;
}

interface Fields {
  elements: HTMLElement[];
  read: () => Record<string, unknown>;
}

function numberFields({ parameters }: ScheduleSpec, { client }: Context): Fields {
  const rate = client.status.values.learning_rate;
  const left = ahead(client);
  const inputs = parameters.map((parameter) => {
    // What a schedule ends on, and how long it takes, follow the run; the rest has defaults of its own.
    const value =
      parameter.name === "steps" && left !== null
        ? Math.max(1, left)
        : parameter.name === "to"
          ? Number((rate / 10).toPrecision(2))
          : parameter.default;
    return { parameter, input: h("input", { type: "number", class: "rf-number", step: "any", value }) };
  });
  return {
    elements: inputs.map(({ parameter, input }) =>
      h("label", {}, h("span", {}, parameter.label), input, h("small", { class: "rf-meaning" }, parameter.meaning)),
    ),
    read: () => Object.fromEntries(inputs.map(({ parameter, input }) => [parameter.name, Number(input.value)])),
  };
}

function drawnFields({ client, theme }: Context): Fields {
  const steps = Math.max(10, ahead(client) ?? SKETCHED);
  const sketch = new Sketch(steps, client.status.values.learning_rate, theme);
  return { elements: [sketch.element], read: () => ({ points: sketch.points }) };
}
