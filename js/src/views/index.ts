/** Table of contents of the views. A view is one file and one line here. */
import type { Context } from "../context";
import type { PanelName } from "../wire";
import { CompareView } from "./compare";
import { SpectrumView } from "./spectrum";
import { TrajectoryView } from "./trajectory";
import type { View } from "./view";

interface Entry {
  title: string;
  create: (context: Context) => View;
}

/** Views that stand alone under a tab, and may stand among the panels of Compare. */
const others: Partial<Record<PanelName, Entry>> = {
  trajectory: { title: "Trajectory", create: (context) => new TrajectoryView(context) },
  spectrum: { title: "Spectrum", create: (context) => new SpectrumView(context) },
};

export const views: Record<string, Entry> = {
  compare: {
    title: "Compare",
    create: (context) => new CompareView(context, (name, inner) => others[name]?.create(inner) ?? null),
  },
  ...others,
};
