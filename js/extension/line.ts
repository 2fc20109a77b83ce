import { h } from "../src/dom";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 100;
const HEIGHT = 30;

/** Sharpness over its edge from the first step to the newest, as a small curve with the edge as a line. */
export class Line {
  readonly element = h("div", { class: "rodflow-line", "aria-hidden": "true" });
  private readonly edge = path("rodflow-line-edge");
  private readonly curve = path("rodflow-line-curve");
  private readonly above = document.createElementNS(SVG, "rect");

  constructor() {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "none");
    this.above.setAttribute("class", "rodflow-line-above");
    svg.append(this.above, this.edge, this.curve);
    this.element.append(svg);
  }

  update(values: readonly (number | null)[]): void {
    const top = Math.max(1.25, ...values.map((value) => Math.min(value ?? 0, 3)));
    const y = (value: number) => HEIGHT - 1 - ((HEIGHT - 2) * Math.max(0, Math.min(value, top))) / top;
    this.edge.setAttribute("d", `M0 ${y(1).toFixed(2)}H${WIDTH}`);
    for (const [name, value] of Object.entries({ width: WIDTH, height: y(1).toFixed(2) }))
      this.above.setAttribute(name, String(value));
    this.curve.setAttribute("d", drawn(values, y));
  }
}

/** Path of a series, with a gap where nothing was measured and a dot where a value stands alone. */
export function drawn(values: readonly (number | null)[], y: (value: number) => number): string {
  const last = Math.max(values.length - 1, 1);
  let pen = false;
  return values
    .map((value, i) => {
      if (value === null) {
        pen = false;
        return "";
      }
      const place = `${((WIDTH * i) / last).toFixed(2)} ${y(value).toFixed(2)}`;
      const alone = !pen && (values[i + 1] ?? null) === null;
      const part = pen ? `L${place}` : `M${place}${alone ? "h0.01" : ""}`;
      pen = true;
      return part;
    })
    .join("");
}

function path(name: string): SVGPathElement {
  const element = document.createElementNS(SVG, "path");
  element.setAttribute("class", name);
  element.setAttribute("vector-effect", "non-scaling-stroke");
  return element;
}
