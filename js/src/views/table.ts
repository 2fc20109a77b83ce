/** The recording as a table of values, on the page and as a file. */
import type { Context } from "../context";
import { h } from "../dom";
import * as format from "../format";
import type { Table } from "../store";
import type { ProcessSpec } from "../wire";
import { describe } from "./legend";
import { DEFAULT_PANELS, panels as known } from "./panels";
import { firstColumn, mainTable, valueAt } from "./reading";

const ROWS = 100;
/** Figures that tell any two numbers of single precision apart. */
const DIGITS = 9;

/** At most 100 evenly spaced steps, and the newest, of what the panels show. */
export function valueTable(context: Context): HTMLElement {
  const { client, styles } = context;
  const panels = DEFAULT_PANELS.flatMap((name) => known.get(name) ?? []);
  const columns = panels.flatMap((panel) =>
    styles.flatMap(({ process, label }) => {
      const column = firstColumn(process, process.kind === "iterates" ? panel.iterates : panel.flows);
      return column ? [{ panel, process, label, column }] : [];
    }),
  );
  const main = mainTable(client.store, styles);
  const rows = main?.rows ?? 0;
  const stride = Math.max(1, Math.ceil(rows / ROWS));
  const times: number[] = [];
  for (let row = 0; row < rows; row += stride) times.push(main?.time.values[row] ?? 0);
  if (main && rows && times.at(-1) !== main.time.last) times.push(main.time.last);
  const groups = panels.map((panel) => ({
    panel,
    size: columns.filter((column) => column.panel === panel).length,
  }));
  return h(
    "table",
    { class: "rf-values" },
    h("caption", {}, stride > 1 ? `Every ${stride}th recorded row.` : "All recorded rows."),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col", rowspan: 2 }, "step"),
        ...groups.map(({ panel, size }) => h("th", { scope: "colgroup", colspan: size }, panel.title)),
      ),
      h(
        "tr",
        {},
        ...columns.map(({ label, process, column }) => {
          const meaning = process.columns.find(({ name }) => name === column);
          return h("th", { scope: "col", title: meaning && describe(meaning) }, label);
        }),
      ),
    ),
    h(
      "tbody",
      {},
      ...times.map((time) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, format.whole(time)),
          ...columns.map(({ panel, process, column }) =>
            h("td", {}, panel.text(valueAt(client.store.table(process.name), column, time))),
          ),
        ),
      ),
    ),
  );
}

/** All rows of all processes as comma-separated values: one line a process and time, empty where not measured. */
export function csv(context: Context): string {
  const { client, styles } = context;
  const tables = styles.flatMap(({ process }) => {
    const table = client.store.table(process.name);
    return table ? [{ process, table }] : [];
  });
  const names: string[] = [];
  for (const { table } of tables)
    for (const name of table.names)
      for (const title of titles(name, table)) if (!names.includes(title)) names.push(title);
  const lines = [["process", ...names].map(quoted).join(",")];
  for (const { process, table } of tables) lines.push(...rowsOf(process, table, names));
  return `${lines.join("\n")}\n`;
}

function titles(name: string, table: Table): string[] {
  const width = table.width(name);
  return name === "eigenvalues" || width > 1 ? Array.from({ length: width }, (_, i) => `${name}_${i + 1}`) : [name];
}

function* rowsOf(process: ProcessSpec, table: Table, names: string[]): Generator<string> {
  const parts = new Map(
    table.names.flatMap((name) => titles(name, table).map((title, part) => [title, table.column(name, part)] as const)),
  );
  const columns = names.map((name) => parts.get(name) ?? null);
  for (let row = 0; row < table.rows; row++) {
    const cells = columns.map((column) => {
      const value = column?.at(row) ?? null;
      return value === null ? "" : String(Number(value.toPrecision(DIGITS)));
    });
    yield [quoted(process.name), ...cells].join(",");
  }
}

/** A field as RFC 4180 has it. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
