/** One hand on charts over time: pointing moves the cursor, a click pins it, a drag chooses the steps that are shown. */
import { LEFT, type LineChart } from "../charts/line";
import type { Context } from "../context";
import { h } from "../dom";
import type { Table } from "../store";
import { mainTable, survivor } from "./reading";

/** Pixels that a pointer moves before a click becomes a drag. */
const SLACK = 4;

/** The recorded time nearest to `time`; null before the first row. */
export function snap({ client, styles }: Context, time: number): number | null {
  const table = mainTable(client.store, styles);
  if (!table?.rows) return null;
  const later = time > table.time.last ? survivor(client, styles) : null;
  const { time: times, rows } = later ?? table;
  const row = Math.max(0, times.floor(time));
  const next = Math.min(row + 1, rows - 1);
  const { values } = times;
  return time - values[row] <= values[next] - time ? values[row] : values[next];
}

/** Moves the cursor by rows of the recording, from the newest where there is none. */
export function moveCursor(context: Context, rows: number): void {
  const { client, styles, view } = context;
  const table = mainTable(client.store, styles);
  if (!table?.rows) return;
  const at = stepAt(context) ?? table.time.last;
  const row = ({ time }: Table) => time.floor(at + 1e-3) + rows;
  const moved = (among: Table) => among.time.values[Math.min(Math.max(row(among), 0), among.rows - 1)];
  const later = survivor(client, styles);
  const beyond = later && row(table) >= table.rows ? moved(later) : Number.NEGATIVE_INFINITY;
  view.setCursor(beyond > table.time.last ? beyond : moved(table), true);
}

/** Step that read-outs are about; null before the first row. */
export function stepAt({ client, styles, view }: Context): number | null {
  if (view.cursor !== null) return view.cursor;
  const table = survivor(client, styles) ?? mainTable(client.store, styles);
  return table?.rows ? table.time.last : null;
}

/** Makes the time axis longer or shorter by a factor about the cursor; null where that shows all. */
export function zoom(context: Context, factor: number): void {
  const { runs, view } = context;
  const newest = Math.max(runs.reach, 1);
  const [from, to] = view.span ?? [0, newest];
  const centre = view.cursor ?? to;
  const half = Math.max((to - from) * factor, 4) / 2;
  const low = Math.max(0, centre - half);
  const high = Math.min(newest, centre + half);
  view.setSpan(high - low >= newest ? null : [low, high]);
}

export function listenPointer(context: Context, host: HTMLElement, chart: LineChart): void {
  const { scope, view } = context;
  const band = h("div", { class: "rf-band", hidden: true });
  host.append(band);
  let from: number | null = null;
  let dragged = false;
  const left = (event: MouseEvent) => event.clientX - host.getBoundingClientRect().left - LEFT;

  scope.listen<PointerEvent>(host, "pointerdown", (event) => {
    if (event.button !== 0) return;
    from = left(event);
    dragged = false;
  });
  scope.listen<PointerEvent>(host, "pointermove", (event) => {
    const at = left(event);
    if (from !== null && event.buttons === 1 && (dragged || Math.abs(at - from) > SLACK)) {
      dragged = true;
      host.setPointerCapture?.(event.pointerId);
      const ends = [from, at].map((x) => Math.min(Math.max(x, 0), chart.plotWidth)).sort((a, b) => a - b);
      band.hidden = false;
      band.style.left = `${LEFT + ends[0]}px`;
      band.style.width = `${ends[1] - ends[0]}px`;
    } else if (!view.pinned) view.setCursor(snap(context, chart.time(at)), false);
  });
  scope.listen<PointerEvent>(host, "pointerup", (event) => {
    band.hidden = true;
    if (from === null || !dragged) return;
    const ends = [chart.time(from), chart.time(left(event))].sort((a, b) => a - b);
    from = null;
    if (ends[1] - ends[0] < 2) return;
    // Another step stands under the pointer now: the one where the drag began is no longer what it points at.
    if (!view.pinned) view.setCursor(null, false);
    view.setSpan([ends[0], ends[1]]);
  });
  scope.listen(host, "pointercancel", () => {
    band.hidden = true;
    from = null;
  });
  scope.listen(host, "pointerleave", () => {
    if (!view.pinned) view.setCursor(null, false);
  });
  scope.listen<MouseEvent>(host, "click", (event) => {
    from = null;
    if (dragged) return;
    const at = snap(context, chart.time(left(event)));
    view.setCursor(at, !(view.pinned && view.cursor === at));
  });
  scope.listen(host, "dblclick", () => view.setSpan(null));
}
