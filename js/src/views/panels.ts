/** The panels of the Compare view: which column each process brings, how it is written, and what else is told. */
import type { Frame, Line } from "../charts/line";
import { drawEdge, drawLevel } from "../charts/marks";
import { type Context, thresholdNow } from "../context";
import * as format from "../format";
import type { Table } from "../store";
import type { PanelName, Spec } from "../wire";
import { firstColumn, isLeast } from "./reading";

export interface Fact {
  label: (spec: Spec) => string;
  /** Column of the iterates. */
  column: string;
  text: (value: number | null, spec: Spec) => string;
}

export interface Panel {
  name: PanelName;
  title: string;
  subtitle: (spec: Spec) => string;
  /** First of these columns that a process has; none where the process has no place in the panel. */
  iterates: string[];
  flows: string[];
  height: number;
  log: boolean;
  /** Powers of ten below the highest value that a logarithmic axis goes down for a flow. */
  depth: number;
  /** Axis before anything was measured. */
  empty: [number, number];
  text: (value: number | null) => string;
  tick: (value: number) => string;
  facts: Fact[];
  /** Values hold until the next row. */
  stairs?: boolean;
  /** Whether a logarithmic axis is left where a value is not positive. */
  signed?: boolean;
  /** Whether crosses show where processes ended. */
  ends?: boolean;
  /** What is said in the middle before anything has run. */
  note?: string;
  /** Least and largest that the ends of a linear axis may be. */
  limit?: (low: number, high: number) => [number, number];
  /** Lines below those of the processes, from the table of the iterates. */
  extras?: (context: Context, iterates: Table) => Line[];
  /** Columns of the iterates that those lines are drawn from. */
  extraColumns?: string[];
  /** Value that the axis shows beside the lines. */
  level?: (context: Context) => number | null;
  /** Drawn below all lines. */
  below?: (frame: Frame, context: Context) => void;
}

/** What sharpness is the largest eigenvalue of. */
function hessian({ optimizer }: Spec): string {
  return optimizer.preconditioned ? "preconditioned Hessian" : "Hessian";
}

/** What lines of flows show, where there are flows. */
function flows({ processes }: Spec, shown: string): string {
  return processes.some(({ kind }) => kind !== "iterates") ? `flows: ${shown}` : "";
}

function tenths(value: number): string {
  const whole = Math.abs(value * 10 - Math.round(value * 10)) < 1e-6;
  return whole && value > 0.09 && value < 10 ? value.toFixed(1) : format.tick(value);
}

