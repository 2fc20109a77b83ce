/** Asks from which step and with which learning rate a fork is to start. */
import type { Context } from "../context";
import { button, h, setText } from "../dom";
import * as format from "../format";
import { stepAt } from "../views/pointer";
import type { Dialog } from "./dialog";

export function openFork(context: Context, dialog: Dialog, at: number | null = null): void {
  const { client, view } = context;
  const present = at === null && view.cursor === null;
  const step = at ?? stepAt(context) ?? client.status.step;
  const rate = client.status.values.learning_rate;
  const where = h("input", { type: "number", class: "rf-number", min: 0, step: 1, value: step });
  const value = h("input", {
    type: "number",
    class: "rf-number",
    step: "any",
    value: format.field(Number((1.25 * rate).toPrecision(2)), "log"),
  });
  const name = h("input", {
    type: "text",
    class: "rf-text",
    maxlength: 60,
    placeholder: `fork at ${format.whole(step)}`,
  });
  const said = h("p", { class: "rf-refusal", role: "alert", hidden: true });
  const start = button("Fork", "fork", "Fork");
  const go = async () => {
    if (start.disabled) return;
    start.disabled = true;
    const reply = await client.command("fork", {
      ...(present && Number(where.value) === step ? {} : { at: Number(where.value) }),
      ...(name.value.trim() ? { name: name.value.trim() } : {}),
      learning_rate: Number(value.value),
    });
    start.disabled = false;
    said.hidden = reply.ok;
    setText(said, reply.message);
    if (reply.ok) dialog.close();
  };
  start.addEventListener("click", go);
  const form = h(
    "div",
    { class: "rf-form" },
    h("p", { class: "rf-secondary" }, "A second run goes on from the state at this step and is drawn over this one."),
    h("label", {}, h("span", {}, "from step"), where),
    h("label", {}, h("span", {}, "learning rate"), value),
    h("label", {}, h("span", {}, "name"), name),
    said,
    h("div", { class: "rf-buttons" }, start),
  );
  form.addEventListener("keydown", (event) => event.key === "Enter" && event.target !== start && go());
  dialog.open("Fork", form);
  value.focus();
  value.select();
}
