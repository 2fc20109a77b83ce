import type { Client } from "../client";
import { type Context, type Part, shownState } from "../context";
import { button, h, setAttribute, setText } from "../dom";
import * as format from "../format";
import type { Scope } from "../scope";
import { branchColour } from "../views/others";
import type { Dialog } from "./dialog";

interface Chip {
  client: Client;
  element: HTMLElement;
  select: HTMLButtonElement;
  more: HTMLButtonElement;
  swatch: HTMLElement;
  name: HTMLElement;
  fact: HTMLElement;
}

/** The run, its forks and its forecasts in one line: a click looks at one, its dots rename, colour, hide or remove it. */
export class BranchStrip implements Part {
  readonly element = h("div", { class: "rf-branches", role: "group", "aria-label": "runs", hidden: true });
  private chips: Chip[] = [];
  private built: Scope | null = null;
  private key = "";

  constructor(
    private readonly context: Context,
    private readonly dialog: Dialog,
  ) {}

  update(): void {
    const { runs, theme } = this.context;
    const all = runs.all;
    this.element.hidden = all.length < 2;
    const key = all.map(({ branch }) => branch.id).join(" ");
    if (key !== this.key) this.build(key, all);
    for (const { client, select, more, swatch, name, fact, element } of this.chips) {
      const selected = client === runs.selected;
      setAttribute(select, "aria-pressed", String(selected));
      setAttribute(element, "data-hidden", String(client.branch.hidden && !selected));
      // The one that is looked at wears the colours of the processes.
      swatch.style.color = selected ? theme.band : branchColour(client, theme);
      setText(name, client.branch.name);
      setAttribute(select, "title", client.branch.name);
      for (const attribute of ["aria-label", "title"]) setAttribute(more, attribute, `Change ${client.branch.name}`);
      const state = shownState(client);
      const rate = rateBeside(client.branch.name, client.status.values.learning_rate);
      const { steps } = client;
      const forecast = client.branch.kind === "forecast";
      setAttribute(element, "data-kind", client.branch.kind);
      const what = forecast ? (steps === null ? "" : `to step ${format.whole(steps)}`) : rate;
      const how = ["running", "finished"].includes(state) ? "" : state;
      setText(fact, [what, how].filter(Boolean).join(", "));
    }
  }

  private build(key: string, all: Client[]): void {
    this.key = key;
    this.built?.dispose();
    const scope = this.context.scope.child();
    this.built = scope;
    this.chips = all.map((client) => {
      const swatch = h("i", { class: "rf-swatch" });
      const name = h("span", { class: "rf-branch-name" });
      const fact = h("span", { class: "rf-secondary" });
      const select = h("button", { type: "button", class: "rf-branch" }, swatch, name, fact);
      const more = button("Change", "more");
      scope.listen(select, "click", () => this.context.runs.select(client.branch.id));
      scope.listen(more, "click", () =>
        this.dialog.open(
          client.branch.kind === "forecast" ? "Forecast" : "Run",
          branchForm(this.context, client, this.dialog),
        ),
      );
      return { client, select, more, swatch, name, fact, element: h("div", { class: "rf-chip" }, select, more) };
    });
    this.element.replaceChildren(...this.chips.map(({ element }) => element));
  }
}

/** The learning rate, where the name does not say it. */
function rateBeside(name: string, rate: number): string {
  const told = Number(name.match(/learning rate ([\d.e+-]*\d)/)?.[1]);
  return Math.abs(told - rate) <= 1e-3 * rate ? "" : format.value(rate, "log");
}

/** Name, colour, whether it is shown, and a way to remove it; changes are made in the kernel, for all pages. */
function branchForm(context: Context, client: Client, dialog: Dialog): HTMLElement {
  const { branch } = client;
  const name = h("input", { type: "text", class: "rf-text", value: branch.name, maxlength: 60 });
  const colour = h("input", { type: "color", class: "rf-colour", value: branchColour(client, context.theme) });
  const shown = h("input", { type: "checkbox" });
  shown.checked = !branch.hidden;
  const said = h("p", { class: "rf-refusal", role: "alert", hidden: true });
  const done = button("Done", null, "Done");
  const remove = button("Remove", null, "Remove");
  remove.disabled = client === context.runs.all[0];
  const apply = async () => {
    const reply = await client.command("edit", {
      name: name.value,
      hidden: !shown.checked,
      ...(colour.value === branchColour(client, context.theme) ? {} : { colour: colour.value }),
    });
    said.hidden = reply.ok;
    setText(said, reply.message);
    if (reply.ok) dialog.close();
  };
  done.addEventListener("click", apply);
  name.addEventListener("keydown", (event) => event.key === "Enter" && apply());
  remove.addEventListener("click", () => {
    client.command("remove");
    dialog.close();
  });
  const from =
    branch.parent === null
      ? `${context.runs.all.some((other) => other !== client && other.branch.parent === null) ? "A" : "The"} run that the view was made for.`
      : `${branch.kind === "forecast" ? "Forecast from" : "Forked at"} step ${format.whole(branch.step)} of ${context.runs.all.find((other) => other.branch.id === branch.parent)?.branch.name ?? "a run that was removed"}.`;
  return h(
    "div",
    { class: "rf-form" },
    h("p", { class: "rf-secondary" }, from),
    h("label", {}, h("span", {}, "name"), name),
    h("label", {}, h("span", {}, "colour"), colour),
    h("label", {}, h("span", {}, "drawn"), shown),
    said,
    h("div", { class: "rf-buttons" }, done, remove),
  );
}
