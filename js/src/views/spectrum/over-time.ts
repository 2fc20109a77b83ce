/** The eigenvalues over time, with the staircase of the edge; below them, how many are at the edge. */
import { type Frame, type Line, LineChart, type Picture } from "../../charts/line";
import { drawEventLines, drawFlags, drawNote, type Mark } from "../../charts/marks";
import { drawBeyond, drawNext, drawPointer, drawStairLabels, type Stair, stairs } from "../../charts/staircase";
import { type Context, thresholdNow } from "../../context";
import { h } from "../../dom";
import * as format from "../../format";
import { linearTicks, type Range } from "../../ranges";
import type { ProcessStyle } from "../../theme";
import type { Plate } from "../view";
import { labels } from "./range";
import { rateAt, recorded } from "./reading";

/** Heights of the plots in CSS pixels. */
export const HEIGHT = 295;
const COUNT_HEIGHT = 44;
export const COUNT_TITLE = "At the edge";

export interface Moment {
  style: ProcessStyle;
  time: Range;
  timeTicks: number[];
  newest: number;
  /** Step of the cursor; null where it follows the newest. */
  cursor: number | null;
  marks: Mark[];
  /** The vertical axis of the eigenvalues. */
  y: Range;
  note: string;
  /** Step of the density beside the chart, where it is not that of the read-out. */
  density: number | null;
}

export class OverTime {
  readonly host = h("div", { class: "rf-chart" });
  readonly countHost = h("div", { class: "rf-chart" });
  readonly chart: LineChart;
  readonly countChart: LineChart;
  private readonly cursors = [
    h("div", { class: "rf-cursor", hidden: true }),
    h("div", { class: "rf-cursor", hidden: true }),
  ];

  constructor(private readonly context: Context) {
    this.host.append(this.cursors[0]);
    this.countHost.append(this.cursors[1]);
    this.chart = new LineChart(context.scope, this.host, HEIGHT, false);
    this.countChart = new LineChart(context.scope, this.countHost, COUNT_HEIGHT, true);
    this.host.style.height = `${this.chart.height}px`;
    this.countHost.style.height = `${this.countChart.height}px`;
  }

  resize(): void {
    const width = Math.floor(this.host.clientWidth);
    if (width <= 0) return;
    this.chart.resize(width);
    this.countChart.resize(width);
  }

  /** The stretches over which the edge holds still. */
  stairs({ process }: ProcessStyle): Stair[] {
    return stairs(this.context.client.store.table(process.name)?.envelope("edge_threshold") ?? null);
  }

  plates(title: string): Plate[] {
    return [
      { title, chart: this.chart },
      { title: COUNT_TITLE, chart: this.countChart },
    ].map(({ title, chart }) => ({
      title,
      width: chart.width,
      height: chart.height,
      paint: (ctx) => chart.paint(ctx),
    }));
  }

  update(moment: Moment): void {
    this.chart.show(this.eigenvalues(moment));
    this.countChart.show(this.counts(moment));
    this.cursors.forEach((line, i) => {
      const { cursor, time } = moment;
      line.hidden = cursor === null || cursor < time[0] || cursor > time[1];
      if (cursor !== null) line.style.transform = `translateX(${[this.chart, this.countChart][i].x(cursor)}px)`;
    });
  }

  private eigenvalues(moment: Moment): Picture {
    const { context } = this;
    const { theme, client } = context;
    const table = client.store.table(moment.style.process.name);
    const steps = this.stairs(moment.style);
    const lines: Line[] = [];
    for (let part = recorded(moment.style) - 1; part >= 0; part--)
      lines.push({
        key: `eigenvalue-${part}`,
        color: part ? theme.band : theme.ink,
        width: part ? 1.2 : 2,
        dash: [],
        envelope: table?.envelope("eigenvalues", part) ?? null,
      });
    const threshold = table?.envelope("edge_threshold") ?? null;
    lines.push({ key: "threshold", color: theme.ink, width: 1.3, dash: [], envelope: threshold, stairs: true });
    const next = moment.newest < moment.time[1] ? thresholdNow(context) : null;
    const yTicks = linearTicks(moment.y, 8);
    return {
      ...this.common(moment),
      lines,
      y: moment.y,
      yTicks,
      yLabel: labels(yTicks),
      below: (frame) => {
        drawBeyond(frame, theme, steps);
        if (moment.newest >= 0) drawNext(frame, theme, moment.newest, next);
        drawEventLines(frame, theme, moment.marks);
      },
      above: (frame) => {
        drawStairLabels(frame, theme, steps, (stair) => this.label(stair));
        drawFlags(
          frame,
          theme,
          moment.marks.filter(({ label }) => label),
        );
        if (moment.density !== null) drawPointer(frame, theme, moment.density);
        if (moment.note) drawNote(frame, theme, moment.note);
      },
    };
  }

  private label(stair: Stair): string {
    const rate = rateAt(this.context, (stair.from + stair.to) / 2);
    const edge = format.significant(stair.value);
    return rate === null ? edge : `${edge} at ${format.value(rate, "log")}`;
  }

  private counts(moment: Moment): Picture {
    const { theme, client } = this.context;
    const envelope = client.store.table(moment.style.process.name)?.envelope("critical_directions") ?? null;
    const most = Math.max(2, envelope?.extent(...moment.time, false)?.[1] ?? 0);
    const yTicks = wholeTicks(most);
    const y: Range = [0, yTicks[yTicks.length - 1] * 1.12];
    return {
      ...this.common(moment),
      lines: [{ key: "critical", color: theme.ink, width: 1.4, dash: [], envelope, stairs: true }],
      y,
      yTicks,
      yLabel: format.whole,
      below: (frame: Frame) => drawEventLines(frame, theme, moment.marks),
    };
  }

  private common({ time, timeTicks }: Moment) {
    return { x: time, xTicks: timeTicks, xLabel: format.whole, log: false, theme: this.context.theme };
  }
}

/** Whole numbers from 0 to `most` or a little beyond, at most four of them. */
export function wholeTicks(most: number): number[] {
  const unit = most <= 3 ? 1 : Math.ceil(most / 2);
  return Array.from({ length: Math.ceil(most / unit) + 1 }, (_, i) => i * unit);
}
