import type { Context, Part } from "../context";
import { button, focused, h, setAttribute } from "../dom";

export interface MenuItem {
  label: string;
  /** For items that are on or off. */
  checked?: () => boolean;
  /** For items that are there only now and then. */
  shown?: () => boolean;
  action: () => void;
}

/** The menu behind the three dots. */
export class Menu implements Part {
  readonly element: HTMLElement;
  private readonly opener = button("Menu", "menu");
  private readonly list = h("div", { class: "rf-menu", role: "menu", hidden: true });
  private readonly buttons: HTMLButtonElement[];

  constructor(
    context: Context,
    private readonly items: MenuItem[],
  ) {
    const { scope } = context;
    setAttribute(this.opener, "aria-haspopup", "menu");
    setAttribute(this.opener, "aria-expanded", "false");
    this.buttons = items.map((item) => {
      const role = item.checked ? "menuitemcheckbox" : "menuitem";
      const element = h("button", { type: "button", role, tabindex: -1 }, item.label);
      scope.listen(element, "click", () => {
        this.close(true);
        item.action();
      });
      return element;
    });
    this.list.append(...this.buttons);
    this.element = h("div", { class: "rf-menu-box" }, this.opener, this.list);
    scope.listen(this.opener, "click", () => (this.list.hidden ? this.open() : this.close(true)));
    scope.listen<KeyboardEvent>(this.list, "keydown", (event) => this.key(event));
    scope.listen<FocusEvent>(this.element, "focusout", (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) this.close(false);
    });
  }

  update(): void {
    this.items.forEach((item, i) => {
      if (item.checked) setAttribute(this.buttons[i], "aria-checked", String(item.checked()));
      this.buttons[i].hidden = item.shown?.() === false;
    });
  }

  private get there(): HTMLButtonElement[] {
    return this.buttons.filter(({ hidden }) => !hidden);
  }

  private open(): void {
    this.list.hidden = false;
    setAttribute(this.opener, "aria-expanded", "true");
    this.there[0]?.focus();
  }

  private close(focus: boolean): void {
    if (this.list.hidden) return;
    this.list.hidden = true;
    setAttribute(this.opener, "aria-expanded", "false");
    if (focus) this.opener.focus();
  }

  private key(event: KeyboardEvent): void {
    const { there } = this;
    const at = there.indexOf(focused(this.element) as HTMLButtonElement);
    const last = there.length - 1;
    const to = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      there[to].focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.close(true);
    }
  }
}
