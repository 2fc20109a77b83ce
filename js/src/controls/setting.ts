import { type Context, shownState } from "../context";
import { h, setAttribute } from "../dom";
import * as format from "../format";
import type { Parameter, RunStatus } from "../wire";
import { type Scale, scaleFor } from "./scale";

const STEPS = 1000;
/** Half the width of the thumb: its centre moves between these distances from the ends. */
const THUMB = 8;

/** One hyperparameter as a number and a slider: what is asked for while it is, else what the kernel uses. */
export class Setting {
  readonly number: HTMLInputElement;
  readonly slider: HTMLInputElement;
  readonly track = h("div", { class: "rf-track" });
  scale: Scale;
  /** Called when the ends of the scale are new. */
  rescaled = () => {};
  private scaleRun = -1;
  /** Value under the hand, or sent and not yet in use. */
  private wanted: number | null = null;
  /** Status at the time `wanted` was accepted: the next one tells what is in use. */
  private accepted: RunStatus | null = null;
  private dragging = false;
  private typing = false;

  constructor(
    private readonly context: Context,
    readonly parameter: Parameter,
  ) {
    const { scope } = context;
    this.scale = scaleFor(parameter, this.current);
    const kind = {
      log: ", logarithmic slider",
      decay: ", slider, logarithmic in 1 minus the value",
      linear: ", slider",
    };
    this.number = h("input", { type: "number", step: "any", class: "rf-number", "aria-label": parameter.label });
    this.slider = h("input", {
      type: "range",
      min: 0,
      max: STEPS,
      step: 1,
      class: "rf-range",
      "aria-label": `${parameter.label}${kind[parameter.scale]}`,
    });
    scope.listen(this.slider, "input", () => {
      this.dragging = true;
      this.accepted = null;
      this.ask(this.underHand);
      this.context.redraw();
      this.update();
    });
    scope.listen(this.slider, "change", () => {
      this.dragging = false;
      this.commit(this.underHand);
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
        this.use(this.scale.nudged(this.shown, event.key === "ArrowUp" ? 1 : -1));
      }
    });
  }

  /** Value shown: the one asked for, or the one in use. */
  get shown(): number {
    return this.wanted ?? this.current;
  }

  get enabled(): boolean {
    const { client } = this.context;
    return client.can("set") && ["ready", "running", "paused", "finished"].includes(shownState(client));
  }

  /** Place of a value on the track, as a CSS length. */
  position(value: number): string {
    const share = (100 * this.scale.toFraction(value)).toFixed(2);
    return `calc(${THUMB}px + (100% - ${2 * THUMB}px) * ${(Number(share) / 100).toFixed(4)})`;
  }

  /** Asks for a value, as a hand on the controls does. */
  use(value: number): void {
    if (this.enabled) this.commit(value);
  }

  update(): void {
    const { run } = this.context.client.spec;
    this.settle();
    if (this.scaleRun !== run || !this.scale.holds(this.shown)) {
      if (this.scaleRun !== run) this.scale = scaleFor(this.parameter, this.initial);
      if (!this.scale.holds(this.shown)) this.scale = scaleFor(this.parameter, this.shown);
      this.scaleRun = run;
      this.rescaled();
    }
    const value = this.shown;
    this.number.disabled = this.slider.disabled = !this.enabled;
    if (!this.typing) {
      const text = format.field(value, this.parameter.scale);
      if (this.number.value !== text) this.number.value = text;
    }
    if (!this.dragging) this.slider.value = String(Math.round(this.scale.toFraction(value) * STEPS));
    setAttribute(this.slider, "aria-valuetext", format.value(value, this.parameter.scale));
    this.track.style.setProperty("--thumb", this.position(value));
  }

  /** Sends a value; what is shown falls back where it is refused. */
  private commit(value: number): void {
    if (same(value, this.current)) {
      this.ask(null);
      this.update();
      return;
    }
    const { client, redraw } = this.context;
    const before = this.current;
    this.ask(value);
    this.accepted = null;
    this.update();
    client.command("set", { [this.parameter.name]: value }).then((reply) => {
      if (this.wanted !== value) return;
      // A refused value falls back, and so does one that another took the place of before the reply came; an accepted
      // one stays until the next status, which may tell of a third.
      if (!reply.ok || this.current !== before) this.ask(null);
      else this.accepted = client.status;
      redraw();
    });
  }

  private get initial(): number {
    return this.context.client.spec.optimizer.values[this.parameter.name];
  }

  private get current(): number {
    return this.context.client.status.values[this.parameter.name] ?? this.initial;
  }

  private get underHand(): number {
    return this.scale.fromFraction(Number(this.slider.value) / STEPS);
  }

  private ask(value: number | null): void {
    this.wanted = value;
    if (value === null) this.context.view.asked.delete(this.parameter.name);
    else this.context.view.asked.set(this.parameter.name, value);
  }

  /** Drops the value asked for once the kernel has said which one is in use. */
  private settle(): void {
    if (this.wanted === null || this.dragging) return;
    const { spec, status, gone } = this.context.client;
    const told = this.accepted !== null && status !== this.accepted;
    if (told || gone || this.scaleRun !== spec.run || same(status.values[this.parameter.name], this.wanted))
      this.ask(null);
  }

  private enter(): void {
    this.typing = false;
    const value = Number(this.number.value);
    if (this.number.value.trim() !== "" && Number.isFinite(value)) this.commit(value);
    else this.update();
  }
}

/** What a hyperparameter is, for a tooltip: name, meaning, unit. */
export function about({ label, meaning, unit }: Parameter): string {
  const said = meaning ? `: ${meaning.replace(/\.$/, "")}.` : ".";
  return `${format.capital(label)}${said}${unit ? ` Unit: ${unit}.` : ""}`;
}

function same(a: number | undefined, b: number): boolean {
  return a !== undefined && Math.abs(a - b) <= 1e-9 * Math.abs(b);
}
