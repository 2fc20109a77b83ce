import { type Context, edgeRate, type Part, type Shown, shownState } from "../context";
import { button, h, lineSample, setText } from "../dom";
import * as format from "../format";
import type { Scope } from "../scope";
import { type Reading, readAt } from "../views/reading";
import { readSignals, type Told } from "../views/signals";
import * as words from "../words";

export interface NoticeActions {
  extend(): void;
  reset(): void;
  saveValues(): void;
}

/** Pause between two readings of the live region. */
const SPOKEN_EVERY = 5000;

/** What the state asks to be said, with the buttons that work in it, and the run in words. */
export class Notice implements Part {
  readonly element: HTMLElement;
  private readonly box = h("div", { class: "rf-notice", hidden: true });
  private readonly refusal = h("p", { class: "rf-refusal", role: "alert", hidden: true });
  private readonly list = h("ul", { class: "rf-sentences" });
  private readonly signals = h("ul", { class: "rf-signals", "aria-label": "what the flows say about themselves" });
  private readonly live = h("p", { class: "rf-hidden", "aria-live": "polite" });
  private boxScope: Scope | null = null;
  private boxKey = "";
  private listKey = "";
  private signalKey = "";
  private asking = false;
  private traceback = false;
  private spokenAt = Number.NEGATIVE_INFINITY;
  private stopSpeaking: (() => void) | null = null;

  constructor(
    private readonly context: Context,
    private readonly actions: NoticeActions,
  ) {
    this.element = h("div", { class: "rf-words" }, this.refusal, this.box, this.list, this.signals, this.live);
  }

  /** Asks once whether the run is to be reset; the second call does it. */
  askReset(): void {
    const state = shownState(this.context.client);
    if (state === "ready" || state === "gone" || state === "saved") return;
    if (this.asking || state === "diverged" || state === "error") {
      this.asking = false;
      this.actions.reset();
      return;
    }
    this.asking = true;
    this.update();
    this.box.querySelector("button")?.focus();
  }

  /** Withdraws the question; false where none was asked. */
  withdraw(): boolean {
    const asked = this.asking;
    this.asking = false;
    if (asked) this.context.redraw();
    return asked;
  }

  update(at: number | null = null): void {
    const { client, styles } = this.context;
    const state = shownState(client);
    if (state === "ready") this.asking = false;
    const reading = at === null ? null : readAt(client, styles, at);
    const text = client.refusal;
    setText(this.refusal, text);
    this.refusal.hidden = !text;
    this.updateBox(state, reading);
    this.updateList(this.sentences(state, reading));
    this.updateSignals(at === null ? [] : readSignals(client.store, styles, at));
  }

  private sentences(state: Shown, reading: Reading | null): words.Sentence[] {
    const { client, view } = this.context;
    if (state === "ready" && client.store.newest < 0) return words.ready(client.spec);
    if (!reading) return [];
    if (state === "paused" && view.cursor === null)
      return [words.paused(client.status, reading), ...words.describe(reading, client.spec, 2)];
    // Where the box tells how the run ended, the words are about the cursor's step only.
    const own = state === "saved" ? client.status.state : state;
    if (["finished", "diverged", "error", "gone"].includes(own) && view.cursor === null) return [];
    return words.describe(reading, client.spec);
  }

  private updateList(sentences: words.Sentence[]): void {
    const key = JSON.stringify(sentences);
    if (key === this.listKey) return;
    this.listKey = key;
    this.list.hidden = !sentences.length;
    this.list.replaceChildren(...sentences.map((sentence) => h("li", {}, ...render(sentence))));
    this.speak();
  }

  private updateSignals(told: Told[]): void {
    const { theme } = this.context;
    const key = JSON.stringify([theme.dark, ...told.map(({ style, sentence }) => [style.process.name, sentence])]);
    if (key === this.signalKey) return;
    this.signalKey = key;
    this.signals.hidden = !told.length;
    this.signals.replaceChildren(
      ...told.map(({ style, sentence }) => {
        const { svg, line } = lineSample(style.width, style.dash);
        line.setAttribute("stroke", style.color(theme));
        return h("li", { "data-process": style.process.name }, svg, h("span", {}, ...render(sentence)));
      }),
    );
    this.speak();
  }

  private speak(): void {
    const { scope } = this.context;
    if (this.stopSpeaking) return;
    const wait = Math.max(0, this.spokenAt + SPOKEN_EVERY - performance.now());
    this.stopSpeaking = scope.timeout(() => {
      this.stopSpeaking = null;
      this.spokenAt = performance.now();
      const box = this.box.hidden ? "" : `${this.box.querySelector("p")?.textContent ?? ""} `;
      setText(
        this.live,
        `${box}${[...this.list.children, ...this.signals.children].map((item) => item.textContent).join(" ")}`,
      );
    }, wait);
  }

