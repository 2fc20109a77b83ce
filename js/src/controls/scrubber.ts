import type { Mark } from "../charts/marks";
import type { Context, Part } from "../context";
import { h, setAttribute } from "../dom";
import * as format from "../format";
import { eventMarks } from "../views/events";
import { snap, stepAt } from "../views/pointer";
import { mainTable, survivor } from "../views/reading";

/** The step that all views are at, as a number and a slider with the flags of the events. */
export class Scrubber implements Part {
  readonly element: HTMLElement;
  private readonly number = h("input", { type: "number", class: "rf-number", "aria-label": "step", min: 0 });
  private readonly slider = h("input", { type: "range", class: "rf-range", min: 0, "aria-label": "step, slider" });
  private readonly track = h("div", { class: "rf-track" });
  private readonly flags = h("div", { class: "rf-flags", "aria-hidden": "true" });
  private typing = false;
  private marks: Mark[] = [];

  constructor(private readonly context: Context) {
    const { scope } = context;
    this.element = h(
      "div",
      { class: "rf-scrubber" },
      h("span", { class: "rf-rate-label" }, "step"),
      this.number,
      h("div", { class: "rf-slider" }, this.track, this.flags, this.slider),
    );
    scope.listen(this.slider, "input", () => this.go(Number(this.slider.value)));
    scope.listen(this.number, "input", () => {
      this.typing = true;
    });
    scope.listen(this.number, "change", () => {
      this.typing = false;
      if (this.number.value.trim() !== "") this.go(Number(this.number.value));
      context.redraw();
    });
    scope.listen(this.number, "blur", () => {
      this.typing = false;
      context.redraw();
    });
  }

  update(): void {
    const { client, styles } = this.context;
    const table = mainTable(client.store, styles);
    const last = table?.rows ? (survivor(client, styles) ?? table).time.last : 0;
    const at = stepAt(this.context) ?? 0;
    this.slider.disabled = this.number.disabled = !table?.rows;
    setAttribute(this.slider, "max", String(last));
    setAttribute(this.number, "max", String(last));
    this.slider.value = String(at);
    setAttribute(this.slider, "aria-valuetext", `step ${format.whole(at)} of ${format.whole(last)}`);
    if (!this.typing && this.number.value !== String(at)) this.number.value = String(at);
    this.track.style.setProperty("--thumb", place((last ? at / last : 0).toFixed(4)));
    this.drawFlags(last);
  }

  private drawFlags(last: number): void {
    const { spec, store } = this.context.client;
    // Their places follow `--last`, so that they are made when there are others, and not at every row.
    this.flags.style.setProperty("--last", String(last));
    const marks = last ? eventMarks(store.events, spec, true, last) : [];
    if (marks.length === this.marks.length && marks.every((mark, i) => mark === this.marks[i])) return;
    this.marks = marks;
    this.flags.replaceChildren(
      ...marks.map(({ time, label }) => {
        const flag = h("i", { class: "rf-flag", title: `step ${format.whole(time)}: ${label}` });
        flag.style.left = place(`${time} / var(--last)`);
        return flag;
      }),
    );
  }

  private go(step: number): void {
    const at = snap(this.context, step);
    if (at !== null) this.context.view.setCursor(at, true);
  }
}

/** Place of the thumb's centre for a fraction of the track, in CSS. */
function place(fraction: string): string {
  return `calc(8px + (100% - 16px) * ${fraction})`;
}
