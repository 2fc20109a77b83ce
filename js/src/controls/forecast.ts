/** Asks for a forecast of the next steps. */
import { type Context, type Part, shownState } from "../context";
import { button, h, setAttribute } from "../dom";

/** Steps that are forecast unless somebody asks for others. */
const STEPS = 200;
/** Longer than the kernel takes to say that there is none. */
const PATIENCE = 40_000;

/** "Forecast next 200 steps", where the run takes that. */
export class ForecastControl implements Part {
  readonly element: HTMLElement;
  private readonly ask = button("Forecast next", null, "Forecast next");
  private readonly steps = h("input", {
    ...{ type: "number", class: "rf-number", min: 1, step: 1, value: STEPS },
    "aria-label": "steps to forecast",
  });
  private waiting = false;

  constructor(private readonly context: Context) {
    this.element = h(
      "div",
      { class: "rf-forecast", role: "group", "aria-label": "forecast" },
      this.ask,
      this.steps,
      h("span", { class: "rf-secondary" }, "steps"),
    );
    setAttribute(this.ask, "title", "Runs rod flow forward from the present state (F)");
    context.scope.listen(this.ask, "click", () => this.go());
    context.scope.listen<KeyboardEvent>(this.steps, "keydown", (event) => {
      if (event.key === "Enter") this.go();
    });
  }

  go(): void {
    const { client, redraw } = this.context;
    if (this.waiting || !client.can("forecast") || !this.works) return;
    this.waiting = true;
    this.update();
    // An answer may be lost on the way.
    const end = this.context.scope.timeout(() => {
      this.waiting = false;
      redraw();
    }, PATIENCE);
    client.command("forecast", { steps: Number(this.steps.value) }).then(() => {
      end();
      this.waiting = false;
      redraw();
    });
  }

  private get works(): boolean {
    const { client } = this.context;
    return ["running", "paused"].includes(shownState(client)) && client.store.newest >= 0;
  }

  update(): void {
    this.element.hidden = !this.context.client.can("forecast");
    this.ask.disabled = this.waiting || !this.works;
    this.steps.disabled = !this.works;
  }
}
