import { type Context, edgeRate, type Part, shownState } from "../context";
import { h, setAttribute, setText } from "../dom";
import * as format from "../format";
import type { RunStatus } from "../wire";
import { RateScale } from "./scale";

const STEPS = 1000;
/** Half the width of the thumb: its centre moves between these distances from the ends. */
const THUMB = 8;

/** The learning rate as a number and a slider that carries the edge, and the ratio beside it. */
export class RateControl implements Part {
  readonly element: HTMLElement;
  private readonly number = h("input", {
    type: "number",
    step: "any",
    min: 0,
    class: "rf-number",
    "aria-label": "learning rate",
  });
  private readonly slider = h("input", {
    type: "range",
    min: 0,
    max: STEPS,
    step: 1,
    class: "rf-range",
    "aria-label": "learning rate, logarithmic slider",
  });
  private readonly track = h("div", { class: "rf-track" });
  private readonly edge = h("div", { class: "rf-edge" });
  private readonly edgeLabel = h("div", { class: "rf-edge-label" });
  private readonly ticks = h("div", { class: "rf-ticks", "aria-hidden": "true" });
  private readonly ratio = h("div", { class: "rf-ratio-value" });
  private readonly ratioUnit = h("div", { class: "rf-ratio-unit" });
  private scale: RateScale;
  private scaleRun = -1;
  /** Value under the hand, or sent and not yet in use. */
  private wanted: number | null = null;
  /** Status at the time `wanted` was accepted: the next one tells what is in use. */
  private accepted: RunStatus | null = null;
  private dragging = false;
  private typing = false;

