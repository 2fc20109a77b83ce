import { type Context, shownState, thresholdNow } from "../context";
import { h, setAttribute, setText } from "../dom";
import { whole } from "../format";
import { linearTicks, type Range, settledFrom, timeRange, union } from "../ranges";
import type { ProcessStyle } from "../theme";
import { render, type Sentence } from "../words/sentence";
import { eventMarks } from "./events";
import { listenPointer, moveCursor, stepAt } from "./pointer";
import { Bar } from "./spectrum/bar";
import { Beside } from "./spectrum/beside";
import type { Density } from "./spectrum/density";
import { COUNT_TITLE, OverTime } from "./spectrum/over-time";
import { spectrumRange } from "./spectrum/range";
import { readSpectrum, recorded, type SpectrumReading, tracked, withSpectrum } from "./spectrum/reading";
import { Strip } from "./spectrum/strip";
import { type Place, Surveys } from "./spectrum/surveys";
import * as words from "./spectrum/words";
import type { Plate, View } from "./view";

/** The largest eigenvalues over time against the edge, and beside them all eigenvalues at one step. */
export class SpectrumView implements View {
  readonly element: HTMLElement;
  private readonly bar: Bar;
  private readonly over: OverTime;
  private readonly beside: Beside;
  private readonly strip = new Strip();
  private readonly surveys: Surveys;
  private readonly title = h("h3", { class: "rf-panel-title" });
  private readonly subtitle = h("span", { class: "rf-subtitle" });
  private readonly countSubtitle = h("span", { class: "rf-subtitle" });
  private readonly sentences = h("ul", { class: "rf-sentences" });
  private readonly main: HTMLElement;
  private chosen: string | null = null;
  private following = false;
  private time: Range | null = null;
  private y: Range | null = null;
  private rangeKey = "";
  private said = "";

  constructor(private readonly context: Context) {
    const { scope } = context;
    this.surveys = new Surveys(scope, () => context.redraw());
    this.bar = new Bar(context, {
      choose: (process) => {
        this.chosen = process;
        context.redraw();
      },
      ask: () => {
        const place = this.place();
        if (place) this.surveys.ask(place);
      },
      follow: (on) => {
        this.following = on;
        if (!on) this.surveys.rest();
        context.redraw();
      },
    });
    this.over = new OverTime(context);
    this.beside = new Beside(context);
    const head = (...children: HTMLElement[]) => h("div", { class: "rf-panel-head" }, ...children);
    this.main = h(
      "div",
      { class: "rf-spectrum-main" },
      h(
        "div",
        { class: "rf-spectrum-time" },
        head(this.title, this.subtitle),
        this.over.host,
        head(h("h3", { class: "rf-panel-title" }, COUNT_TITLE), this.countSubtitle),
        this.over.countHost,
      ),
      this.beside.element,
    );
    this.element = h(
      "div",
      { class: "rf-figure rf-spectrum", tabindex: 0, role: "group", "aria-roledescription": "figure" },
      this.bar.element,
      this.main,
      this.strip.element,
      h("div", { class: "rf-spectrum-words" }, this.sentences),
    );
    const { over } = this;
    listenPointer(context, over.host, over.chart);
    listenPointer(context, over.countHost, over.countChart);
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(this.main);
    scope.observe(observer);
  }

  get at(): number | null {
    return stepAt(this.context);
  }

  moveCursor(rows: number): void {
    moveCursor(this.context, rows);
  }

  plates(): Plate[] {
    return [...this.over.plates(this.title.textContent ?? ""), ...this.beside.plates()];
  }

  resize(): void {
    this.over.resize();
    this.beside.resize();
    this.context.redraw();
  }

  update(): void {
    const { context, surveys } = this;
    const { client } = context;
    surveys.use(client);
    const styles = withSpectrum(context.styles);
    const style = this.style();
    const place = this.place();
    if (place && this.following && client.answers) surveys.follow(place, context.view.cursor === null);
    const reading = style && this.at !== null ? readSpectrum(context, style, this.at) : null;
    const density = place ? surveys.shown(place) : null;
    this.bar.update(styles, style, this.ask(place));
    this.updateTitles(style);
    if (style) this.draw(style, density, reading, place);
    this.main.hidden = !style;
    this.strip.update(reading, style ? recorded(style) : 0);
    this.say(this.words(style, reading, density));
  }

  private style(): ProcessStyle | null {
    const styles = withSpectrum(this.context.styles);
    return styles.find(({ process }) => process.name === this.chosen) ?? styles[0] ?? null;
  }

  private place(): Place | null {
    const style = this.style();
    if (!style || this.at === null) return null;
    return { run: this.context.client.store.run, process: style.process.name, step: Math.round(this.at) };
  }

