/** A learning rate drawn by hand over the steps to come: a line on a canvas, and the same as text for the keyboard. */
import { h } from "../dom";
import * as format from "../format";
import type { Theme } from "../theme";

const WIDTH = 320;
const HEIGHT = 120;
/** Powers of ten below and above the present rate. */
const DECADES = 1.5;
const COLUMNS = 64;

export class Sketch {
  readonly element: HTMLElement;
  private readonly canvas = h("canvas", { class: "rf-sketch", tabindex: -1, "aria-hidden": "true" });
  private readonly text: HTMLTextAreaElement;
  /** Power of ten of the rate over the present one, in every column. */
  private readonly line = new Float64Array(COLUMNS);
  /** The last column that was drawn: its rate is held to the end. */
  private until = 0;
  private last: { column: number; power: number } | null = null;

  constructor(
    private readonly steps: number,
    private readonly rate: number,
    private readonly theme: Theme,
  ) {
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = WIDTH * scale;
    this.canvas.height = HEIGHT * scale;
    this.text = h("textarea", { class: "rf-text", rows: 3, "aria-label": "points: steps from now, learning rate" });
    this.element = h(
      "div",
      { class: "rf-sketch-box" },
      this.canvas,
      h(
        "p",
        { class: "rf-secondary" },
        `Draw from now (left) to ${format.whole(steps)} steps on; the middle is ${format.plain(rate)}, an end ${format.significant(10 ** DECADES, 2)} times as much. Or write points, “steps from now: learning rate”.`,
      ),
      this.text,
    );
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture?.(event.pointerId);
      this.last = null;
      this.drag(event);
    });
    this.canvas.addEventListener("pointermove", (event) => event.buttons === 1 && this.drag(event));
    this.draw();
    this.write();
  }

  /** [steps from now, learning rate] as the text has them; what cannot be read is left to the kernel to refuse. */
  get points(): [number, number][] {
    return this.text.value
      .split(/[\n;]+/)
      .filter((line) => line.trim())
      .map((line) => {
        const [step, rate] = line.split(/[:\s,]+/).filter(Boolean);
        return [Number(step), Number(rate)];
      });
  }

  private drag(event: PointerEvent): void {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.min(Math.max(((event.clientX - box.left) / box.width) * (COLUMNS - 1), 0), COLUMNS - 1);
    const share = Math.min(Math.max((event.clientY - box.top) / box.height, 0), 1);
    const here = { column: Math.round(column), power: DECADES * (1 - 2 * share) };
    const from = this.last ?? here;
    const [low, high] = from.column < here.column ? [from, here] : [here, from];
    for (let c = low.column; c <= high.column; c++) {
      const part = high.column === low.column ? 1 : (c - low.column) / (high.column - low.column);
      this.line[c] = low.power + part * (high.power - low.power);
    }
    this.until = Math.max(this.until, high.column);
    this.line.fill(this.line[this.until], this.until);
    this.last = here;
    this.draw();
    this.write();
  }

  private draw(): void {
    const ctx = this.canvas.getContext("2d");
    if (!ctx) return;
    const scale = this.canvas.width / WIDTH;
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.fillStyle = this.theme.ground;
    ctx.fillRect(0, 0, WIDTH, HEIGHT);
    ctx.strokeStyle = this.theme.grid;
    ctx.beginPath();
    ctx.moveTo(0, HEIGHT / 2);
    ctx.lineTo(WIDTH, HEIGHT / 2);
    ctx.stroke();
    ctx.strokeStyle = this.theme.ink;
    ctx.lineWidth = 2;
    ctx.beginPath();
    this.line.forEach((power, c) => {
      ctx.lineTo((c / (COLUMNS - 1)) * WIDTH, (HEIGHT / 2) * (1 - power / DECADES));
    });
    ctx.stroke();
  }

  /** The corners of the line as text: every column in which it bends. */
  private write(): void {
    const bends = [...this.line.keys()].filter(
      (c) =>
        c === 0 ||
        c === COLUMNS - 1 ||
        Math.abs(this.line[c - 1] - 2 * this.line[c] + this.line[c + 1]) > 1e-3 * DECADES,
    );
    this.text.value = bends
      .map((c) => {
        const step = Math.round((c / (COLUMNS - 1)) * this.steps);
        return `${step}: ${Number((this.rate * 10 ** this.line[c]).toPrecision(3))}`;
      })
      .filter((line, i, all) => all.findIndex((other) => other.split(":")[0] === line.split(":")[0]) === i)
      .join("\n");
  }
}
