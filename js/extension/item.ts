import { button, h, icon, setAttribute, setText } from "../src/dom";
import * as format from "../src/format";
import type { PanelRun } from "../src/generated/messages";
import { MARKS } from "../src/words/marks";
import { Line } from "./line";

export interface Deeds {
  /** Resolves with what spoke against it, "" for nothing. */
  command(run: string, name: "pause" | "resume"): Promise<string>;
  /** Resolves with whether the view was found. */
  reveal(view: string): Promise<boolean>;
}

const UNSEEN = "No output shows this run: display it in a cell.";

/** One run of the panel: its state, step and ratio, a curve, and what can be done. */
export class Item {
  readonly element: HTMLLIElement;
  private readonly mark = h("span", { class: "rodflow-run-mark" });
  private readonly name = h("b", { class: "rodflow-run-name" });
  private readonly about = h("div", { class: "rodflow-run-about" });
  private readonly stand = h("span", { class: "rodflow-run-stand" });
  private readonly ratio = h("span", { class: "rodflow-run-ratio" });
  private readonly line = new Line();
  private readonly said = h("div", { class: "rodflow-run-said", role: "status" });
  private readonly run = button("Pause", "pause");
  private readonly show = button("Reveal", "reveal");
  private shown = "";
  private state = "";
  private entry: PanelRun | null = null;

  constructor(private readonly deeds: Deeds) {
    this.run.addEventListener("click", () => this.toggle());
    this.show.addEventListener("click", () => this.reveal());
    this.element = h(
      "li",
      { class: "rodflow-run" },
      h("div", { class: "rodflow-run-head" }, this.mark, this.name, this.run, this.show),
      this.about,
      h("div", { class: "rodflow-run-facts" }, this.stand, this.ratio),
      this.line.element,
      this.said,
    );
  }

  update(entry: PanelRun): void {
    this.entry = entry;
    const { state, kind } = entry;
    if (state !== this.state) {
      this.state = state;
      setAttribute(this.element, "data-state", state);
      this.mark.replaceChildren(icon(MARKS[state].icon));
      this.run.disabled = false;
      setText(this.said, "");
    }
    const title = kind === "run" || kind === "loop" ? format.capital(entry.optimizer) : format.capital(entry.name);
    setText(this.name, title);
    const about =
      kind === "run"
        ? entry.problem
        : kind === "loop"
          ? `${entry.problem}, watched`
          : `${entry.optimizer}, ${entry.problem}`;
    setText(this.about, about);
    setAttribute(this.about, "title", about);
    setAttribute(this.element, "data-kind", kind);
    setAttribute(this.element, "data-run", entry.id);
    setText(this.stand, `${MARKS[state].word}, ${format.progress(entry.step, entry.steps)}`);
    setAttribute(this.stand, "title", entry.sentence);
    setText(this.ratio, entry.ratio === null ? "" : `${format.ratio(entry.ratio, 2)} of the edge`);
    this.line.element.hidden = !entry.line.some((value) => value !== null);
    this.line.update(entry.line);
    this.offer(state === "running" ? "pause" : "resume", title);
    this.show.disabled = !entry.view;
    label(this.show, entry.view ? "Reveal" : UNSEEN, title);
  }

  private offer(name: "pause" | "resume", title: string): void {
    const able = ["ready", "running", "paused"].includes(this.state) && this.entry?.commands.includes(name);
    this.run.hidden = !able;
    const word = name === "pause" ? "Pause" : this.state === "ready" ? "Run" : "Resume";
    label(this.run, word, title);
    if (name === this.shown) return;
    this.shown = name;
    this.run.replaceChildren(icon(name === "pause" ? "pause" : "play"));
  }

  private async toggle(): Promise<void> {
    if (!this.entry) return;
    this.run.disabled = true;
    const refusal = await this.deeds.command(this.entry.id, this.state === "running" ? "pause" : "resume");
    this.run.disabled = false;
    setText(this.said, refusal);
  }

  private async reveal(): Promise<void> {
    if (this.entry && !(await this.deeds.reveal(this.entry.view))) setText(this.said, UNSEEN);
  }
}

/** A name that is read out with what it is about, and a hint without. */
function label(element: HTMLElement, word: string, about: string): void {
  setAttribute(element, "title", word);
  setAttribute(element, "aria-label", `${word}: ${about}`);
}
