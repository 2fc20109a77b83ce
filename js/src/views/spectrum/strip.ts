import { h, setAttribute, setText } from "../../dom";
import * as format from "../../format";
import { CRITICAL } from "./density";
import type { SpectrumReading } from "./reading";
import { place } from "./words";

/** Numbers shown at most. */
const MOST = 8;

/** The largest eigenvalues at one step, each with its share of the edge; a filled dot is critical. */
export class Strip {
  readonly element = h("ul", { class: "rf-strip", "aria-label": "largest eigenvalues" });
  private cells: { cell: HTMLElement; value: HTMLElement; share: HTMLElement }[] = [];

  update(reading: SpectrumReading | null, recorded: number): void {
    const number = Math.min(recorded, MOST);
    if (this.cells.length !== number) this.build(number);
    this.cells.forEach(({ cell, value, share }, i) => {
      const own = reading?.values[i] ?? null;
      const threshold = reading?.threshold ?? null;
      const ratio = own === null || !threshold ? null : own / threshold;
      const critical = ratio === null ? null : String(ratio >= CRITICAL);
      setAttribute(cell, "data-critical", critical);
      setAttribute(cell, "title", critical === "true" ? "critical: at least 0.975 of the edge" : null);
      setText(value, format.significant(own, 4));
      setText(share, format.ratio(ratio));
    });
  }

  private build(number: number): void {
    this.cells = Array.from({ length: number }, () => ({
      cell: h("li"),
      value: h("b"),
      share: h("span"),
    }));
    this.cells.forEach(({ cell, value, share }, i) => {
      const ratio = h("span", { class: "rf-strip-share" }, share, h("span", {}, " of the edge"));
      const name = h("span", { class: "rf-strip-name" }, h("i", { "aria-hidden": "true" }), place(i));
      cell.append(name, value, ratio);
    });
    this.element.hidden = !number;
    this.element.style.setProperty("--cells", String(number));
    this.element.replaceChildren(...this.cells.map(({ cell }) => cell));
  }
}
