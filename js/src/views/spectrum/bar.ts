import type { Context } from "../../context";
import { h, setAttribute, setText } from "../../dom";
import type { Scope } from "../../scope";
import type { ProcessStyle } from "../../theme";

export interface BarActions {
  choose(process: string): void;
  ask(): void;
  follow(on: boolean): void;
}

/** Whose eigenvalues, and the density that is asked for. */
export class Bar {
  readonly element: HTMLElement;
  private readonly chooser = h("div", { class: "rf-segments", role: "group", "aria-label": "eigenvalues of" });
  private readonly ask = h("button", { type: "button", class: "rf-button" });
  private readonly box = h("input", { type: "checkbox" });
  private readonly follow: HTMLElement;
  private readonly asking: HTMLElement;
  private builtFor: ProcessStyle[] | null = null;
  private built: Scope | null = null;

  constructor(
    private readonly context: Context,
    private readonly actions: BarActions,
  ) {
    this.follow = h(
      "label",
      { class: "rf-follow", title: "The density follows the cursor once it rests" },
      this.box,
      "follow",
    );
    this.asking = h("span", { class: "rf-spectrum-ask" }, this.ask, this.follow);
    this.element = h(
      "div",
      { class: "rf-spectrum-bar" },
      h("span", { class: "rf-secondary rf-segments-label" }, "eigenvalues of"),
      this.chooser,
      this.asking,
    );
    context.scope.listen(this.ask, "click", () => {
      if (this.ask.getAttribute("aria-disabled") !== "true") actions.ask();
    });
    context.scope.listen(this.box, "change", () => actions.follow(this.box.checked));
  }

  update(
    styles: ProcessStyle[],
    chosen: ProcessStyle | null,
    ask: { text: string; why: string; enabled: boolean },
  ): void {
    if (this.builtFor !== this.context.styles) this.build(styles);
    for (const segment of this.chooser.children)
      setAttribute(segment, "aria-pressed", String(segment.getAttribute("data-process") === chosen?.process.name));
    this.asking.hidden = !this.context.client.can("survey");
    // A button that is disabled loses the focus of who has just pressed it.
    setAttribute(this.ask, "aria-disabled", String(!ask.enabled));
    setText(this.ask, ask.text);
    setAttribute(this.ask, "title", ask.why || null);
  }

  private build(styles: ProcessStyle[]): void {
    this.builtFor = this.context.styles;
    this.built?.dispose();
    const scope = this.context.scope.child();
    this.built = scope;
    this.chooser.replaceChildren(
      ...styles.map(({ process, label }) => {
        const segment = h(
          "button",
          {
            type: "button",
            "data-process": process.name,
            title: process.detail ? `${label}: ${process.detail}` : label,
          },
          label.replace(/ flow\b/, ""),
        );
        scope.listen(segment, "click", () => this.actions.choose(process.name));
        return segment;
      }),
    );
  }
}
