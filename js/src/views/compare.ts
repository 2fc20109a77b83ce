import { LEFT } from "../charts/line";
import type { Mark } from "../charts/marks";
import type { Context, Part } from "../context";
import { h, setAttribute } from "../dom";
import { value } from "../format";
import { linearTicks, type Range, timeRange, union } from "../ranges";
import type { RunEvent, Spec } from "../wire";
import { type Moment, PanelView } from "./panel";
import { panels } from "./panels";
import { mainTable } from "./reading";

/** All processes over one time axis: loss, sharpness over the edge, distance, rod length, with one linked cursor. */
export class CompareView implements Part {
  readonly element: HTMLElement;
  readonly panels: PanelView[];
  private time: Range | null = null;
  private timeRun = -1;

  constructor(private readonly context: Context) {
    this.panels = panels.map((panel, i) => new PanelView(context, panel, i === 0, i === panels.length - 1));
    this.element = h(
      "div",
      { class: "rf-figure", tabindex: 0, role: "group", "aria-roledescription": "figure" },
      ...this.panels.map((panel) => panel.element),
    );
    for (const panel of this.panels) this.listen(panel);
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(this.panels[0].host);
    context.scope.observe(observer);
  }

  private listen(panel: PanelView): void {
    const { scope, view } = this.context;
    const time = (event: MouseEvent) =>
      this.snap(panel.chart.time(event.clientX - panel.host.getBoundingClientRect().left - LEFT));
    scope.listen<PointerEvent>(panel.host, "pointermove", (event) => {
      if (!view.pinned) view.setCursor(time(event), false);
    });
    scope.listen(panel.host, "pointerleave", () => {
      if (!view.pinned) view.setCursor(null, false);
    });
    scope.listen<MouseEvent>(panel.host, "click", (event) => {
      const at = time(event);
      view.setCursor(at, !(view.pinned && view.cursor === at));
    });
  }

  resize(): void {
    const width = Math.floor(this.panels[0].host.clientWidth);
    if (width <= 0) return;
    for (const panel of this.panels) panel.chart.resize(width);
    this.context.redraw();
  }

  /** Moves the cursor by rows of the recording, from the newest where there is none. */
  moveCursor(rows: number): void {
    const { client, styles, view } = this.context;
    const table = mainTable(client.store, styles);
    if (!table?.rows) return;
    const row = table.time.floor((view.cursor ?? table.time.last) + 1e-3) + rows;
    view.setCursor(table.time.values[Math.min(Math.max(row, 0), table.rows - 1)], true);
  }

  /** The recorded time nearest to `time`. */
  private snap(time: number): number | null {
    const { client, styles } = this.context;
    const table = mainTable(client.store, styles);
    if (!table?.rows) return null;
    const row = Math.max(0, table.time.floor(time));
    const next = Math.min(row + 1, table.rows - 1);
    const { values } = table.time;
    return time - values[row] <= values[next] - time ? values[row] : values[next];
  }

  /** Step that the read-out is about. */
  get at(): number | null {
    const { client, styles, view } = this.context;
    if (view.cursor !== null) return view.cursor;
    const table = mainTable(client.store, styles);
    return table?.rows ? table.time.last : null;
  }

  update(): void {
    const { client, size } = this.context;
    const { store, status, spec } = client;
    const newest = store.newest;
    const fresh = timeRange(newest, Math.max(status.steps, spec.steps));
    const keep = this.timeRun === store.run && status.state === "running" && newest >= 0 && this.time;
    this.timeRun = newest < 0 ? -1 : store.run;
    this.time = keep ? union(this.time, fresh) : fresh;
    const marks = eventMarks(
      store.events.filter((event) => event.step <= Math.max(newest, 0)),
      spec,
      size === "wide",
    );
    const most = size === "wide" ? 10 : size === "narrow" ? 6 : 5;
    const moment: Moment = {
      time: this.time,
      timeTicks: linearTicks(this.time, most),
      newest,
      at: this.at,
      marks,
    };
    setAttribute(this.element, "aria-label", this.label(newest));
    for (const panel of this.panels) panel.update(moment);
  }

  private label(newest: number): string {
    const names = this.context.styles.map((style) => style.label).join(", ");
    const what = panels.map((panel) => panel.title.toLowerCase()).join(", ");
    const until = newest < 0 ? "nothing yet" : `up to step ${newest}`;
    return `Charts of ${what} over the steps for ${names}; ${until}. Left and right arrow keys move the cursor.`;
  }
}

/** One mark a step, with what changed there; the learning rate is not named where there is little room. */
export function eventMarks(events: RunEvent[], { optimizer }: Spec, wide: boolean): Mark[] {
  const marks = new Map<number, string[]>();
  for (const event of events) {
    const parameter = optimizer.parameters.find(({ name }) => name === event.name);
    const label = parameter?.label ?? event.name.replaceAll("_", " ");
    const named = wide || event.name !== "learning_rate" ? `${label} ` : "";
    const [old, now] = [event.old, event.new].map((number) => value(number, parameter?.scale ?? "log"));
    marks.set(event.step, [...(marks.get(event.step) ?? []), `${named}${old} → ${now}`]);
  }
  return [...marks].map(([time, labels]) => ({ time, label: labels.join(", ") }));
}