  constructor(private readonly context: Context) {
    const { scope } = context;
    this.scale = this.makeScale(this.current);
    this.element = h(
      "div",
      { class: "rf-rate" },
      h("label", { class: "rf-rate-label" }, "learning rate"),
      this.number,
      h("div", { class: "rf-slider" }, this.edgeLabel, this.track, this.edge, this.slider, this.ticks),
      h(
        "div",
        { class: "rf-ratio", title: "Newest sharpness of the iterates divided by the edge. No unit." },
        this.ratio,
        this.ratioUnit,
      ),
    );
    scope.listen(this.slider, "input", () => {
      this.dragging = true;
      this.accepted = null;
      this.wanted = this.scale.fromFraction(Number(this.slider.value) / STEPS);
      this.update();
    });
    scope.listen(this.slider, "change", () => {
      this.dragging = false;
      this.commit(this.scale.fromFraction(Number(this.slider.value) / STEPS));
    });
    scope.listen(this.number, "input", () => {
      this.typing = true;
    });
    scope.listen(this.number, "change", () => this.enter());
    scope.listen(this.number, "blur", () => {
      this.typing = false;
      this.update();
    });
    scope.listen<KeyboardEvent>(this.number, "keydown", (event) => {
      if (event.key === "Escape") {
        this.typing = false;
        this.update();
      } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
        event.preventDefault();
        this.nudge(event.key === "ArrowUp" ? 1.05 : 1 / 1.05);
      }
    });
  }

  /** Multiplies the learning rate. */
  nudge(factor: number): void {
    if (!this.enabled) return;
    this.commit(Number((this.shown * factor).toPrecision(3)));
  }

  update(): void {
    const { spec } = this.context.client;
    this.settle();
    if (this.scaleRun !== spec.run || !this.scale.holds(this.shown)) {
      this.scaleRun = spec.run;
      this.scale = this.makeScale(this.shown);
      this.drawTicks();
    }
    const value = this.shown;
    this.number.disabled = this.slider.disabled = !this.enabled;
    if (!this.typing) {
      const text = String(Number(value.toPrecision(4)));
      if (this.number.value !== text) this.number.value = text;
    }
    const fraction = this.scale.toFraction(value);
    if (!this.dragging) this.slider.value = String(Math.round(fraction * STEPS));
    setAttribute(this.slider, "aria-valuetext", format.plain(value));
    this.track.style.setProperty("--thumb", position(fraction));
    this.drawEdge(value);
  }

  private get current(): number {
    const { spec, status } = this.context.client;
    return status.values.learning_rate ?? spec.optimizer.values.learning_rate;
  }

  private get shown(): number {
    return this.wanted ?? this.current;
  }

  private get enabled(): boolean {
    return ["ready", "running", "paused", "finished"].includes(shownState(this.context.client));
  }

  /** Drops the value asked for once the kernel has said which one is in use. */
  private settle(): void {
    if (this.wanted === null || this.dragging) return;
    const { spec, status, gone } = this.context.client;
    const told = this.accepted !== null && status !== this.accepted;
    if (told || gone || this.scaleRun !== spec.run || same(status.values.learning_rate, this.wanted))
      this.wanted = null;
  }

  private enter(): void {
    this.typing = false;
    const value = Number(this.number.value);
    if (this.number.value.trim() !== "" && Number.isFinite(value)) this.commit(value);
    else this.update();
  }

  private commit(value: number): void {
    if (same(value, this.current)) {
      this.wanted = null;
      this.update();
      return;
    }
    const before = this.current;
    this.wanted = value;
    this.accepted = null;
    this.update();
    this.context.client.command("set", { learning_rate: value }).then((reply) => {
      if (this.wanted !== value) return;
      // A refused value falls back, and so does one that another took the place of before the reply came; an accepted
      // one stays until the next status, which may tell of a third.
      if (!reply.ok || this.current !== before) this.wanted = null;
      else this.accepted = this.context.client.status;
      this.context.redraw();
    });
  }

  private makeScale(value: number): RateScale {
    const { spec } = this.context.client;
    const parameter = spec.optimizer.parameters.find((p) => p.name === "learning_rate");
    const initial = spec.optimizer.values.learning_rate;
    const scale = new RateScale(initial, parameter?.lower, parameter?.upper);
    return scale.holds(value) || !(value > 0) ? scale : new RateScale(value, parameter?.lower, parameter?.upper);
  }

  private drawTicks(): void {
    this.ticks.replaceChildren(
      ...this.scale.ticks.map((tick) => {
        const mark = h("span", {}, format.plain(tick));
        mark.style.left = position(this.scale.toFraction(tick));
        return mark;
      }),
    );
  }

  private drawEdge(value: number): void {
    const edge = edgeRate(this.context);
    const hidden = edge === null || !Number.isFinite(edge);
    this.edge.hidden = this.edgeLabel.hidden = hidden;
    setText(this.ratio, hidden ? "–" : format.ratio(value / edge, 2));
    setText(this.ratioUnit, this.context.size === "wide" ? "of the edge" : "of edge");
    if (hidden) {
      this.track.style.setProperty("--edge", "100%");
      return;
    }
    const at = position(this.scale.toFraction(edge));
    this.track.style.setProperty("--edge", at);
    this.edge.style.left = at;
    const outside = this.scale.holds(edge) ? "" : edge > this.scale.upper ? " →" : " ←";
    const text = `${format.significant(edge, 2)}${outside}`;
    if (this.edgeLabel.dataset.text !== text) {
      this.edgeLabel.dataset.text = text;
      this.edgeLabel.replaceChildren("edge ", h("b", {}, text));
    }
    this.edgeLabel.style.left = at;
    this.edge.title = `Learning rate at which the newest sharpness is at the edge: ${format.significant(edge)}`;
  }
}

function position(fraction: number): string {
  const percent = (100 * fraction).toFixed(2);
  return `calc(${THUMB}px + (100% - ${2 * THUMB}px) * ${(Number(percent) / 100).toFixed(4)})`;
}

function same(a: number | undefined, b: number): boolean {
  return a !== undefined && Math.abs(a - b) <= 1e-9 * Math.abs(b);
}
