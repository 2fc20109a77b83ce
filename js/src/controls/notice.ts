import type { Context, Part } from "../context";
import { h, setText } from "../dom";
import { shownTab } from "../views";
import { Comparison } from "../views/comparison";
import { type BoxActions, StateBox } from "./box";

/** Pause between two readings of the live region. */
const SPOKEN_EVERY = 5000;

/** What stands below the charts: a command that was refused, what the state asks to be said, and the run in words. */
export class Notice implements Part {
  readonly element: HTMLElement;
  private readonly box: StateBox;
  private readonly comparison: Comparison;
  private readonly refusal = h("p", { class: "rf-refusal", role: "alert", hidden: true });
  private readonly alarm = h("p", { class: "rf-refusal", role: "alert", "data-about": "saving", hidden: true });
  private readonly live = h("p", { class: "rf-hidden", "aria-live": "polite" });
  private spokenAt = Number.NEGATIVE_INFINITY;
  private stopSpeaking: (() => void) | null = null;

  constructor(
    private readonly context: Context,
    actions: BoxActions,
  ) {
    this.box = new StateBox(context, actions);
    this.comparison = new Comparison(context);
    this.box.changed = this.comparison.changed = () => this.speak();
    const { box, comparison } = this;
    this.element = h(
      "div",
      { class: "rf-words" },
      this.refusal,
      this.alarm,
      box.element,
      comparison.element,
      this.live,
    );
  }

  /** Asks once whether the run is to be reset; the second call does it. */
  askReset(): void {
    this.box.askReset();
  }

  /** Withdraws the question; false where none was asked. */
  withdraw(): boolean {
    return this.box.withdraw();
  }

  update(at: number | null = null): void {
    const text = this.context.client.refusal;
    setText(this.refusal, text);
    this.refusal.hidden = !text;
    const { client } = this.context;
    const { saving } = client.status;
    const fails = (saving?.failing ?? false) && !client.gone;
    setText(this.alarm, fails ? (saving?.sentence ?? "") : "");
    this.alarm.hidden = !fails;
    this.box.update();
    // The other views have words of their own.
    this.comparison.element.hidden = shownTab(this.context) !== "compare";
    this.comparison.update(at);
    const parts = [this.refusal, this.alarm, this.box.element, this.comparison.element];
    this.element.toggleAttribute(
      "data-empty",
      parts.every(({ hidden }) => hidden),
    );
  }

  private speak(): void {
    if (this.stopSpeaking) return;
    const wait = Math.max(0, this.spokenAt + SPOKEN_EVERY - performance.now());
    this.stopSpeaking = this.context.scope.timeout(() => {
      this.stopSpeaking = null;
      const words = [this.box.spoken(), this.comparison.spoken()].filter(Boolean).join(" ");
      if (words) this.spokenAt = performance.now();
      setText(this.live, words);
    }, wait);
  }
}
