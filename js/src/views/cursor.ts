/** The cursor that all views share: where it is, and how a pointer and keys move it. */
import type { Context } from "../context";
import { mainTable } from "./reading";

/** Step that the read-out is about: that of the cursor, else the newest; null before the first row. */
export function stepAt({ client, styles, view }: Context): number | null {
  if (view.cursor !== null) return view.cursor;
  const table = mainTable(client.store, styles);
  return table?.rows ? table.time.last : null;
}

/** Moves the cursor by rows of the recording, from the newest where there is none. */
export function moveCursor({ client, styles, view }: Context, rows: number): void {
  const table = mainTable(client.store, styles);
  if (!table?.rows) return;
  const row = table.time.floor((view.cursor ?? table.time.last) + 1e-3) + rows;
  view.setCursor(table.time.values[Math.min(Math.max(row, 0), table.rows - 1)], true);
}

/** The recorded time nearest to `time`. */
export function snap({ client, styles }: Context, time: number): number | null {
  const table = mainTable(client.store, styles);
  if (!table?.rows) return null;
  const row = Math.max(0, table.time.floor(time));
  const next = Math.min(row + 1, table.rows - 1);
  const { values } = table.time;
  return time - values[row] <= values[next] - time ? values[row] : values[next];
}

/** A pointer over `host` moves the cursor, a click pins it or lets it go; `time` reads the axis at an event. */
export function listenPointer(context: Context, host: HTMLElement, time: (event: MouseEvent) => number): void {
  const { scope, view } = context;
  scope.listen<PointerEvent>(host, "pointermove", (event) => {
    if (!view.pinned) view.setCursor(snap(context, time(event)), false);
  });
  scope.listen(host, "pointerleave", () => {
    if (!view.pinned) view.setCursor(null, false);
  });
  scope.listen<MouseEvent>(host, "click", (event) => {
    const at = snap(context, time(event));
    view.setCursor(at, !(view.pinned && view.cursor === at));
  });
}
