import { type Context, type Part, type Shown, shownState } from "../context";
import { button, h, icon, setAttribute, setText } from "../dom";
import * as format from "../format";
import { isAvailable, shownTab } from "../views";
import { MARKS } from "../words/marks";

/** The state as a mark and a word, the problem and the optimizer, the tabs of the views, and the menu. */
export class Header implements Part {
  readonly element: HTMLElement;
  private readonly mark = h("span", { class: "rf-mark" });
  private readonly word = h("b", { class: "rf-state" });
  private readonly problem = h("span", { class: "rf-problem" });
  private readonly optimizer = h("span", { class: "rf-secondary" });
  private readonly brief = h("span", { class: "rf-brief" });
  private readonly fold = button("Collapse", "fold");
  private readonly tabs: { name: string; element: HTMLButtonElement }[];
  private readonly list: HTMLSelectElement;
  private shown: Shown | null = null;

  constructor(
    private readonly context: Context,
    titles: [string, string][],
    menu: HTMLElement,
  ) {
    const { scope, view } = context;
    this.fold.classList.add("rf-fold");
    this.tabs = titles.map(([name, title]) => {
      const element = h("button", { type: "button", role: "tab", class: "rf-tab" }, title);
      scope.listen(element, "click", () => view.setTab(name));
      return { name, element };
    });
    this.list = h(
      "select",
      { class: "rf-tab-list", "aria-label": "View" },
      ...titles.map(([name, title]) => h("option", { value: name }, title)),
    );
    scope.listen(this.list, "change", () => view.setTab(this.list.value));
    scope.listen(this.fold, "click", () => view.setCollapsed(!view.collapsed));
    const tablist = h(
      "div",
      { class: "rf-tabs", role: "tablist", "aria-label": "Views", hidden: titles.length < 2 },
      ...this.tabs.map(({ element }) => element),
    );
    this.list.hidden = titles.length < 2;
    scope.listen<KeyboardEvent>(tablist, "keydown", (event) => this.key(event));
    this.element = h(
      "div",
      { class: "rf-header" },
      this.fold,
      this.mark,
      this.word,
      h("span", { class: "rf-what" }, this.problem, " ", this.optimizer),
      this.brief,
      tablist,
      this.list,
      menu,
    );
  }

  update(): void {
    const { client, view } = this.context;
    const { spec } = client;
    const state = shownState(client);
    if (state !== this.shown) {
      this.shown = state;
      this.mark.replaceChildren(icon(MARKS[state].icon));
      setText(this.word, MARKS[state].word);
    }
    setText(this.problem, spec.problem.name);
    setText(this.optimizer, spec.optimizer.label);
    setAttribute(this.fold, "aria-expanded", String(!view.collapsed));
    setAttribute(this.fold, "aria-label", view.collapsed ? "Expand" : "Collapse");
    setAttribute(this.fold, "title", view.collapsed ? "Expand" : "Collapse to this line");
    this.brief.hidden = !view.collapsed;
    setText(this.brief, format.progress(client.step, client.status.steps));
    const tab = shownTab(this.context);
    for (const [i, { name, element }] of this.tabs.entries()) {
      element.hidden = this.list.options[i].hidden = !isAvailable(name, this.context);
      setAttribute(element, "aria-selected", String(name === tab));
      element.tabIndex = name === tab ? 0 : -1;
    }
    this.list.value = tab;
  }

  /** Arrow keys move between tabs, as in every list of tabs. */
  private key(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const there = this.tabs.filter(({ element }) => !element.hidden);
    const at = there.findIndex(({ name }) => name === shownTab(this.context));
    const next = there[(at + step + there.length) % there.length];
    this.context.view.setTab(next.name);
    next.element.focus();
  }
}
