import type { Context, Part } from "../context";
import { focused, h } from "../dom";
import { shownTab, views } from "./index";
import type { View } from "./view";

/** The views under their tabs; one is made when it is first looked at, and drawn while it is. */
export class Tabs implements Part {
  readonly element = h("div", { class: "rf-view", role: "tabpanel" });
  private readonly made = new Map<string, View>();
  private shown = "";

  constructor(private readonly context: Context) {
    this.update();
  }

  get current(): View {
    const name = shownTab(this.context);
    let view = this.made.get(name);
    if (!view) {
      view = views[name].create(this.context);
      this.made.set(name, view);
    }
    return view;
  }

  resize(): void {
    this.current.resize();
  }

  update(): void {
    const view = this.current;
    const name = shownTab(this.context);
    if (this.shown !== name) {
      this.shown = name;
      const held = this.element.contains(focused(this.element));
      this.element.replaceChildren(view.element);
      this.element.setAttribute("aria-label", views[this.shown]?.title ?? "");
      view.resize();
      // Whoever is here by the keyboard stays here, for the next key.
      if (held) view.element.focus();
    }
    view.update();
  }
}
