import { type Context, type Part, shownState } from "../context";
import { button, h, icon, setAttribute } from "../dom";

/** Run or pause, one step, undo, reset. */
export class Transport implements Part {
  readonly element: HTMLElement;
  private readonly play = button("Run", "play");
  private readonly one = button("One step", "step");
  private readonly back = button("Undo", "undo");
  private readonly again = button("Reset", "reset");
  private shown: "Run" | "Pause" = "Run";

  constructor(
    private readonly context: Context,
    private readonly askReset: () => void,
  ) {
    const { scope } = context;
    this.element = h(
      "div",
      { class: "rf-transport", role: "group", "aria-label": "run" },
      this.play,
      this.one,
      this.back,
      this.again,
    );
    scope.listen(this.play, "click", () => this.toggle());
    scope.listen(this.one, "click", () => this.step());
    scope.listen(this.back, "click", () => void context.client.command("undo"));
    scope.listen(this.again, "click", () => this.askReset());
  }

  toggle(): void {
    const state = shownState(this.context.client);
    if (state === "running") this.context.client.command("pause");
    else if (state === "ready" || state === "paused") this.context.client.command("resume");
  }

  step(): void {
    const state = shownState(this.context.client);
    if (state === "ready" || state === "paused") this.context.client.command("step", { n: 1 });
  }

  update(): void {
    const state = shownState(this.context.client);
    const label = state === "running" ? "Pause" : "Run";
    if (label !== this.shown) {
      this.shown = label;
      this.play.replaceChildren(icon(label === "Pause" ? "pause" : "play"));
    }
    setAttribute(this.play, "aria-label", label);
    setAttribute(this.play, "title", `${label} (Space)`);
    setAttribute(this.one, "title", "One step (→)");
    setAttribute(this.again, "title", "Reset (R)");
    this.play.disabled = !["ready", "running", "paused"].includes(state);
    this.one.disabled = !["ready", "paused"].includes(state);
    const { events } = this.context.client.store;
    // It keeps its place while there is nothing to undo: a slider must not move away below the hand that moved it.
    this.back.disabled = !events.length || !["running", "paused", "finished"].includes(state);
    setAttribute(this.back, "title", "Undo the last change of a hyperparameter (U)");
    this.again.disabled = ["ready", "gone", "saved"].includes(state);
  }
}
