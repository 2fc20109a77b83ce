/** Table of contents of the views. A view is one file and one line here. */
import type { Context } from "../context";
import type { PanelName } from "../wire";
import { CompareView } from "./compare";
import { SpectrumView } from "./spectrum";
import { withSpectrum } from "./spectrum/reading";
import { TrajectoryView } from "./trajectory";
import type { View } from "./view";

interface Entry {
  title: string;
  create: (context: Context) => View;
  /** Whether the run that is looked at has something to show there; left out where it always has. */
  available?: (context: Context) => boolean;
}

/** Views that stand alone under a tab, and may stand among the panels of Compare. */
const others: Partial<Record<PanelName, Entry>> = {
  trajectory: {
    title: "Trajectory",
    create: (context) => new TrajectoryView(context),
    // Of one or two parameters the values are recorded, a plane through more is asked for.
    available: ({ client }) => client.can("survey") || [1, 2].includes(client.spec.problem.coordinates.length),
  },
  spectrum: {
    title: "Spectrum",
    create: (context) => new SpectrumView(context),
    available: ({ client, styles }) => client.can("survey") || withSpectrum(styles).length > 0,
  },
};

export const views: Record<string, Entry> = {
  compare: {
    title: "Compare",
    create: (context) => new CompareView(context, (name, inner) => others[name]?.create(inner) ?? null),
  },
  ...others,
};

/** Name of the view that is shown: the one asked for where it has something to show. */
export function shownTab(context: Context): string {
  const { tab } = context.view;
  return tab in views && isAvailable(tab, context) ? tab : "compare";
}

export function isAvailable(name: string, context: Context): boolean {
  return views[name].available?.(context) ?? true;
}
