/** What is chosen for this view: the trail, the directions of the plane, and whether there are contours. */
import type { Context } from "../../context";
import { h, setAttribute, setText } from "../../dom";
import { share } from "../../format";
import type { Trail } from "./dots";

/** Eigenvectors that are offered: those that are recorded, at least and at most so many. */
const OFFERED = [4, 8];

export class TrailControl {
  readonly element = h("div", { class: "rf-trail", role: "group", "aria-label": "Steps that the trail shows" });
  trail: Trail = 40;

  constructor({ scope, redraw }: Context) {
    const choices: [Trail, string][] = [
      ["all", "all"],
      [40, "40"],
      [0, "0"],
    ];
    const buttons = choices.map(([trail, text]) => {
      const pressed = trail === this.trail;
      const element = h("button", { type: "button", class: "rf-segment", "aria-pressed": String(pressed) }, text);
      scope.listen(element, "click", () => {
        this.trail = trail;
        for (const other of buttons) setAttribute(other, "aria-pressed", String(other === element));
        redraw();
      });
      return element;
    });
    const label = h("span", { class: "rf-trail-label", "aria-hidden": "true" }, "trail");
    this.element.append(label, h("span", { class: "rf-segments" }, ...buttons));
  }
}

export class PlaneForm {
  readonly element: HTMLElement;
  contours = false;
  private readonly x = h("select", { class: "rf-select", "aria-label": "Direction of x" });
  private readonly y = h("select", { class: "rf-select", "aria-label": "Direction of y" });
  private readonly button = h(
    "button",
    { type: "button", class: "rf-button", "aria-pressed": "false" },
    "Contours of the loss",
  );
  private readonly share = h("span", { class: "rf-plane-share" });
  private offered = "";

  constructor(private readonly context: Context) {
    const { scope, redraw } = context;
    for (const select of [this.x, this.y]) {
      scope.listen(select, "change", redraw);
      // Arrow keys and letters choose here; elsewhere they steer the run.
      scope.listen<KeyboardEvent>(select, "keydown", (event) => event.stopPropagation());
    }
    scope.listen(this.button, "click", () => {
      this.contours = !this.contours;
      redraw();
    });
    const field = (name: string, select: HTMLElement) => h("label", { class: "rf-plane-direction" }, name, select);
    this.element = h(
      "div",
      { class: "rf-plane-form" },
      field("x", this.x),
      field("y", this.y),
      this.button,
      this.share,
    );
  }

  /** What is chosen among the directions that the run offers. */
  get directions(): { x: string; y: string } {
    const { runs, client } = this.context;
    const { eigenvalues, problem } = client.spec;
    const count = Math.min(Math.max(eigenvalues, OFFERED[0]), OFFERED[1], problem.dim);
    const key = JSON.stringify([count, runs.directions]);
    if (this.offered !== key) this.offer(count, runs.directions);
    this.offered = key;
    return { x: this.x.value, y: this.y.value };
  }

  /** `done`: share of the contours that is there, null where none are on their way. */
  update(done: number | null, enabled: boolean): void {
    for (const control of [this.x, this.y, this.button]) control.disabled = !enabled;
    setAttribute(this.button, "aria-pressed", String(this.contours));
    setText(this.share, done === null ? "" : `${share(done)} computed`);
  }

  private offer(eigenvectors: number, given: string[]): void {
    const numbered = Array.from({ length: eigenvectors }, (_, i) => `eigenvector ${i + 1}`);
    for (const [select, own] of [
      [this.x, ["travel"]],
      [this.y, ["oscillation", "sharpest"]],
    ] as const) {
      const chosen = select.value;
      select.replaceChildren(...[...own, ...numbered, ...given].map((value) => h("option", { value }, value)));
      if (chosen) select.value = chosen;
    }
  }
}
