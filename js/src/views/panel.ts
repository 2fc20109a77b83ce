import { type Frame, type Line, LineChart, type Picture } from "../charts/line";
import { drawCross, drawEdge, drawEventLines, drawFlags, drawLevel, drawNote, type Mark } from "../charts/marks";
import { type Context, thresholdNow } from "../context";
import { h, setAttribute, setText } from "../dom";
import * as format from "../format";
import { linearRange, linearTicks, logRange, logTicks, type Range, union } from "../ranges";
import { drawingOrder, type ProcessStyle } from "../theme";
import { Legend } from "./legend";
import { eigenvalues, type Panel } from "./panels";
import { firstColumn, ownEnd, valueAt } from "./reading";

/** Share of the steps at the start that ranges do not look at. */
const TRANSIENT = 0.03;

export interface Moment {
  time: Range;
  timeTicks: number[];
  newest: number;
  /** Step of the read-out; null before the first row. */
  at: number | null;
  marks: Mark[];
}

/** One panel: title, chart, and its part of the rail. */
export class PanelView {
  readonly element: HTMLElement;
  readonly chart: LineChart;
  readonly host = h("div", { class: "rf-chart" });
  private readonly title = h("h3", { class: "rf-panel-title" });
  private readonly subtitle = h("span", { class: "rf-subtitle" });
  private readonly step = h("span", { class: "rf-panel-step" });
  private readonly scaleButton = h("button", { type: "button", class: "rf-scale" });
  private readonly cursor = h("div", { class: "rf-cursor", hidden: true });
  private readonly legend: Legend;
  private range: Range | null = null;
  private rangeKey = "";
  private settled = false;

  constructor(
    private readonly context: Context,
    readonly panel: Panel,
    private readonly first: boolean,
    last: boolean,
  ) {
    this.legend = new Legend(context, panel, first);
    this.element = h(
      "div",
      { class: "rf-panel", "data-panel": panel.key, role: "group", "aria-label": panel.title },
      h("div", { class: "rf-panel-head" }, this.title, this.subtitle, this.scaleButton, first && this.step),
      this.legend.element,
      this.host,
    );
    this.host.append(this.cursor);
    this.chart = new LineChart(context.scope, this.host, panel.height, last);
    this.host.style.height = `${this.chart.height}px`;
    context.scope.listen(this.scaleButton, "click", () => context.view.setLog(panel.key, !this.log));
  }

  get log(): boolean {
    return this.context.view.log.get(this.panel.key) ?? (this.panel.log && !this.negative());
  }

  /** A loss that is not positive has no place on a logarithmic axis. */
  private negative(): boolean {
    if (this.panel.key !== "loss") return false;
    const { client, styles } = this.context;
    return styles.some((style) => {
      const column = this.column(style);
      const envelope = column ? client.store.table(style.process.name)?.envelope(column) : null;
      const extent = envelope?.extent(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, false);
      return extent ? extent[0] <= 0 : false;
    });
  }

  private get asEigenvalues(): boolean {
    return this.panel.key === "ratio" && this.context.view.showEigenvalues;
  }

  /** Column that a process is drawn from, or null where it has no place in this panel. */
  column(style: ProcessStyle): string | null {
    if (this.asEigenvalues) return firstColumn(style.process, ["sharpness"]);
    return firstColumn(style.process, style.process.kind === "iterates" ? this.panel.iterates : this.panel.flows);
  }

  /** Position of a value in CSS pixels from the top of the plot. */
  y(value: number): number {
    return this.chart.y(value);
  }

  update(moment: Moment): void {
    const { panel, context } = this;
    const { spec } = context.client;
    const words = this.asEigenvalues ? eigenvalues : panel;
    setText(this.title, words.title);
    setText(this.subtitle, words.subtitle(spec));
    setAttribute(this.subtitle, "title", words.subtitle(spec));
    setText(this.scaleButton, this.log ? "log" : "linear");
    setAttribute(this.scaleButton, "aria-label", `${words.title}: ${this.log ? "logarithmic" : "linear"} axis`);
    setAttribute(this.scaleButton, "title", `Axis: ${this.log ? "logarithmic" : "linear"}. Click to switch.`);
    this.updateStep(moment.at);
    this.legend.update(moment.at, (style) => this.column(style), words.text);
    this.chart.show(this.picture(moment, words.tick));
    this.updateCursor(moment);
  }

  private updateStep(at: number | null): void {
    const text = at === null ? "" : format.whole(at);
    if (this.step.dataset.step === text) return;
    this.step.dataset.step = text;
    this.step.replaceChildren(...(text ? ["step ", h("b", {}, text)] : []));
  }

  private picture(moment: Moment, tick: (value: number) => string): Picture {
    const { theme, client } = this.context;
    const lines = this.lines();
    const y = this.yRange(moment, lines);
    const log = this.log;
    const isRatio = this.panel.key === "ratio" && !this.asEigenvalues;
    return {
      lines,
      x: moment.time,
      y,
      log,
      xTicks: moment.timeTicks,
      yTicks: log ? logTicks(y) : linearTicks(y),
      xLabel: format.whole,
      yLabel: tick,
      theme,
      below: (frame) => {
        if (isRatio) drawEdge(frame, theme);
        if (this.asEigenvalues) drawLevel(frame, theme, thresholdNow(this.context));
        drawEventLines(frame, theme, moment.marks);
      },
      above: (frame) => {
        if (this.first) drawFlags(frame, theme, moment.marks);
        if (this.panel.key === "loss") this.drawEnds(frame);
        if (moment.newest < 0 && isRatio && client.status.state === "ready")
          drawNote(frame, theme, "Nothing has run yet.");
      },
    };
  }

