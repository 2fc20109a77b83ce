import type { Client } from "../client";
import type { Context } from "../context";
import { button, focused, h } from "../dom";
import { keyList } from "./keys";

/** A box over the charts with a title and a way to close it. */
export class Dialog {
  readonly element = h("div", { class: "rf-dialog", role: "dialog", hidden: true });
  private readonly heading = h("h3", { class: "rf-panel-title" });
  private readonly body = h("div", { class: "rf-dialog-body", tabindex: 0 });
  private opener: HTMLElement | null = null;

  constructor(context: Context) {
    const close = button("Close", null, "Close");
    this.element.append(h("div", { class: "rf-dialog-head" }, this.heading, close), this.body);
    context.scope.listen(close, "click", () => this.close());
    context.scope.listen<KeyboardEvent>(this.element, "keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.close();
    });
  }

  open(title: string, content: Node): void {
    this.opener = focused(this.element);
    this.heading.textContent = title;
    this.element.setAttribute("aria-label", title);
    this.body.setAttribute("aria-label", title);
    this.body.setAttribute("role", "region");
    this.body.replaceChildren(content);
    this.element.hidden = false;
    this.body.focus();
  }

  close(): void {
    this.element.hidden = true;
    this.body.replaceChildren();
    this.opener?.focus();
  }
}

export function keyTable(client: Client): HTMLElement {
  const rows = keyList(client).map(([keys, what]) =>
    h("tr", {}, h("th", { scope: "row" }, ...keys.map((key) => h("kbd", {}, key))), h("td", {}, what)),
  );
  return h("table", { class: "rf-keys" }, h("tbody", {}, ...rows));
}
