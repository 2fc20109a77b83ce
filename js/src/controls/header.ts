import { type Context, type Part, type Shown, shownState } from "../context";
import { h, type Icon, icon, setText } from "../dom";

const STATES: Record<Shown, { word: string; icon: Icon }> = {
  ready: { word: "Ready", icon: "dot" },
  running: { word: "Running", icon: "dot" },
  paused: { word: "Paused", icon: "bars" },
  finished: { word: "Finished", icon: "check" },
  stopped: { word: "Stopped", icon: "square" },
  diverged: { word: "Diverged", icon: "diamond" },
  error: { word: "Stopped on an error", icon: "diamond" },
  gone: { word: "No kernel", icon: "ring" },
};

/** The state as a mark and a word, the problem and the optimizer, and the menu. */
export class Header implements Part {
  readonly element: HTMLElement;
  private readonly mark = h("span", { class: "rf-mark" });
  private readonly word = h("b", { class: "rf-state" });
  private readonly problem = h("span", { class: "rf-problem" });
  private readonly optimizer = h("span", { class: "rf-secondary" });
  private shown: Shown | null = null;

  constructor(
    private readonly context: Context,
    menu: HTMLElement,
  ) {
    this.element = h(
      "header",
      { class: "rf-header" },
      this.mark,
      this.word,
      h("span", { class: "rf-what" }, this.problem, " ", this.optimizer),
      menu,
    );
  }

  update(): void {
    const { spec } = this.context.client;
    const state = shownState(this.context.client);
    if (state !== this.shown) {
      this.shown = state;
      this.mark.replaceChildren(icon(STATES[state].icon));
      setText(this.word, STATES[state].word);
    }
    setText(this.problem, spec.problem.name);
    setText(this.optimizer, spec.optimizer.label);
  }
}