  private updateBox(state: Shown, reading: Reading | null): void {
    const content = this.content(state, reading);
    const key = JSON.stringify([
      content?.tone,
      content?.sentences,
      content?.buttons.map((b) => b.label),
      content?.code,
    ]);
    if (key === this.boxKey) return;
    this.boxKey = key;
    this.boxScope?.dispose();
    this.boxScope = this.context.scope.child();
    this.box.hidden = !content;
    this.box.replaceChildren();
    if (!content) return;
    this.box.dataset.tone = content.tone;
    for (const sentence of content.sentences) this.box.append(h("p", {}, ...render(sentence)));
    if (content.buttons.length) {
      const row = h("div", { class: "rf-buttons" });
      for (const { label, name, action } of content.buttons) {
        const element = button(label, name, label);
        this.boxScope.listen(element, "click", action);
        row.append(element);
      }
      this.box.append(row);
    }
    if (content.code) this.box.append(h("pre", { class: "rf-traceback", tabindex: 0 }, content.code));
    this.speak();
  }

  private content(state: Shown, reading: Reading | null): Content | null {
    const { client, view } = this.context;
    const { status, spec, store } = client;
    const told = reading && words.failed(reading);
    const failed = told ? [told] : [];
    const reset = { label: "Reset", name: "reset" as const, action: () => this.askReset() };
    if (this.asking && state !== "gone")
      return {
        tone: "warning",
        sentences: [["Reset to step 0? The recording so far is kept in ", { code: "run.history" }, "."]],
        buttons: [reset, { label: "Keep going", name: null, action: () => this.withdraw() }],
      };
    switch (state) {
      case "finished": {
        const n = spec.steps;
        return {
          tone: "plain",
          sentences: [
            words.finished(status, view.cursor === null ? reading : null),
            ...(view.cursor === null ? failed : []),
          ],
          buttons: [
            { label: `Run ${format.whole(n)} more`, name: "play", action: () => this.actions.extend() },
            { label: "Save values", name: null, action: () => this.actions.saveValues() },
          ],
        };
      }
      case "stopped":
        return { tone: "plain", sentences: [words.stopped(status)], buttons: [reset] };
      case "diverged":
        return {
          tone: "failed",
          sentences: [
            words.diverged(status, spec, store.events, this.edgeBefore()),
            ...(view.cursor === null ? failed : []),
          ],
          buttons: [reset],
        };
      case "error":
        return {
          tone: "failed",
          sentences: [words.failure(status)],
          buttons: status.error?.traceback ? this.errorButtons(status.error.traceback) : [reset],
          code: this.traceback ? status.error?.traceback : undefined,
        };
      case "gone":
        return { tone: "warning", sentences: words.noKernel(store.newest), buttons: [] };
      case "saved": {
        const told = this.content(status.state, reading);
        return {
          tone: told?.tone ?? "plain",
          sentences: [...(told?.sentences ?? [[`Paused at step ${format.whole(status.step)}.`]]), words.saved()],
          buttons: [],
        };
      }
      default:
        return null;
    }
  }

  private errorButtons(traceback: string): Content["buttons"] {
    return [
      {
        label: this.traceback ? "Hide traceback" : "Show traceback",
        name: null,
        action: () => {
          this.traceback = !this.traceback;
          this.context.redraw();
        },
      },
      { label: "Copy", name: null, action: () => void copy(traceback) },
      { label: "Reset", name: "reset", action: () => this.askReset() },
    ];
  }

  /** The learning rate at the edge before the iterates diverged: just before its last change. */
  private edgeBefore(): number | null {
    const { client, styles } = this.context;
    const event = client.store.events.findLast((e) => e.name === "learning_rate");
    const iterates = styles.find((style) => style.process.kind === "iterates");
    const table = iterates && client.store.table(iterates.process.name);
    const ratio = event && table?.column("sharpness_ratio")?.at(table.time.floor(event.step - 1));
    return ratio ? event.old / ratio : edgeRate(this.context);
  }
}

interface Content {
  tone: "plain" | "warning" | "failed";
  sentences: words.Sentence[];
  buttons: { label: string; name: "play" | "reset" | null; action: () => void }[];
  code?: string;
}

export function render(sentence: words.Sentence): (Node | string)[] {
  return sentence.map((piece) => {
    if (typeof piece === "string") return piece;
    if ("strong" in piece) return h("b", {}, piece.strong);
    if ("key" in piece) return h("kbd", {}, piece.key);
    return h("code", {}, piece.code);
  });
}

/** The clipboard needs a secure origin; elsewhere a selection does. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).catch(() => {});
  const area = h("textarea", { class: "rf-hidden" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
