import { type Context, type Part, shownState } from "../context";
import { h, lineSample } from "../dom";
import { capital } from "../format";
import type { ProcessStyle } from "../theme";
import type { Column, CommandName } from "../wire";
import { aboutFlows, type FlowLine } from "../words/flows";
import { aboutForecast } from "../words/forecast";
import { aboutOptimizer } from "../words/optimizer";
import { render, type Sentence, stepOf } from "../words/sentence";
import { paused, ready, troubles } from "../words/states";
import { readForecasts } from "./forecasts";
import { describe } from "./legend";
import { type ProcessReading, readAt } from "./reading";
import { readSignals } from "./signals";

/** While the run goes, the words are written anew at most this often: faster than that nobody reads them. */
const WRITTEN_EVERY = 250;

/** Columns that the words are made of. */
const OPTIMIZER = ["sharpness_ratio", "critical_directions", "rod_length"];
const FLOW = ["relative_distance", "rod_length", "sharpness_ratio"];

interface Content {
  head: Sentence[];
  common: Sentence | null;
  lines: FlowLine[];
}

/** The comparison that reads itself: the optimizer and its edge, then a line for every flow that is shown. */
export class Comparison implements Part {
  readonly element: HTMLElement;
  /** Called when other words stand there. */
  changed = () => {};
  private readonly list = h("ul", { class: "rf-sentences" });
  private readonly flows = h("ul", { class: "rf-flows", "aria-label": "the flows in words" });
  private at: number | null = null;
  private room = 0;
  private roomWidth = 0;
  private roomKey = "";
  private listKey = "";
  private flowsKey = "";
  private written = Number.NEGATIVE_INFINITY;
  private writtenFor: unknown[] = [];
  private pending: (() => void) | null = null;

  constructor(private readonly context: Context) {
    this.element = h("div", { class: "rf-comparison" }, this.list, this.flows);
    const sizes = new ResizeObserver(() => this.keepRoom());
    sizes.observe(this.element);
    context.scope.observe(sizes);
  }

  /** While a run goes, the room that the words have had stays theirs, so that a signal that comes and goes moves nothing. */
  private keepRoom(): void {
    const { clientWidth: width } = this.element;
    if (width !== this.roomWidth) this.forgetRoom();
    this.roomWidth = width;
    const { offsetHeight: height } = this.element;
    if (shownState(this.context.client) !== "running" || height <= this.room) return;
    this.room = height;
    this.element.style.minHeight = `${height}px`;
  }

  private forgetRoom(): void {
    this.room = 0;
    this.element.style.minHeight = "";
  }

  update(at: number | null = null): void {
    this.at = at;
    const { client, view, theme, styles, size } = this.context;
    const hidden = [...view.hidden].join();
    const now = [client, client.store.run, at === null, theme, styles, size, view.cursor, hidden];
    const same = now.every((value, i) => value === this.writtenFor[i]);
    const rest = this.written + WRITTEN_EVERY - performance.now();
    if (same && shownState(client) === "running" && view.cursor === null && rest > 0) {
      this.pending ??= this.context.scope.timeout(() => this.write(), rest);
      return;
    }
    this.writtenFor = now;
    this.write();
  }

  /** What a screen reader is told: all of it, or of a run that goes on only what matters most. */
  spoken(): string {
    const running = shownState(this.context.client) === "running" && this.context.view.cursor === null;
    const parts = [this.list, this.flows].map((list) => [...list.children].slice(0, running ? 1 : undefined));
    return parts
      .flat()
      .flatMap((item) => item.textContent ?? [])
      .join(" ");
  }

  private write(): void {
    this.pending?.();
    this.pending = null;
    this.written = performance.now();
    const { client, size } = this.context;
    const key = `${client.branch.id} ${client.store.run} ${size}`;
    if (key !== this.roomKey) this.forgetRoom();
    this.roomKey = key;
    const { head, common, lines } = this.content();
    const flows = this.context.styles.filter(({ process }) => process.kind !== "iterates").length;
    this.element.style.setProperty("--rf-flows", String(flows));
    const changed = [this.writeHead(head), this.writeFlows(common, lines)];
    // Later the observer tells: to ask after every change would lay out the page twice.
    if (!this.room) this.keepRoom();
    if (changed.includes(true)) this.changed();
  }

  private content(): Content {
    const { client, view, styles, size } = this.context;
    const { spec, store, status } = client;
    const can = (name: CommandName) => client.can(name);
    const state = shownState(client);
    if (this.at === null || (state === "ready" && store.newest < 0))
      return { head: state === "ready" ? ready(spec, can) : [], common: null, lines: [] };
    const time = this.at;
    const seen = styles.filter(({ process }) => process.kind === "iterates" || !view.hidden.has(process.name));
    const reading = readAt(client, seen, time);
    const brief = size === "tiny";
    const { sentences, rodTold } = aboutOptimizer(reading, spec, brief);
    const signals = ({ process }: ProcessReading) => readSignals(store.table(process.name), process, time);
    const { common, lines } = aboutFlows(reading, spec, { signals, rodTold, brief });
    // Where the run diverged, the box says so.
    const head = reading.iterates?.ratio === null && state === "diverged" ? [] : [...sentences];
    const going = state === "paused" || state === "running";
    if (going && view.cursor === null) head.unshift(...troubles(status));
    if (state === "paused" && view.cursor === null) head.unshift(paused(status, can));
    if (view.cursor !== null && head.length)
      head[0] = [`At ${stepOf(time)}: `, ...inside(head[0], spec.optimizer.label)];
    for (const forecast of readForecasts(this.context, view.cursor)) head.push(aboutForecast(forecast, brief));
    return { head, common, lines };
  }

  private writeHead(sentences: Sentence[]): boolean {
    const key = JSON.stringify(sentences);
    if (key === this.listKey) return false;
    this.listKey = key;
    const iterates = this.context.styles.find(({ process }) => process.kind === "iterates");
    this.list.title = iterates ? meanings(iterates, OPTIMIZER) : "";
    this.list.replaceChildren(...sentences.map((sentence) => h("li", {}, ...render(sentence))));
    return true;
  }

  private writeFlows(common: Sentence | null, lines: FlowLine[]): boolean {
    const { theme, styles } = this.context;
    const items = lines.flatMap(({ flow, sentence }) => {
      const style = styles.find(({ process }) => process === flow.process);
      return style ? [{ style, color: style.color(theme), sentence }] : [];
    });
    const looks = items.map(({ style, color, sentence }) => [style.process.name, color, style.dash, sentence]);
    const key = JSON.stringify([common, looks]);
    if (key === this.flowsKey) return false;
    this.flowsKey = key;
    this.flows.replaceChildren(
      ...(common ? [h("li", {}, ...render(common))] : []),
      ...items.map(({ style, color, sentence }) => {
        const { svg, line } = lineSample(style.width, style.dash);
        line.setAttribute("stroke", color);
        const attributes = { "data-process": style.process.name, title: meanings(style, FLOW) };
        return h("li", attributes, svg, h("span", {}, ...render(sentence)));
      }),
    );
    return true;
  }
}

/** A sentence whose subject stands at its begin, after a colon. */
function inside([first, ...rest]: Sentence, subject: string): Sentence {
  const begins = typeof first === "string" && first.startsWith(capital(subject));
  return [begins ? subject + first.slice(subject.length) : first, ...rest];
}

/** What the numbers of a line mean, with those by which a flow doubts itself. */
function meanings({ process }: ProcessStyle, names: string[]): string {
  const told = ({ name, signal }: Column) => names.includes(name) || signal.length > 0;
  return process.columns.filter(told).map(describe).join("\n");
}
