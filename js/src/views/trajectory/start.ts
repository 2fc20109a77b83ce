import type { PlaneChart } from "../../charts/plane";
import { h, setAttribute } from "../../dom";
import { significant } from "../../format";
import type { Scope } from "../../scope";

/** A drag that stays within this is a click, in pixels. */
const STILL = 2;
/** Share of the plot that an arrow key moves the start by. */
const NUDGE = 0.01;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The handle over the ring of the starting point: dragging it, or arrow keys and Enter, runs from another one. */
export class StartHandle {
  readonly element = h("button", { type: "button", class: "rf-plane-start", hidden: true });
  /** Where it is held, or was dropped; null while it stands where the run began. */
  moved: [number, number] | null = null;
  private from: { x: number; y: number; far: boolean } | null = null;
  private place: [number, number] = [0, 0];

  constructor(
    scope: Scope,
    private readonly chart: PlaneChart,
    private readonly names: () => string[],
    private readonly changed: () => void,
    private readonly restart: (start: [number, number]) => void,
  ) {
    const { element } = this;
    scope.listen<PointerEvent>(element, "pointerdown", (event) => {
      if (event.button !== 0) return;
      this.from = { x: event.clientX, y: event.clientY, far: false };
      element.setPointerCapture?.(event.pointerId);
    });
    scope.listen<PointerEvent>(element, "pointermove", (event) => this.drag(event));
    scope.listen(element, "pointerup", () => this.drop());
    scope.listen(element, "pointercancel", () => this.cancel());
    // A click on the plot chooses an iterate; this one is ours.
    scope.listen(element, "click", (event) => event.stopPropagation());
    scope.listen<KeyboardEvent>(element, "keydown", (event) => this.key(event));
  }

  get dragging(): boolean {
    return this.from?.far ?? false;
  }

  /** `place`: where the run begins, null where it is not known. */
  update(place: [number, number] | null, enabled: boolean): void {
    this.element.hidden = place === null;
    if (!place) return;
    this.place = this.moved ?? place;
    const [left, top] = this.chart.place(...this.place);
    this.element.style.transform = `translate(${left}px, ${top}px)`;
    this.element.disabled = !enabled;
    const where = this.names().map((name, i) => `${name} = ${significant(this.place[i])}`);
    setAttribute(
      this.element,
      "aria-label",
      `Start at ${where.join(", ")}. Arrow keys move it, Enter runs from there, Escape puts it back.`,
    );
  }

  private drag(event: PointerEvent): void {
    const { from } = this;
    if (!from) return;
    from.far ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL;
    if (!from.far) return;
    const { left, top } = this.chart.host.getBoundingClientRect();
    this.moved = this.chart.at(event.clientX - left, event.clientY - top);
    this.changed();
  }

  private drop(): void {
    const { moved, dragging } = this;
    this.from = null;
    if (dragging && moved) this.restart(moved);
  }

  private cancel(): void {
    this.from = null;
    this.moved = null;
    this.changed();
  }

  private key(event: KeyboardEvent): void {
    const arrow = ARROWS[event.key];
    if (arrow) {
      const [left, top] = this.chart.place(...this.place);
      const { width, height } = this.chart.size;
      const size = event.shiftKey ? 10 * NUDGE : NUDGE;
      this.moved = this.chart.at(left + arrow[0] * size * width, top + arrow[1] * size * height);
      this.changed();
    } else if (event.key === "Enter") this.restart(this.place);
    else if (event.key === "Escape" && this.moved) this.cancel();
    else return;
    event.preventDefault();
  }
}
