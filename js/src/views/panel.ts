import { type Line, LineChart, type Picture } from "../charts/line";
import { drawCross, drawEventLines, drawFlags, drawNote, type Mark } from "../charts/marks";
import type { Context } from "../context";
import { h, setAttribute, setText } from "../dom";
import * as format from "../format";
import { linearRange, linearTicks, logRange, logTicks, type Range, settledFrom, union } from "../ranges";
import { drawingOrder, type ProcessStyle } from "../theme";
import { describe, Legend } from "./legend";
import { otherLines } from "./others";
import type { Panel } from "./panels";
import { firstColumn, ownEnd, valueAt } from "./reading";
import type { Plate } from "./view";

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
  private readonly span = h("button", { type: "button", class: "rf-span", hidden: true });
  private readonly cursor = h("div", { class: "rf-cursor", hidden: true });
  private readonly legend: Legend;
  private range: Range | null = null;
  private rangeKey = "";

  constructor(
    private readonly context: Context,
    readonly panel: Panel,
    private readonly first: boolean,
    last: boolean,
  ) {
    this.legend = new Legend(context, panel, first);
    this.element = h(
      "div",
      {
        class: "rf-panel",
        "data-panel": panel.name,
        "data-axis": String(last),
        role: "group",
        "aria-label": panel.title,
      },
      h(
        "div",
        { class: "rf-panel-head" },
        this.title,
        this.subtitle,
        first && this.span,
        this.scaleButton,
        first && this.step,
      ),
      this.legend.element,
      this.host,
    );
    this.host.append(this.cursor);
    this.chart = new LineChart(context.scope, this.host, panel.height, last);
    this.host.style.height = `${this.chart.height}px`;
    context.scope.listen(this.span, "click", () => context.view.setSpan(null));
    context.scope.listen(this.scaleButton, "click", () => context.view.setLog(panel.name, !this.log));
  }

  get log(): boolean {
    return this.context.view.log.get(this.panel.name) ?? (this.panel.log && !this.negative());
  }

  /** A loss that is not positive has no place on a logarithmic axis. */
  private negative(): boolean {
    if (!this.panel.signed) return false;
    const { client, styles } = this.context;
    return styles.some((style) => {
      const column = this.column(style);
      const envelope = column ? client.store.table(style.process.name)?.envelope(column) : null;
      const extent = envelope?.extent(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, false);
      return extent ? extent[0] <= 0 : false;
    });
  }

  /** Column that a process is drawn from, or null where it has no place in this panel. */
  column(style: ProcessStyle): string | null {
    return firstColumn(style.process, style.process.kind === "iterates" ? this.panel.iterates : this.panel.flows);
  }

  resize(): void {
    const width = Math.floor(this.host.clientWidth);
    if (width > 0) this.chart.resize(width);
  }

  plates(): Plate[] {
    const { chart, panel } = this;
    return [{ title: panel.title, width: chart.width, height: chart.height, paint: (ctx) => chart.paint(ctx) }];
  }

  /** Position of a value in CSS pixels from the top of the plot. */
  y(value: number): number {
    return this.chart.y(value);
  }

  update(moment: Moment): void {
    const { panel, context } = this;
    const { spec } = context.client;
    setText(this.title, panel.title);
    setText(this.subtitle, panel.subtitle(spec));
    setAttribute(this.subtitle, "title", this.meaning(panel.subtitle(spec)));
    setText(this.scaleButton, this.log ? "log" : "linear");
    setAttribute(this.scaleButton, "aria-label", `${panel.title}: ${this.log ? "logarithmic" : "linear"} axis`);
    setAttribute(this.scaleButton, "title", `Axis: ${this.log ? "logarithmic" : "linear"}. Click to switch.`);
    this.updateStep(moment.at);
    if (this.first) this.updateSpan();
    this.legend.update(moment.at, (style) => this.column(style), panel.text);
    this.chart.show(this.picture(moment));
    this.updateCursor(moment);
  }

  /** The subtitle, which may be cut off, and what the columns drawn mean; once where several processes mean the same. */
  private meaning(subtitle: string): string {
    const columns = this.context.styles.flatMap((style) => {
      const extras = style.process.kind === "iterates" ? (this.panel.extraColumns ?? []) : [];
      const drawn = [this.column(style), ...extras];
      return style.process.columns.filter(({ name }) => drawn.includes(name)).map(describe);
    });
    return [subtitle, ...new Set(columns)].join("\n");
  }

  private updateStep(at: number | null): void {
    const text = at === null ? "" : format.whole(at);
    if (this.step.dataset.step === text) return;
    this.step.dataset.step = text;
    this.step.replaceChildren(...(text ? ["step ", h("b", {}, text)] : []));
  }

  /** Where only some steps are shown the first panel says which, and is the way back to all. */
  private updateSpan(): void {
    const { span } = this.context.view;
    this.span.hidden = !span;
    if (!span) return;
    setText(this.span, `steps ${format.whole(span[0])} to ${format.whole(span[1])}: show all`);
    setAttribute(this.span, "title", "Shows all steps again; a double click on a chart does the same.");
  }

  private picture(moment: Moment): Picture {
    const { context, panel } = this;
    const { theme } = context;
    const lines = this.lines();
    const y = this.yRange(moment, lines);
    const log = this.log;
    const ends = panel.ends ? this.ends() : [];
    const note = moment.newest < 0 && context.client.status.state === "ready" ? (panel.note ?? "") : "";
    return {
      lines,
      x: moment.time,
      y,
      log,
      xTicks: moment.timeTicks,
      yTicks: log ? logTicks(y, panel.height < 100 ? 3 : 6) : linearTicks(y, panel.height < 100 ? 3 : 6),
      xLabel: format.whole,
      yLabel: panel.tick,
      theme,
      below: (frame) => {
        panel.below?.(frame, context);
        drawEventLines(frame, theme, moment.marks);
      },
      above: (frame) => {
        for (const [time, value] of ends) drawCross(frame, theme, time, value);
        if (this.first) drawFlags(frame, theme, moment.marks);
        if (note) drawNote(frame, theme, note);
      },
      stamp: JSON.stringify([moment.marks, panel.level?.(context), ends, note]),
    };
  }

  private lines(): Line[] {
    const { context, panel } = this;
    const { client, styles, theme, view } = context;
    const iterates = styles.find((style) => style.process.kind === "iterates")?.process.name ?? "";
    const table = view.hidden.has(iterates) ? null : client.store.table(iterates);
    const lines = table ? (panel.extras?.(context, table) ?? []) : [];
    const others = otherLines(context, (style) => this.column(style), panel.stairs);
    lines.push(...others.below);
    for (const style of drawingOrder(styles)) {
      const { name } = style.process;
      const column = this.column(style);
      if (!column || view.hidden.has(name)) continue;
      lines.push({
        key: name,
        color: style.color(theme),
        width: style.width,
        dash: style.dash,
        envelope: client.store.table(name)?.envelope(column) ?? null,
        stairs: panel.stairs,
      });
    }
    lines.push(...others.above);
    return lines;
  }

  /** Ignores the first steps, never shrinks while running but where the time axis jumps, and grows by jumps. */
  private yRange(moment: Moment, lines: Line[]): Range {
    const { client, view } = this.context;
    const from = settledFrom(moment.time);
    const all: Range = [moment.newest > from ? from : Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const fresh = this.freshRange(lines, view.span ?? all);
    const key = [client.branch.id, client.store.run, this.log, moment.time, view.span, ...view.hidden].join(" ");
    const keep = key === this.rangeKey && client.status.state === "running";
    this.rangeKey = key;
    this.range = fresh
      ? keep
        ? union(this.range, fresh)
        : fresh
      : keep && this.range
        ? this.range
        : [...this.panel.empty];
    return this.range;
  }

  private freshRange(lines: Line[], [from, to]: Range): Range | null {
    const { panel, log, context } = this;
    const extents = lines.flatMap((line) => {
      const extent = line.envelope?.extent(from, to, log);
      return extent ? [{ key: line.key, extent }] : [];
    });
    const level = panel.level?.(context) ?? null;
    if (level !== null && extents.length) extents.push({ key: "", extent: [level, level] });
    if (!extents.length) return null;
    const iterates = context.styles.find((style) => style.process.kind === "iterates")?.process.name;
    const own = extents.find(({ key }) => key === iterates)?.extent ?? null;
    let high = Math.max(...extents.map(({ extent }) => extent[1]));
    if (own && log) high = Math.min(high, own[1] * 1000);
    let low = Math.min(
      ...extents.map(({ extent }) => (log ? Math.max(extent[0], high / 10 ** panel.depth) : extent[0])),
    );
    if (own && log) low = Math.min(Math.max(low, own[0] / 30), own[0]);
    if (panel.limit && !log) [low, high] = panel.limit(low, high);
    low = Math.min(low, high);
    return log ? logRange(low, high) : linearRange(low, high);
  }

  /** Time and value at which processes came to an end of their own. */
  private ends(): [number, number][] {
    const { client, styles, view } = this.context;
    return styles.flatMap((style): [number, number][] => {
      const { name } = style.process;
      const column = this.column(style);
      const table = client.store.table(name);
      if (!ownEnd(client, style.process) || view.hidden.has(name) || !column || !table) return [];
      const values = table.column(column);
      let row = table.rows - 1;
      while (row >= 0 && values?.at(row) === null) row--;
      return row >= 0 ? [[table.time.values[row], values?.values[row] ?? 0]] : [];
    });
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
