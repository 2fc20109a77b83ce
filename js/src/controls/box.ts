import { type Context, edgeRate, type Part, type Shown, shownState } from "../context";
import { button, focused, h } from "../dom";
import * as format from "../format";
import type { Scope } from "../scope";
import { render, type Sentence } from "../words/sentence";
import * as words from "../words/states";

export interface BoxActions {
  extend(): void;
  reset(): void;
  saveValues(): void;
  fork(at: number): void;
}

/** What the state of the run asks to be said, with the buttons that work in it. */
export class StateBox implements Part {
  readonly element = h("div", { class: "rf-notice", hidden: true });
  /** Called when the box says something else. */
  changed = () => {};
  private scope: Scope | null = null;
  private key = "";
  /** The branch that is asked about. */
  private asked: number | null = null;
  /** What had the focus when the question came. */
  private asker: HTMLElement | null = null;
  private traceback = false;

  constructor(
    private readonly context: Context,
    private readonly actions: BoxActions,
  ) {}

  /** Asks once whether the run is to be reset; the second call does it. */
  askReset(): void {
    const { client } = this.context;
    const state = shownState(client);
    if (state === "ready" || state === "gone" || state === "saved" || !client.can("reset")) return;
    if (this.asking || state === "diverged" || state === "error") {
      this.asked = null;
      this.actions.reset();
      return;
    }
    this.asked = this.context.client.branch.id;
    this.asker = focused(this.element);
    this.update();
    this.element.querySelector("button")?.focus();
  }

  /** Withdraws the question; false where none was asked. */
  withdraw(): boolean {
    const { asking } = this;
    this.asked = null;
    if (asking) this.update();
    return asking;
  }

  private get asking(): boolean {
    return this.asked === this.context.client.branch.id;
  }

  /** What a screen reader is told. */
  spoken(): string {
    return this.element.hidden ? "" : (this.element.querySelector("p")?.textContent ?? "");
  }

  update(): void {
    const state = shownState(this.context.client);
    if (state === "ready" || !this.asking) this.asked = null;
    const content = this.content(state);
    const key = JSON.stringify([
      content?.tone,
      content?.sentences,
      content?.buttons.map(({ label }) => label),
      content?.code,
    ]);
    if (key === this.key) return;
    this.key = key;
    this.scope?.dispose();
    this.scope = this.context.scope.child();
    const before = focused(this.element);
    const held = this.element.contains(before);
    this.element.hidden = !content;
    this.element.replaceChildren();
    if (content) this.fill(content, this.scope);
    if (held) this.giveBack(before?.textContent ?? "");
    this.changed();
  }

  /** The focus that a button had goes to the one that says the same, else to where it came from, else to the charts. */
  private giveBack(label: string): void {
    const same = [...this.element.querySelectorAll("button")].find((element) => element.textContent === label);
    const asker = this.asker?.isConnected ? this.asker : null;
    (same ?? asker ?? this.context.root.querySelector<HTMLElement>(".rf-figure"))?.focus();
  }

  private fill(content: Content, scope: Scope): void {
    this.element.dataset.tone = content.tone;
    for (const sentence of content.sentences) this.element.append(h("p", {}, ...render(sentence)));
    if (content.buttons.length) {
      const row = h("div", { class: "rf-buttons" });
      for (const { label, name, action } of content.buttons) {
        const element = button(label, name, label);
        scope.listen(element, "click", action);
        row.append(element);
      }
      this.element.append(row);
    }
    if (content.code) {
      const code = h("pre", { class: "rf-traceback", tabindex: 0 }, content.code);
      this.element.append(code);
      // What was raised, and where in the code of the problem, stands at the end.
      code.scrollTop = code.scrollHeight;
    }
  }

  private content(state: Shown): Content | null {
    const { client } = this.context;
    const { status, spec, store } = client;
    const again = { label: "Reset", name: "reset" as const, action: () => this.askReset() };
    const reset = client.can("reset") ? [again] : [];
    const to = format.whole(client.branch.step ?? 0);
    // What became of a training loop it says itself.
    const watched = client.branch.commands.includes("measure") && status.sentence !== "";
    if (this.asking && state !== "gone")
      return {
        tone: "warning",
        sentences: [[`Reset to step ${to}? The recording so far is kept in `, { code: "run.history" }, "."]],
        buttons: [again, { label: "Keep going", name: null, action: () => this.withdraw() }],
      };
    switch (state) {
      case "finished": {
        const n = spec.steps;
        return {
          tone: "plain",
          sentences: [watched ? [status.sentence] : words.finished(status)],
          buttons: [
            ...(n !== null && client.can("extend")
              ? [{ label: `Run ${format.whole(n)} more`, name: "play" as const, action: () => this.actions.extend() }]
              : []),
            ...(client.can("fork")
              ? [{ label: "Fork", name: "fork" as const, action: () => this.actions.fork(status.step) }]
              : []),
            { label: "Save values", name: null, action: () => this.actions.saveValues() },
          ],
        };
      }
      case "stopped":
        return { tone: "plain", sentences: [watched ? [status.sentence] : words.stopped(status)], buttons: reset };
      case "diverged":
        return {
          tone: "failed",
          sentences: [words.diverged(status, spec, store.events, this.edgeBefore())],
          buttons: [...this.forkBefore(), ...reset],
        };
      case "error":
        return {
          tone: "failed",
          sentences: [words.failure(status)],
          buttons: [...(status.error?.traceback ? this.errorButtons(status.error.traceback) : []), ...reset],
          code: this.traceback ? status.error?.traceback : undefined,
        };
      case "gone":
        return { tone: "warning", sentences: words.noKernel(store.newest), buttons: [] };
      case "saved": {
        const told = this.content(status.state);
        const end = told?.sentences ?? [[`Paused at step ${format.whole(status.step)}.`]];
        return { tone: told?.tone ?? "plain", sentences: [...end, words.saved()], buttons: [] };
      }
      default:
        return null;
    }
  }

  /** A fork from before the last change, if that was it, else from some steps before the end. */
  private forkBefore(): Content["buttons"] {
    const { client } = this.context;
    const { store, status } = client;
    if (store.newest < 1 || !client.can("fork")) return [];
    const event = store.events.findLast(({ step }) => step <= status.step && status.step - step <= 50);
    const at = Math.max(0, Math.min(store.newest, event ? event.step - 1 : status.step - 10));
    return [{ label: `Fork at ${format.whole(at)}`, name: "fork", action: () => this.actions.fork(at) }];
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
  sentences: Sentence[];
  buttons: { label: string; name: "play" | "reset" | "fork" | null; action: () => void }[];
  code?: string;
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