  /** What the button says, and whether it can be pressed. */
  private ask(place: Place | null): { text: string; why: string; enabled: boolean } {
    if (!place) return { text: "Spectral density", why: "Nothing has run yet", enabled: false };
    const text = `Spectral density at step ${whole(place.step)}`;
    if (this.context.client.gone) return { text, why: "There is no kernel", enabled: false };
    const enabled = !this.surveys.isPending(place) && !this.surveys.at(place);
    return { text, why: "", enabled };
  }

  private updateTitles(style: ProcessStyle | null): void {
    if (!style) return;
    const { spec } = this.context.client;
    const flow = style.process.kind === "iterates" ? "" : style.label;
    const subtitle = words.subtitle(spec, flow);
    setText(this.title, words.title(recorded(style)));
    setText(this.subtitle, subtitle);
    setAttribute(this.subtitle, "title", subtitle);
    setText(this.countSubtitle, `directions of at least 0.975 of the edge, among the ${tracked(spec)} largest`);
    setAttribute(
      this.element,
      "aria-label",
      `${words.title(recorded(style))} ${subtitle}. Left and right arrow keys move the cursor.`,
    );
  }

  private draw(
    style: ProcessStyle,
    density: Density | null,
    reading: SpectrumReading | null,
    place: Place | null,
  ): void {
    const { client, size, view } = this.context;
    const { store, status, spec } = client;
    const { newest } = store;
    this.keepRanges(style, density);
    const time = this.time ?? [0, 1];
    const y = this.y ?? [-0.1, 1];
    // What the staircase says of the learning rate needs no flag.
    const marks = eventMarks(store.events, spec, size === "wide", Math.max(newest, 0), "learning_rate");
    const most = size === "wide" ? 10 : 5;
    this.over.update({
      style,
      time,
      timeTicks: linearTicks(time, most),
      newest,
      cursor: view.cursor,
      marks,
      y,
      density: density && density.step !== this.at ? density.step : null,
      note: newest < 0 && status.state === "ready" ? "Nothing has run yet." : "",
    });
    const known = density ? readSpectrum(this.context, style, density.step).values : [];
    this.beside.update({ density, known, y, threshold: reading?.threshold ?? null, ...this.note(density, place) });
  }

  private note(density: Density | null, place: Place | null): { note: string; refused: boolean } {
    const refusal = place ? this.surveys.refusal(place) : "";
    if (refusal) return { note: refusal, refused: true };
    if (density || !place) return { note: "", refused: false };
    if (this.surveys.isPending(place)) return { note: "Working: 0 % done.", refused: false };
    const { client } = this.context;
    if (client.gone) return { note: "There is no kernel: no density can be computed.", refused: false };
    const why = "Of this run there is only what was recorded: no density can be computed.";
    return { note: client.answers ? "Not computed yet." : why, refused: false };
  }

  /** Axes never shrink while the run goes. */
  private keepRanges(style: ProcessStyle, density: Density | null): void {
    const { client } = this.context;
    const { store } = client;
    const { newest } = store;
    const { span } = this.context.view;
    const key = `${client.id} ${store.run} ${style.process.name} ${span}`;
    const keep = this.rangeKey === key && newest >= 0 && shownState(client) === "running";
    const before = this.time;
    this.rangeKey = key;
    const time = span ?? timeRange(newest, client.steps);
    this.time = keep ? union(this.time, time) : time;
    const from = settledFrom(this.time);
    const fresh = this.range(style, density, newest > from ? from : Number.NEGATIVE_INFINITY);
    const same = keep && before?.[1] === this.time[1];
    if (fresh) this.y = same ? union(this.y, fresh) : fresh;
    else if (!keep) this.y = null;
  }

  private range(style: ProcessStyle, density: Density | null, from: number): Range | null {
    const table = this.context.client.store.table(style.process.name);
    const extent = (part: number) =>
      table?.envelope("eigenvalues", part)?.extent(from, Number.POSITIVE_INFINITY, false) ?? null;
    const now = thresholdNow(this.context);
    return spectrumRange({
      largest: extent(0),
      low: extent(recorded(style) - 1)?.[0] ?? null,
      edges: [...this.over.stairs(style).map(({ value }) => value), ...(now === null ? [] : [now])],
      density: density?.extent() ?? null,
    });
  }

  private words(style: ProcessStyle | null, reading: SpectrumReading | null, density: Density | null): Sentence[] {
    if (!style) return [["No process of this run records eigenvalues."]];
    if (!reading) return [];
    return words.describe(reading, density, recorded(style), this.context.client.store.events);
  }

  private say(sentences: Sentence[]): void {
    const key = JSON.stringify(sentences);
    if (key === this.said) return;
    this.said = key;
    this.sentences.replaceChildren(...sentences.map((sentence) => h("li", {}, ...render(sentence))));
  }
}
