import type { Context } from "../context";
import { h, setAttribute } from "../dom";
import { linearTicks, type Range, timeRange, union } from "../ranges";
import type { Scope } from "../scope";
import type { PanelName } from "../wire";
import { eventMarks } from "./events";
import { type Moment, PanelView } from "./panel";
import { panels, shownPanels } from "./panels";
import { listenPointer, moveCursor, stepAt } from "./pointer";
import type { Plate, View } from "./view";

/** What stands below one another: a panel over time, or another view. */
type Block = PanelView | View;

/** Panels of all processes over one time axis, with one linked cursor; other views may stand between them. */
export class CompareView implements View {
  readonly element = h("div", { class: "rf-figure", tabindex: 0, role: "group", "aria-roledescription": "figure" });
  panels: PanelView[] = [];
  private blocks: Block[] = [];
  private built = "";
  private scope: Scope | null = null;
  private time: Range | null = null;
  private timeKey = "";

  /** `embedded` makes another view that may stand among the panels. */
  constructor(
    private readonly context: Context,
    private readonly embedded: (name: PanelName, context: Context) => View | null,
  ) {
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(this.element);
    context.scope.observe(observer);
    this.build();
  }

  get at(): number | null {
    return stepAt(this.context);
  }

  moveCursor(rows: number): void {
    moveCursor(this.context, rows);
  }

  plates(): Plate[] {
    return this.blocks.flatMap((block) => block.plates());
  }

  resize(): void {
    for (const block of this.blocks) block.resize();
    this.context.redraw();
  }

  update(): void {
    this.build();
    const { client, runs, size, view } = this.context;
    const { store, status, spec } = client;
    const newest = store.newest;
    const fresh = view.span ?? timeRange(runs.reach, client.steps);
    const key = `${client.branch.id} ${newest < 0 ? -1 : store.run} ${view.span}`;
    const keep = this.timeKey === key && status.state === "running" && newest >= 0 && this.time;
    this.timeKey = key;
    this.time = keep ? union(this.time, fresh) : fresh;
    const marks = eventMarks(store.events, spec, size === "wide", Math.max(newest, 0));
    const most = size === "wide" ? 10 : size === "narrow" ? 6 : 5;
    const moment: Moment = { time: this.time, timeTicks: linearTicks(this.time, most), newest, at: this.at, marks };
    setAttribute(this.element, "aria-label", this.label(newest));
    for (const block of this.blocks) block.update(moment);
  }

  /** Makes the panels that are asked for; once, until others are. */
  private build(): void {
    const { scope } = this.context;
    const names = shownPanels(this.context);
    const key = names.join(" ");
    if (key === this.built) return;
    this.built = key;
    this.scope?.dispose();
    this.scope = scope.child();
    const context: Context = Object.create(this.context, { scope: { value: this.scope } });
    const timed = names.map((name) => panels.get(name) ?? null);
    const first = timed.findIndex((panel) => panel !== null);
    this.blocks = names.flatMap((name, i): Block[] => {
      const panel = timed[i];
      if (panel) return [new PanelView(context, panel, i === first, !timed[i + 1])];
      const view = this.embedded(name, context);
      return view ? [view] : [];
    });
    this.panels = this.blocks.filter((block) => block instanceof PanelView);
    for (const panel of this.panels) listenPointer(context, panel.host, panel.chart);
    this.element.replaceChildren(...this.blocks.map((block) => block.element));
    for (const block of this.blocks) block.resize();
  }

  private label(newest: number): string {
    const names = this.context.styles.map((style) => style.label).join(", ");
    const what = this.panels.map(({ panel }) => panel.title.toLowerCase()).join(", ");
    const until = newest < 0 ? "nothing yet" : `up to step ${newest}`;
    return `Charts of ${what} over the steps for ${names}; ${until}. Left and right arrow keys move the cursor.`;
  }
}
