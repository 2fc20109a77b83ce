import { type Context, edgeRate, type Part } from "../context";
import { h, setAttribute, setText } from "../dom";
import * as format from "../format";
import { describe } from "../views/legend";
import { RateScale } from "./scale";
import { about, Setting } from "./setting";

/** The learning rate as a number and a slider that carries the edge, and the ratio beside it. */
export class RateControl implements Part {
  readonly element: HTMLElement;
  private readonly setting: Setting;
  private readonly edge = h("div", { class: "rf-edge" });
  private readonly edgeLabel = h("div", { class: "rf-edge-label" });
  private readonly ticks = h("div", { class: "rf-ticks", "aria-hidden": "true" });
  private readonly ratio = h("div", { class: "rf-ratio-value" });
  private readonly ratioUnit = h("div", { class: "rf-ratio-unit" });
  private readonly slider: HTMLElement;
  private readonly fixed = h("b");
  private readonly fixedEdge = h("span", { class: "rf-fixed-edge rf-secondary" });
  private readonly ratioBox = h("div", { class: "rf-ratio" }, this.ratio, this.ratioUnit);

  constructor(private readonly context: Context) {
    const parameter = context.client.spec.optimizer.parameters.find(({ name }) => name === "learning_rate");
    if (!parameter) throw new Error("The optimizer has no learning rate.");
    this.setting = new Setting(context, parameter);
    this.setting.rescaled = () => this.drawTicks();
    const { number, slider, track } = this.setting;
    this.slider = h("div", { class: "rf-slider" }, this.edgeLabel, track, this.edge, slider, this.ticks);
    this.element = h(
      "div",
      { class: "rf-rate" },
      h("label", { class: "rf-rate-label", title: about(parameter) }, parameter.label),
      number,
      this.slider,
      this.fixed,
      this.fixedEdge,
      this.ratioBox,
    );
  }

  /** Multiplies the learning rate. */
  nudge(factor: number): void {
    this.setting.use(Number((this.setting.shown * factor).toPrecision(3)));
  }

  update(): void {
    this.setting.update();
    // What cannot be set is told, without a control.
    const set = this.context.client.can("set");
    this.element.toggleAttribute("data-fixed", !set);
    this.setting.number.hidden = this.slider.hidden = !set;
    this.fixed.hidden = this.fixedEdge.hidden = set;
    setText(this.fixed, format.value(this.setting.shown, this.setting.parameter.scale));
    this.drawEdge(this.setting.shown);
    setAttribute(this.ratioBox, "title", this.meaning("sharpness_ratio", "Newest, at the learning rate shown."));
    const edge = this.meaning(
      "edge_threshold",
      "Edge: the learning rate at which the newest sharpness is that threshold.",
    );
    setAttribute(this.edge, "title", edge);
    setAttribute(this.edgeLabel, "title", edge);
  }

  /** What a number of the iterates means, from the column that it was recorded in, and how it is shown here. */
  private meaning(name: string, how: string): string {
    const iterates = this.context.styles.find(({ process }) => process.kind === "iterates");
    const column = iterates?.process.columns.find((one) => one.name === name);
    return [column && describe(column), how].filter(Boolean).join("\n");
  }

  private drawTicks(): void {
    const { scale } = this.setting;
    if (!(scale instanceof RateScale)) return;
    this.ticks.replaceChildren(
      ...scale.ticks.map((tick) => {
        const mark = h("span", {}, format.plain(tick));
        mark.style.left = this.setting.position(tick);
        return mark;
      }),
    );
  }

  private drawEdge(value: number): void {
    const { scale, track } = this.setting;
    const edge = edgeRate(this.context);
    const hidden = edge === null || !Number.isFinite(edge);
    this.edge.hidden = this.edgeLabel.hidden = hidden;
    setText(this.ratio, hidden ? "–" : format.ratio(value / edge, 2));
    this.ratioBox.hidden = hidden && !this.context.client.can("set");
    setText(this.fixedEdge, hidden ? "" : `edge ${format.significant(edge, 2)}`);
    setText(this.ratioUnit, this.context.size === "wide" ? "of the edge" : "of edge");
    if (hidden) {
      track.style.setProperty("--edge", "100%");
      return;
    }
    const at = this.setting.position(edge);
    track.style.setProperty("--edge", at);
    this.edge.style.left = at;
    const outside = scale.holds(edge) ? null : edge > scale.upper ? "right" : "left";
    const text = `${format.significant(edge, 2)}${outside ? { right: " →", left: " ←" }[outside] : ""}`;
    setAttribute(this.edgeLabel, "data-outside", outside);
    if (this.edgeLabel.dataset.text !== text) {
      this.edgeLabel.dataset.text = text;
      this.edgeLabel.replaceChildren("edge ", h("b", {}, text));
    }
    this.edgeLabel.style.left = at;
  }
}