  private lines(): Line[] {
    const { client, styles, theme, view } = this.context;
    const lines: Line[] = [];
    if (this.asEigenvalues) lines.push(...this.eigenvalueLines());
    for (const style of drawingOrder(styles)) {
      const { name } = style.process;
      const column = this.column(style);
      if (!column || view.hidden.has(name)) continue;
      const table = client.store.table(name);
      lines.push({
        key: name,
        color: style.color(theme),
        width: style.width,
        dash: style.dash,
        envelope: table?.envelope(column) ?? null,
      });
    }
    return lines;
  }

  /** The staircase of the threshold, and the eigenvalues below the largest. */
  private eigenvalueLines(): Line[] {
    const { client, styles, theme, view } = this.context;
    const iterates = styles.find((style) => style.process.kind === "iterates");
    if (!iterates || view.hidden.has(iterates.process.name)) return [];
    const table = client.store.table(iterates.process.name);
    const lines: Line[] = [];
    for (let part = 1; part < (table?.width("eigenvalues") ?? 0); part++)
      lines.push({
        key: `eigenvalue-${part}`,
        color: theme.band,
        width: 1.2,
        dash: [],
        envelope: table?.envelope("eigenvalues", part) ?? null,
      });
    const threshold = table?.envelope("edge_threshold") ?? null;
    lines.push({ key: "threshold", color: theme.ink, width: 1, dash: [], envelope: threshold, stairs: true });
    return lines;
  }

  /** Ignores the first steps, never shrinks while running, and grows by jumps. */
  private yRange(moment: Moment, lines: Line[]): Range {
    const { client, view } = this.context;
    const transient = TRANSIENT * client.spec.steps;
    const past = moment.newest > 1.2 * transient;
    const fresh = this.freshRange(lines, past ? transient : Number.NEGATIVE_INFINITY);
    const key = [client.store.run, this.log, this.asEigenvalues, ...view.hidden].join(" ");
    const keep = key === this.rangeKey && this.settled && client.status.state === "running";
    this.rangeKey = key;
    this.settled = past;
    this.range = fresh
      ? keep
        ? union(this.range, fresh)
        : fresh
      : keep && this.range
        ? this.range
        : this.emptyRange();
    return this.range;
  }

  private emptyRange(): Range {
    return this.asEigenvalues ? [0.5, 5] : [...this.panel.empty];
  }

  private freshRange(lines: Line[], from: number): Range | null {
    const { panel, log } = this;
    const extents = lines.flatMap((line) => {
      const extent = line.envelope?.extent(from, Number.POSITIVE_INFINITY, log);
      return extent ? [{ key: line.key, extent }] : [];
    });
    const now = this.asEigenvalues ? thresholdNow(this.context) : null;
    if (now !== null && extents.length) extents.push({ key: "", extent: [now, now] });
    if (!extents.length) return null;
    const iterates = this.context.styles.find((style) => style.process.kind === "iterates")?.process.name;
    const own = extents.find(({ key }) => key === iterates)?.extent ?? null;
    let high = Math.max(...extents.map(({ extent }) => extent[1]));
    if (own && log) high = Math.min(high, own[1] * 1000);
    let low = Math.min(
      ...extents.map(({ extent }) => (log ? Math.max(extent[0], high / 10 ** panel.depth) : extent[0])),
    );
    if (own && log) low = Math.min(Math.max(low, own[0] / 30), own[0]);
    if (panel.key === "ratio" && !this.asEigenvalues) {
      low = Math.max(Math.min(low, 0.95), -0.5);
      // A diverging line leaves the panel rather than flattening the others.
      high = Math.max(Math.min(high, 4), 1.1);
    }
    low = Math.min(low, high);
    return log ? logRange(low, high) : linearRange(low, high);
  }

  private drawEnds(frame: Frame): void {
    const { client, styles, theme, view } = this.context;
    for (const style of styles) {
      const { name } = style.process;
      const column = this.column(style);
      const table = client.store.table(name);
      if (!ownEnd(client, style.process) || view.hidden.has(name) || !column || !table) continue;
      const values = table.column(column);
      let row = table.rows - 1;
      while (row >= 0 && values?.at(row) === null) row--;
      if (row >= 0) drawCross(frame, theme, table.time.values[row], values?.values[row] ?? 0);
    }
  }

  private updateCursor({ at, time }: Moment): void {
    const { client, styles, theme, view } = this.context;
    const shown = view.cursor !== null && at !== null && at >= time[0] && at <= time[1];
    this.cursor.hidden = !shown;
    if (!shown || at === null) return;
    const left = this.chart.x(at);
    this.cursor.style.transform = `translateX(${left}px)`;
    const dots = drawingOrder(styles).flatMap((style) => {
      const column = this.column(style);
      if (!column || view.hidden.has(style.process.name)) return [];
      const value = valueAt(client.store.table(style.process.name), column, at);
      const y = value === null ? Number.NaN : this.chart.y(value);
      if (!(y >= -2 && y <= this.panel.height + 2)) return [];
      const dot = h("i", { class: "rf-dot" });
      dot.style.top = `${y + this.chart.top}px`;
      dot.style.background = style.process.kind === "iterates" ? theme.ink : style.color(theme);
      return [dot];
    });
    this.cursor.replaceChildren(...dots);
  }
}
