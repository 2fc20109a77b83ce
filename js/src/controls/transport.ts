import { type Context, type Part, shownState } from "../context";
import { button, h, icon, setAttribute } from "../dom";

/** Run or pause, one step, stop, undo, reset: those that the run takes. */
export class Transport implements Part {
  readonly element: HTMLElement;
  private readonly play = button("Run", "play");
  private readonly one = button("One step", "step");
  private readonly end = button("Stop", "square");
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
      this.end,
      this.back,
      this.again,
    );
    scope.listen(this.play, "click", () => this.toggle());
    scope.listen(this.one, "click", () => this.step());
    scope.listen(this.end, "click", () => void context.client.command("stop"));
    scope.listen(this.back, "click", () => this.undo());
    scope.listen(this.again, "click", () => this.askReset());
  }

  toggle(): void {
    const { client } = this.context;
    const state = shownState(client);
    if (state === "running" && client.can("pause")) client.command("pause");
    else if ((state === "ready" || state === "paused") && client.can("resume")) client.command("resume");
  }

  step(): void {
    const { client } = this.context;
    const state = shownState(client);
    if ((state === "ready" || state === "paused") && client.can("step")) client.command("step", { n: 1 });
  }

  /** Undoes the last change of a hyperparameter. */
  undo(): void {
    const { client } = this.context;
    if (client.can("undo")) client.command("undo");
  }

  update(): void {
    const { client } = this.context;
    const state = shownState(client);
    this.play.hidden = !client.can("pause") && !client.can("resume");
    this.one.hidden = !client.can("step");
    this.back.hidden = !client.can("undo");
    this.again.hidden = !client.can("reset");
    // What can be paused and reset is stopped from the menu.
    this.end.hidden = !client.can("stop") || !this.again.hidden;
    this.element.hidden = [this.play, this.one, this.end, this.back, this.again].every(({ hidden }) => hidden);
    const label = state === "running" ? "Pause" : "Run";
    if (label !== this.shown) {
      this.shown = label;
      this.play.replaceChildren(icon(label === "Pause" ? "pause" : "play"));
    }
    setAttribute(this.play, "aria-label", label);
    setAttribute(this.play, "title", `${label} (Space)`);
    setAttribute(this.one, "title", "One step (→)");
    setAttribute(this.again, "title", "Reset (R)");
    const watches = client.can("measure");
    setAttribute(this.end, "title", watches ? "Stop watching; training goes on" : "Stop");
    this.end.disabled = !["ready", "running", "paused"].includes(state);
    this.play.disabled = !["ready", "running", "paused"].includes(state);
    this.one.disabled = !["ready", "paused"].includes(state);
    const { events } = client.store;
    // It keeps its place while there is nothing to undo: a slider must not move away below the hand that moved it.
    this.back.disabled = !events.length || !["running", "paused", "finished"].includes(state);
    setAttribute(this.back, "title", "Undo the last change of a hyperparameter (U)");
    this.again.disabled = ["ready", "gone", "saved"].includes(state);
  }
}
