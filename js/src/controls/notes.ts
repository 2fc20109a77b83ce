import type { Context, Part } from "../context";
import { h, setAttribute, setText } from "../dom";

/** What is measured, in sentences, where that needs to be said. */
export class Notes implements Part {
  readonly element = h("p", { class: "rf-notes", hidden: true });

  constructor(private readonly context: Context) {}

  update(): void {
    const text = this.context.client.branch.notes.join(" ");
    this.element.hidden = !text;
    setText(this.element, text);
    // Where there is little room some of it is cut off.
    setAttribute(this.element, "title", text || null);
  }
}
