import { DensityChart, type DensityPicture, type Dot } from "../../charts/density";
import { LEFT } from "../../charts/line";
import type { Context } from "../../context";
import { h, setAttribute, setText } from "../../dom";
import * as format from "../../format";
import { linearTicks, type Range } from "../../ranges";
import type { Plate } from "../view";
import { binWidth, CRITICAL, type Density } from "./density";
import { HEIGHT } from "./over-time";
import { labels } from "./range";
import { method } from "./words";

/** Bars from end to end of the vertical axis. */
const BARS = 90;
/** A recorded eigenvalue and an outlier closer than this share of the axis are one. */
const SAME = 0.01;

export interface Shown {
  density: Density | null;
  /** Eigenvalues recorded at its step. */
  known: number[];
  y: Range;
  /** Edge at the step of the read-out, for an empty plot. */
  threshold: number | null;
  /** What to say where there is nothing to draw. */
  note: string;
  refused: boolean;
}

/** All eigenvalues at one step, on the vertical axis of the chart on the left. */
export class Beside {
  readonly element: HTMLElement;
  readonly chart: DensityChart;
  readonly host = h("div", { class: "rf-density-chart", role: "img" });
  private readonly title = h("h3", { class: "rf-panel-title" });
  private readonly note = h("p", { class: "rf-density-note", role: "status", hidden: true });
  private readonly method = h("p", { class: "rf-density-method" });

  constructor(private readonly context: Context) {
    this.chart = new DensityChart(context.scope, this.host, HEIGHT);
    this.host.style.height = `${this.chart.height}px`;
    this.host.append(this.note);
    this.element = h(
      "div",
      { class: "rf-density", role: "group", "aria-label": "Spectral density" },
      h("div", { class: "rf-panel-head" }, this.title),
      this.host,
      this.method,
    );
  }

  resize(): void {
    this.chart.labelled = this.context.size === "tiny";
    this.chart.resize(Math.floor(this.host.clientWidth));
  }

  /** The density where there is one, with values of its own at the left. */
  plates(): Plate[] {
    const { chart, title, element } = this;
    if (element.dataset.step === undefined) return [];
    const width = chart.width + (chart.labelled ? 0 : LEFT);
    const paint = (ctx: CanvasRenderingContext2D) => chart.draw(ctx, true, width);
    return [{ title: title.textContent ?? "", width, height: chart.height, paint }];
  }

  update(shown: Shown): void {
    const { density, note, refused } = shown;
    const { dim } = this.context.client.spec.problem;
    const width = binWidth(shown.y, BARS);
    const step = density ? ` at step ${format.whole(density.step)}` : "";
    setText(this.title, `All ${format.whole(density?.dim ?? dim)}${step}`);
    setText(this.method, density ? method(density, width) : "");
    setText(this.note, note);
    this.note.hidden = !note;
    this.note.dataset.tone = refused ? "warning" : "plain";
    setAttribute(this.element, "data-step", density ? String(density.step) : null);
    setAttribute(this.host, "aria-label", this.label(shown));
    this.chart.show(this.picture(shown, width));
  }

  private picture(shown: Shown, width: number): DensityPicture {
    const { density, y, threshold } = shown;
    const yTicks = linearTicks(y, 8);
    const edge = density ? density.threshold : threshold;
    const number = density?.between(-width, width).count ?? 0;
    return {
      y,
      yTicks,
      yLabel: labels(yTicks),
      bars: density?.bars(y, width) ?? [],
      dots: this.dots(shown),
      edge: edge === null ? null : { value: edge, label: `edge ${format.significant(edge)}` },
      bulk: number >= 1 ? { value: 2 * width, label: `${format.whole(number)} within ±${format.plain(width)}` } : null,
      theme: this.context.theme,
    };
  }

  /** What is recorded, and the outliers beside it: of a cluster at the edge no member stands alone. */
  private dots({ density, known, y }: Shown): Dot[] {
    if (!density) return [];
    const { outliers, threshold } = density;
    const close = SAME * (y[1] - y[0]);
    const others = outliers.filter((value) => known.every((one) => Math.abs(one - value) > close));
    return [...known, ...others].map((value) => ({
      value,
      filled: threshold !== null && value >= CRITICAL * threshold,
    }));
  }

  private label(shown: Shown): string {
    const { density } = shown;
    if (!density) return "No spectral density yet.";
    const dots = this.dots(shown);
    const critical = dots.filter(({ filled }) => filled).length;
    const alone = `${format.whole(dots.length)} are marked, ${format.whole(critical)} of them critical`;
    return `Number of eigenvalues by size at step ${format.whole(density.step)}: ${format.whole(density.dim)} in all; ${alone}.`;
  }
}
