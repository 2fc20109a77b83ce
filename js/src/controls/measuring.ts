/** How much of the time of training may go into measuring. */
import type { Context } from "../context";
import { button, h, setText } from "../dom";
import * as format from "../format";
import type { Cost } from "../wire";
import type { Dialog } from "./dialog";

/** "measuring takes 6 % of the time (limit 10 %)" */
export function costWords({ share, limit, every }: Cost): string {
  const how = every === null ? "measuring" : `measuring every ${every === 1 ? "step" : `${format.whole(every)} steps`}`;
  return `${how} takes ${format.share(share)} of the time (limit ${format.share(limit)})`;
}

export function openMeasuring(context: Context, dialog: Dialog): void {
  const { client } = context;
  const cost = client.status.cost;
  const name = `rf-measuring-${client.id}`;
  const choice = (checked: boolean) => h("input", { type: "radio", name, checked });
  const bounded = choice(cost?.every === null || cost === null);
  const fixed = choice(!bounded.checked);
  const share = h("input", {
    ...{ type: "number", class: "rf-number", min: 0.1, max: 90, step: "any", "aria-label": "per cent of the time" },
    value: Number((100 * (cost?.limit ?? 0.1)).toPrecision(3)),
  });
  const every = h("input", {
    ...{ type: "number", class: "rf-number", min: 1, step: 1, "aria-label": "steps from one to the next" },
    value: cost?.every ?? 10,
  });
  const said = h("p", { class: "rf-refusal", role: "alert", hidden: true });
  const apply = button("Apply", null, "Apply");
  const go = async () => {
    const args = bounded.checked ? { share: Number(share.value) / 100 } : { every: Number(every.value) };
    const reply = await client.command("measure", args);
    said.hidden = reply.ok;
    setText(said, reply.message);
    if (reply.ok) dialog.close();
  };
  for (const [field, radio] of [
    [share, bounded],
    [every, fixed],
  ] as const)
    field.addEventListener("input", () => {
      radio.checked = true;
    });
  apply.addEventListener("click", go);
  const row = (radio: HTMLElement, before: string, field: HTMLElement, after: string) =>
    h("div", { class: "rf-measuring" }, h("label", {}, radio, before), field, h("span", {}, after));
  const form = h(
    "div",
    { class: "rf-form" },
    h("p", { class: "rf-secondary" }, "Measuring takes time from training: choose how much, or how often."),
    row(bounded, "at most", share, "% of the time"),
    row(fixed, "every", every, "steps"),
    said,
    h("div", { class: "rf-buttons" }, apply),
  );
  form.addEventListener("keydown", (event) => event.key === "Enter" && event.target !== apply && go());
  dialog.open("Measuring", form);
  (bounded.checked ? share : every).focus();
}
