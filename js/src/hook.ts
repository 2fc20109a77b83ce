/** What tests read from the root element: `root.rodflow`. */
import type { Client } from "./client";
import { type Context, newestOfIterates, thresholdNow } from "./context";
import type { Runs } from "./runs";
import type { Store } from "./store";
import { CompareView } from "./views/compare";
import type { Tabs } from "./views/tabs";
import type { PanelName } from "./wire";

export interface Hook {
  readonly runs: Runs;
  /** The branch that is looked at, and what the page knows of it. */
  readonly client: Client;
  readonly store: Store;
  /** Times recorded of every process. */
  times(): Record<string, number[]>;
  /** A recorded column of a process. */
  column(process: string, name: string, part?: number): (number | null)[];
  /** Top of the plot to the line of a value in a panel of the Compare view, in CSS pixels. */
  y(panel: PanelName, value: number): number;
  /** Like `y`, of the edge threshold now in the panel of eigenvalues. */
  thresholdY(): number;
  /** Step that the cursor is at; null follows the newest. */
  cursor(): number | null;
  /** Number of things that the view owns. */
  owned(): number;
}

export type Root = HTMLElement & { rodflow?: Hook };

export function hook(context: Context, tabs: Tabs): Hook {
  const { scope, view, runs } = context;
  const panel = (name: PanelName) => {
    const shown = tabs.current;
    return shown instanceof CompareView ? shown.panels.find((candidate) => candidate.panel.name === name) : undefined;
  };
  return {
    runs,
    get client() {
      return context.client;
    },
    get store() {
      return context.client.store;
    },
    times: () =>
      Object.fromEntries([...context.client.store.tables].map(([name, table]) => [name, [...table.time.toArray()]])),
    column: (process, name, part = 0) => {
      const table = context.client.store.table(process);
      return Array.from({ length: table?.rows ?? 0 }, (_, row) => table?.column(name, part)?.at(row) ?? null);
    },
    y: (name, value) => panel(name)?.y(value) ?? Number.NaN,
    thresholdY: () => {
      const now = thresholdNow(context) ?? newestOfIterates(context, "edge_threshold");
      return panel("eigenvalues")?.y(now ?? Number.NaN) ?? Number.NaN;
    },
    cursor: () => view.cursor,
    owned: () => scope.size,
  };
}
