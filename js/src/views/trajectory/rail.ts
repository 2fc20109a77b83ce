import type { Context } from "../../context";
import { h, lineSample, setAttribute, setText } from "../../dom";
import { capital, share, whole } from "../../format";
import type { Scope } from "../../scope";
import type { ProcessStyle } from "../../theme";
import { ownEnd, valueAt } from "../reading";

const SVG = "http://www.w3.org/2000/svg";

export interface Fact {
  label: string;
  value: string;
  meaning: string;
}

interface Row {
  style: ProcessStyle;
  toggle: HTMLButtonElement;
  marks: SVGElement[];
  value: HTMLElement;
}

/** Samples as they are drawn in the plane, the distance of each flow, and facts about the step. */
export class Rail {
  readonly element: HTMLElement;
  private readonly step = h("b");
  private readonly list = h("ul", { class: "rf-plane-list" });
  private readonly facts = h("dl", { class: "rf-plane-facts" });
  private rows: Row[] = [];
  private builtFor: ProcessStyle[] | null = null;
  private built: Scope | null = null;
  private told = "";

  constructor(
    private readonly context: Context,
    ...below: HTMLElement[]
  ) {
    const head = h("div", { class: "rf-plane-rail-head" }, h("span", {}, "distance to midpoint"), this.step);
    this.element = h("div", { class: "rf-plane-rail" }, head, this.list, this.facts, ...below);
  }

  update(at: number | null, facts: Fact[]): void {
    const { client, view, theme, styles } = this.context;
    if (this.builtFor !== styles) this.build();
    setText(this.step, at === null ? "" : `step ${whole(at)}`);
    for (const { style, toggle, marks, value } of this.rows) {
      const { name, kind } = style.process;
      const distance = at === null ? null : valueAt(client.store.table(name), "relative_distance", at);
      const end = distance === null ? ownEnd(client, style.process) : null;
      const ended = end !== null && at !== null && at >= end.step - 1;
      setText(value, ended ? end.state : kind === "iterates" ? "" : share(distance));
      setAttribute(toggle, "aria-pressed", view.hidden.has(name) ? "false" : "true");
      for (const mark of marks) setAttribute(mark, "style", `--rf-own:${style.color(theme)}`);
    }
    const told = JSON.stringify(facts);
    if (told === this.told) return;
    this.told = told;
    this.facts.replaceChildren(
      ...facts.map((fact) => h("div", { title: fact.meaning }, h("dt", {}, fact.label), h("dd", {}, fact.value))),
    );
  }

  private build(): void {
    const { styles, view } = this.context;
    this.builtFor = styles;
    this.built?.dispose();
    const scope = this.context.scope.child();
    this.built = scope;
    this.rows = styles.map((style) => {
      const { svg, marks } = sample(style);
      const value = h("span", { class: "rf-value" });
      const toggle = h(
        "button",
        { type: "button", class: "rf-process", "data-process": style.process.name, title: meaning(style) },
        svg,
        h("span", { class: "rf-plane-name" }, style.label),
        value,
      );
      scope.listen(toggle, "click", () => view.toggle(style.process.name));
      return { style, toggle, marks, value };
    });
    this.list.replaceChildren(...this.rows.map(({ toggle }) => h("li", {}, toggle)));
  }
}

function meaning({ process }: ProcessStyle): string {
  const who = process.detail ? `${capital(process.label)} (${process.detail})` : capital(process.label);
  const what =
    process.kind === "iterates" ? "" : "\n‖centre − midpoint‖ at the same time, share of the distance travelled.";
  return `${who}${what}\nClick to hide or show it everywhere.`;
}

/** Dots for iterates, a segment with open ends for the rod, a line for what has only a centre. */
function sample({ process, width, dash }: ProcessStyle): { svg: SVGSVGElement; marks: SVGElement[] } {
  const { svg, line } = lineSample(width, dash);
  line.setAttribute("class", "rf-plane-stroke");
  if (process.kind === "iterates") {
    line.remove();
    return { svg, marks: [4, 12, 20].map((cx) => circle(svg, cx, 2.3, "rf-plane-ink")) };
  }
  if (process.kind !== "rod") return { svg, marks: [line] };
  return { svg, marks: [line, circle(svg, 4, 2.9, "rf-plane-ring"), circle(svg, 20, 2.9, "rf-plane-ring")] };
}

function circle(svg: SVGSVGElement, cx: number, r: number, name: string): SVGCircleElement {
  const mark = document.createElementNS(SVG, "circle");
  for (const [key, value] of Object.entries({ cx, cy: 4, r, class: name })) mark.setAttribute(key, String(value));
  svg.append(mark);
  return mark;
}
