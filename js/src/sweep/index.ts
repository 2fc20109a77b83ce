/**
 * What bqplot leaves out of the explorer of a sweep: values under the pointer, which its brush covers, names of the figures
 * for screen readers, and word to the kernel that an update has been drawn.
 */
import { h, setAttribute, setText } from "../dom";
import type { Model } from "../model";
import { Scope } from "../scope";
import { aboutCell, aboutFinal, aboutReached, type Facts, type Plan, readFacts, rowAt, runAt } from "./reading";

interface Page extends Model {
  widget_manager?: { get_model(id: string): Promise<{ get(name: string): unknown }> };
}

const ROOT = ".rodflow-sweep";
const FIGURES = ["map", "final", "reached"] as const;

export default {
  render({ model, el }: { model: Page; el: HTMLElement }) {
    const scope = new Scope();
    const reader = new Reader(model, el, scope);
    scope.add(() => reader.bye());
    return () => scope.dispose();
  },
};

/**
 * What the style sheet paints with, once a page: hatching; and a filter that makes cells solid, whose edges lie between
 * pixels, so that the ground would show through.
 */
function paints(): void {
  if (document.getElementById("rodflow-sweep-paints")) return;
  const held = h("div", { id: "rodflow-sweep-paints", "aria-hidden": "true" });
  held.innerHTML = `<svg width="0" height="0"><defs>
    <pattern id="rodflow-sweep-hatching" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <path d="M4 0V8" stroke="#858b94"/></pattern>
    <filter id="rodflow-sweep-solid" x="0" y="0" width="1" height="1" color-interpolation-filters="sRGB">
      <feComponentTransfer><feFuncA type="linear" slope="4"/></feComponentTransfer></filter></defs></svg>`;
  document.body.append(held);
}

class Reader {
  private readonly tip = h("div", { class: "rodflow-sweep-tip", role: "status", hidden: true });
  private readonly id = crypto.getRandomValues(new Uint32Array(2)).join("-");
  private root: HTMLElement | null = null;
  private tiles: { get(name: string): unknown }[] = [];

  constructor(
    private readonly model: Page,
    private readonly el: HTMLElement,
    private readonly scope: Scope,
  ) {
    // A cell of a notebook may contain what is placed in the window.
    document.body.append(this.tip);
    paints();
    scope.add(() => this.tip.remove());
    this.on("msg:custom", (message: { seq?: number }) => this.drawn(message.seq));
    this.on("change:labels", () => this.name());
    // The box that this stands in comes to the page after it, and its figures later still.
    scope.timeout(() => this.settle(), 0);
    scope.listen(window, "pagehide", () => this.bye());
    void this.find();
  }

  bye(): void {
    this.say({ kind: "bye" });
  }

  private on(name: string, handler: (...values: never[]) => void): void {
    this.model.on(name, handler);
    this.scope.add(() => this.model.off(name, handler));
  }

  private say(message: object): void {
    try {
      this.model.send({ client: this.id, ...message });
    } catch {
      // There is no kernel any more: what is drawn stays.
    }
  }

  private settle(attempt = 0): void {
    this.root = this.el.closest<HTMLElement>(ROOT);
    if (!this.root) {
      if (attempt < 100) this.scope.timeout(() => this.settle(attempt + 1), 50);
      return;
    }
    const { root } = this;
    this.scope.listen<PointerEvent>(root, "pointermove", (event) => this.read(event));
    this.scope.listen(root, "pointerleave", () => this.hide());
    const grown = new MutationObserver(() => this.name());
    grown.observe(root, { childList: true, subtree: true });
    this.scope.observe(grown);
    this.name();
    this.say({ kind: "hello" });
  }

  private async find(): Promise<void> {
    const ids = this.model.get("tiles") as string[];
    const manager = this.model.widget_manager;
    if (manager) this.tiles = await Promise.all(ids.map((id) => manager.get_model(id)));
  }

  /** Figures of bqplot say nothing to those who do not see them. */
  private name(): void {
    const labels = this.model.get("labels") as Record<string, string>;
    for (const name of FIGURES)
      for (const figure of this.root?.querySelectorAll<HTMLElement>(`.rodflow-sweep-${name}`) ?? []) {
        setAttribute(figure, "role", "img");
        setAttribute(figure, "aria-label", labels[name] ?? name);
      }
  }

  /** All that came before `seq` is on the page once it has been painted twice. */
  private drawn(seq: number | undefined): void {
    if (seq === undefined) return;
    const done = () => {
      if (this.root) Object.assign(this.root.dataset, { drawn: Date.now(), seq });
      this.say({ kind: "ack", seq });
    };
    if (document.hidden) done();
    else requestAnimationFrame(() => requestAnimationFrame(done));
  }

  private read(event: PointerEvent): void {
    const figure = event.target instanceof Element ? event.target.closest(".bqplot") : null;
    const name = FIGURES.find((one) => figure?.classList.contains(`rodflow-sweep-${one}`));
    const plot = figure?.querySelector(".plotarea_events")?.getBoundingClientRect();
    const plan = this.model.get("plan") as Plan;
    const facts = readFacts(this.model.get("numbers") as DataView | null, plan.names.length);
    const x = plot ? (event.clientX - plot.left) / plot.width : -1;
    const y = plot ? 1 - (event.clientY - plot.top) / plot.height : -1;
    const inside = x >= 0 && x < 1 && y >= 0 && y < 1 && event.buttons === 0;
    if (name && facts && inside) this.show(event, this.lines(name, plan, facts, x, y));
    else this.hide();
  }

  private lines(name: (typeof FIGURES)[number], plan: Plan, facts: Facts, x: number, y: number): string[] {
    const { bounds } = plan;
    const states = this.model.get("states") as string[];
    const at = bounds[0] + (name === "map" ? y : x) * (bounds[bounds.length - 1] - bounds[0]);
    if (name === "map") {
      const row = rowAt(plan, at);
      const column = Math.floor(x * plan.columns);
      return aboutCell(plan, facts, states, row, column, this.held(row, column, plan));
    }
    return (name === "final" ? aboutFinal : aboutReached)(plan, facts, states, runAt(plan, facts, at));
  }

  /** What the heat map holds in a cell: the tile in which it is not the last column, which the next one covers. */
  private held(row: number, column: number, plan: Plan): number {
    const at = (column + 0.5) * plan.span;
    for (const tile of [...this.tiles].reverse()) {
      const x = tile.get("x") as ArrayLike<number>;
      const cells = tile.get("color") as ArrayLike<number>[];
      const place = Array.from(x).findIndex((middle) => Math.abs(middle - at) <= plan.span / 2 + 1e-6);
      if (place >= 0) return cells[Math.min(row, cells.length - 1)][place];
    }
    return Number.NEGATIVE_INFINITY;
  }

  private show(event: PointerEvent, [title, ...lines]: string[]): void {
    const { tip } = this;
    const key = [title, ...lines].join("\n");
    if (tip.dataset.key !== key) {
      tip.dataset.key = key;
      const name = h("b");
      setText(name, title);
      tip.replaceChildren(name, ...lines.map((line) => h("div", {}, line)));
    }
    tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = tip;
    const right = event.clientX + 14 + width > window.innerWidth - 8;
    tip.style.left = `${right ? event.clientX - 14 - width : event.clientX + 14}px`;
    tip.style.top = `${Math.min(event.clientY + 14, window.innerHeight - height - 8)}px`;
  }

  private hide(): void {
    this.tip.hidden = true;
  }
}