const all: Panel[] = [
  {
    name: "loss",
    title: "Loss",
    subtitle: (spec) => [spec.problem.loss, flows(spec, "predicted for the iterates")].filter(Boolean).join("; "),
    iterates: ["loss"],
    flows: ["predicted_loss", "loss"],
    height: 122,
    log: true,
    depth: 6,
    empty: [0.01, 1],
    text: format.loss,
    tick: format.tick,
    facts: [{ label: () => "midpoint", column: "midpoint_loss", text: format.loss }],
    signed: true,
    ends: true,
  },
  {
    name: "sharpness",
    title: "Sharpness / edge",
    subtitle: (spec) =>
      spec.optimizer.threshold === "2 / learning rate"
        ? `largest eigenvalue of the ${hessian(spec)} × learning rate / 2`
        : `largest eigenvalue of the ${hessian(spec)} over ${spec.optimizer.threshold}`,
    iterates: ["sharpness_ratio"],
    flows: ["sharpness_ratio"],
    height: 150,
    log: false,
    depth: 3,
    empty: [0.5, 1.5],
    text: format.ratio,
    tick: tenths,
    note: "Nothing has run yet.",
    // A diverging line leaves the panel rather than flattening the others.
    limit: (low, high) => [Math.max(Math.min(low, 0.95), -0.5), Math.max(Math.min(high, 4), 1.1)],
    below: (frame, { theme }) => drawEdge(frame, theme),
    facts: [
      {
        // A long formula stands above the chart, where there is room for it.
        label: ({ optimizer: { threshold } }) => (threshold.length <= 20 ? `threshold ${threshold}` : "threshold"),
        column: "edge_threshold",
        text: (v) => format.significant(v, 4),
      },
      {
        label: () => "critical directions",
        column: "critical_directions",
        text: (v, spec) => `${v !== null && isLeast(v, spec) ? "≥ " : ""}${format.whole(v)}`,
      },
    ],
  },
  {
    name: "eigenvalues",
    title: "Eigenvalues",
    subtitle: (spec) =>
      `of the ${hessian(spec)} at the midpoints; the staircase is the threshold ${spec.optimizer.threshold}`,
    iterates: ["sharpness"],
    flows: ["sharpness"],
    height: 150,
    log: false,
    depth: 3,
    empty: [0.5, 5],
    text: (value) => format.significant(value, 4),
    tick: tenths,
    facts: [],
    extras: spectrum,
    extraColumns: ["eigenvalues", "edge_threshold"],
    level: thresholdNow,
    below: (frame, context) => drawLevel(frame, context.theme, thresholdNow(context)),
  },
  {
    name: "distance",
    title: "Distance to the iterates",
    subtitle: () => "centre to midpoint, share of distance travelled",
    iterates: [],
    flows: ["relative_distance"],
    height: 108,
    log: true,
    depth: 4,
    empty: [0.001, 0.1],
    text: format.share,
    tick: format.percentTick,
    facts: [{ label: () => "distance travelled", column: "distance_travelled", text: (v) => format.significant(v) }],
  },
  {
    name: "rod_length",
    title: "Rod length",
    subtitle: (spec) =>
      ["half a step of the iterates", flows(spec, "what they predict for it")].filter(Boolean).join("; "),
    iterates: ["rod_length"],
    flows: ["rod_length"],
    height: 108,
    log: true,
    depth: 4,
    empty: [0.001, 0.1],
    text: (v) => format.significant(v, 2),
    tick: format.tick,
    facts: [{ label: () => "alternating part", column: "oscillation", text: (v) => format.significant(v, 2) }],
  },
  {
    name: "learning_rate",
    title: "Learning rate",
    subtitle: () => "in use for the step from each iterate to the next",
    iterates: ["learning_rate"],
    flows: [],
    height: 72,
    log: true,
    depth: 6,
    empty: [0.01, 1],
    text: (value) => format.significant(value),
    tick: format.tick,
    facts: [],
    stairs: true,
  },
  {
    name: "grad_norm",
    title: "Gradient",
    subtitle: (spec) =>
      ["norm at the iterates", flows(spec, "of the mean over the rod's ends")].filter(Boolean).join("; "),
    iterates: ["grad_norm"],
    flows: ["grad_norm"],
    height: 108,
    log: true,
    depth: 6,
    empty: [0.001, 0.1],
    text: (value) => format.significant(value),
    tick: format.tick,
    facts: [],
  },
  {
    name: "critical_directions",
    title: "Directions at the edge",
    subtitle: () => "tracked eigenvalues that reach 0.975 of the edge",
    iterates: ["critical_directions"],
    flows: ["critical_directions"],
    height: 72,
    log: false,
    depth: 1,
    empty: [0, 4],
    text: format.whole,
    tick: (value) => (Number.isInteger(value) ? format.whole(value) : ""),
    facts: [],
    stairs: true,
    limit: (_, high) => [0, Math.max(high, 2)],
  },
];

/** Every panel by its name. */
export const panels = new Map(all.map((panel) => [panel.name, panel]));

/** Panels that are shown unless somebody asks for others. */
export const DEFAULT_PANELS: PanelName[] = ["loss", "sharpness", "distance", "rod_length"];

/** Panels as a person has chosen them, else as the notebook did. */
export function shownPanels({ view, runs }: Context): PanelName[] {
  if (view.panels.length) return view.panels;
  if (runs.panels.length) return runs.panels;
  // Of what no run records nothing is shown unless somebody asks for it; forecasts are drawn in the panels of their run.
  const recorded = DEFAULT_PANELS.filter((name) =>
    runs.all.some(({ branch: { kind, spec } }) => kind !== "forecast" && isRecorded(name, spec)),
  );
  return recorded.length ? recorded : DEFAULT_PANELS;
}

function isRecorded(name: PanelName, { processes }: Spec): boolean {
  const panel = panels.get(name);
  return processes.some(
    (process) => panel && firstColumn(process, process.kind === "iterates" ? panel.iterates : panel.flows),
  );
}

/** Shows one panel where the other stood, and back. */
export function swapPanels(context: Context, one: PanelName, other: PanelName): void {
  const names = shownPanels(context);
  const [from, to] = names.includes(other) ? [other, one] : [one, other];
  const swapped = names.filter((name) => name !== to).map((name) => (name === from ? to : name));
  context.view.setPanels(swapped.includes(to) ? swapped : [...swapped, to]);
}

/** The staircase of the threshold, and the eigenvalues below the largest. */
function spectrum({ theme }: Context, iterates: Table): Line[] {
  const lines: Line[] = [];
  for (let part = 1; part < iterates.width("eigenvalues"); part++)
    lines.push({
      key: `eigenvalue-${part}`,
      color: theme.band,
      width: 1.2,
      dash: [],
      envelope: iterates.envelope("eigenvalues", part),
    });
  const threshold = iterates.envelope("edge_threshold");
  lines.push({ key: "threshold", color: theme.ink, width: 1, dash: [], envelope: threshold, stairs: true });
  return lines;
}
