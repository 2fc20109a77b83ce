import type { Context } from "../context";
import { h, lineSample, setAttribute, setText } from "../dom";
import { capital, whole } from "../format";
import type { Scope } from "../scope";
import type { ProcessStyle } from "../theme";
import type { Column } from "../wire";
import type { Fact, Panel } from "./panels";
import { ownEnd, valueAt } from "./reading";

interface Row {
  style: ProcessStyle;
  item: HTMLElement;
  toggle: HTMLButtonElement;
  line: SVGLineElement;
  value: HTMLElement;
}

/** Legend and read-out in one: a sample, a name and a value for every process, then facts about the iterates. */
export class Legend {
  readonly element: HTMLElement;
  private readonly head = h("div", { class: "rf-legend-head" });
  private readonly list = h("ul", { class: "rf-legend-list" });
  private readonly facts = h("dl", { class: "rf-facts" });
  private rows: Row[] = [];
  private builtFor: ProcessStyle[] | null = null;
  private built: Scope | null = null;
  private factValues: { fact: Fact; value: HTMLElement }[] = [];

  constructor(
    private readonly context: Context,
    private readonly panel: Panel,
    private readonly first: boolean,
  ) {
    this.element = h("div", { class: "rf-legend" }, first && this.head, this.list, this.facts);
  }

  update(
    at: number | null,
    column: (style: ProcessStyle) => string | null,
    text: (value: number | null) => string,
  ): void {
    const { client, view, theme, styles } = this.context;
    if (this.builtFor !== styles) this.build();
    if (this.first) this.updateHead(at);
    for (const row of this.rows) {
      const { name } = row.style.process;
      const drawn = column(row.style);
      row.item.hidden = drawn === null;
      setAttribute(row.toggle, "aria-pressed", view.hidden.has(name) ? "false" : "true");
      if (drawn === null) continue;
      const value = at === null ? null : valueAt(client.store.table(name), drawn, at);
      const end = ownEnd(client, row.style.process);
      const ended = end !== null && at !== null && at >= end.step - 1 && value === null;
      setText(row.value, ended ? end.state : text(value));
      setAttribute(row.toggle, "title", this.tooltip(row.style, drawn));
      setAttribute(row.line, "stroke", row.style.color(theme));
    }
    const iterates = styles.find((style) => style.process.kind === "iterates");
    const table = iterates ? client.store.table(iterates.process.name) : null;
    for (const { fact, value } of this.factValues)
      setText(value, fact.text(at === null ? null : valueAt(table, fact.column, at), client.spec));
  }

  private build(): void {
    const { styles, view, client } = this.context;
    this.builtFor = styles;
    this.built?.dispose();
    const scope = this.context.scope.child();
    this.built = scope;
    this.rows = styles.map((style) => {
      const { name, label, detail } = style.process;
      const variant = style.label !== label;
      const { svg, line } = lineSample(style.width, style.dash);
      const value = h("span", { class: "rf-value" });
      const short = label.replace(/ flow\b/, "");
      const toggle = h(
        "button",
        { type: "button", class: "rf-process", "data-process": name },
        svg,
        h("span", { class: "rf-name" }, style.label),
        h("span", { class: "rf-name-short", "aria-hidden": "true" }, variant ? name : short),
        value,
      );
      scope.listen(toggle, "click", () => view.toggle(name));
      // The tolerance of an integrator would take a line of its own; the tooltip keeps it.
      const brief = detail.replace(/, tolerance .*$/, "");
      const closure = this.first && detail && h("small", { class: "rf-closure", title: detail }, brief);
      return { style, item: h("li", {}, toggle, closure), toggle, line, value };
    });
    this.list.replaceChildren(...this.rows.map((row) => row.item));
    const iterates = styles.find((style) => style.process.kind === "iterates")?.process;
    const facts = this.panel.facts.flatMap((fact) => {
      const column = iterates?.columns.find(({ name }) => name === fact.column);
      return column ? [{ fact, column }] : [];
    });
    this.factValues = facts.map(({ fact }) => ({ fact, value: h("dd") }));
    this.facts.replaceChildren(
      ...facts.map(({ fact, column }, i) =>
        h("div", { title: describe(column) }, h("dt", {}, fact.label(client.spec)), this.factValues[i].value),
      ),
    );
  }

  private updateHead(at: number | null): void {
    const cursor = this.context.view.cursor !== null;
    const text = at === null ? "" : whole(at);
    const key = `${cursor} ${text}`;
    if (this.head.dataset.key === key) return;
    this.head.dataset.key = key;
    const time = this.context.styles[0]?.process.columns.find(({ name }) => name === "time");
    setAttribute(this.head, "title", time ? describe(time) : null);
    this.head.replaceChildren(
      h("span", {}, cursor ? "at cursor" : text ? "newest" : ""),
      h("b", {}, text && `step ${text}`),
    );
  }

  private tooltip(style: ProcessStyle, column: string): string {
    const { process } = style;
    const meaning = process.columns.find(({ name }) => name === column);
    const who = process.detail ? `${capital(process.label)} (${process.detail})` : capital(process.label);
    return [who, meaning && describe(meaning), "Click to hide or show it everywhere."].filter(Boolean).join("\n");
  }
}

/** Name; meaning; unit; source. */
export function describe(column: Column): string {
  const name = capital(column.name.replaceAll("_", " "));
  const meaning = column.meaning.replace(/\.$/, "");
  const unit = column.unit && column.unit !== "1" ? `Unit: ${column.unit}.` : "No unit.";
  const source = column.source ? ` Source: ${column.source.replace(/\.$/, "")}.` : "";
  return `${name}: ${meaning}. ${unit}${source}`;
}
