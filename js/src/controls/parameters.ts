import type { Context, Part } from "../context";
import { h, icon, setAttribute, setText } from "../dom";
import * as format from "../format";
import { about, Setting } from "./setting";

interface Row {
  setting: Setting;
  value: HTMLElement;
}

/** The hyperparameters beside the learning rate: a line of values that opens to sliders; none for gradient descent. */
export class ParameterControls implements Part {
  readonly element: HTMLElement;
  private readonly rows: Row[];
  private readonly toggle = h("button", { type: "button", class: "rf-tool rf-fold rf-unfold" }, icon("fold"));
  private readonly controls: HTMLElement;
  private readonly values: HTMLElement;
  /** As a person has chosen; else open where there is room. */
  private open: boolean | null = null;

  constructor(private readonly context: Context) {
    const others = context.client.spec.optimizer.parameters.filter(({ name }) => name !== "learning_rate");
    this.rows = others.map((parameter) => ({ setting: new Setting(context, parameter), value: h("b") }));
    this.controls = h("div", { class: "rf-settings" }, ...this.rows.map(({ setting }) => control(setting)));
    this.values = h(
      "div",
      { class: "rf-setting-values" },
      ...this.rows.map(({ setting, value }) =>
        h("span", { title: about(setting.parameter) }, `${setting.parameter.label} `, value),
      ),
    );
    this.element = h(
      "div",
      { class: "rf-parameters", role: "group", "aria-label": "hyperparameters", hidden: !others.length },
      this.toggle,
      this.controls,
      this.values,
    );
    context.scope.listen(this.toggle, "click", () => {
      this.open = !this.isOpen;
      this.update();
    });
  }

  private get isOpen(): boolean {
    if (!this.context.client.can("set")) return false;
    return this.open ?? this.context.size === "wide";
  }

  update(): void {
    if (!this.rows.length) return;
    const open = this.isOpen;
    this.toggle.hidden = !this.context.client.can("set");
    this.controls.hidden = !open;
    this.values.hidden = open;
    setAttribute(this.toggle, "aria-expanded", String(open));
    setAttribute(this.toggle, "aria-label", open ? "Fold hyperparameters" : "Change hyperparameters");
    setAttribute(this.toggle, "title", open ? "Show the values only" : "Change them");
    for (const { setting, value } of this.rows) {
      setting.update();
      setText(value, format.value(setting.shown, setting.parameter.scale));
    }
  }
}

function control({ parameter, number, slider, track }: Setting): HTMLElement {
  return h(
    "div",
    { class: "rf-setting", "data-parameter": parameter.name, title: about(parameter) },
    h("span", { class: "rf-setting-label" }, parameter.label),
    number,
    h("div", { class: "rf-slider" }, track, slider),
  );
}
