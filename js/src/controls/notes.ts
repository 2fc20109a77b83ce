import type { Context, Part } from "../context";
import { h, setText } from "../dom";

/** Letters of all notes that are shown as they are. */
const SHORT = 180;

/** What is measured, in sentences, where that needs to be said: the first of many, and the rest on demand. */
export class Notes implements Part {
  readonly element = h("div", { class: "rf-notes", hidden: true });
  private shown = "";

  constructor(private readonly context: Context) {}

  update(): void {
    const { notes } = this.context.client.branch;
    const text = notes.join(" ");
    this.element.hidden = !text;
    if (text === this.shown) return;
    this.shown = text;
    if (text.length <= SHORT) {
      setText(this.element, text);
      return;
    }
    const [first, ...rest] = sentences(notes[0]);
    const more = [rest.join(" "), ...notes.slice(1)].filter(Boolean);
    const summary = h("summary", {}, first);
    this.element.replaceChildren(h("details", {}, summary, ...more.map((note) => h("p", {}, note))));
  }
}

function sentences(text: string): string[] {
  return text.split(/(?<=\.) (?=[A-Z])/);
}
