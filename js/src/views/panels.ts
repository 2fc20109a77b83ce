/** The panels of the Compare view: which column each process brings, how it is written, and what else is told. */
import * as format from "../format";
import type { Spec } from "../wire";
import { isLeast } from "./reading";

export interface Fact {
  label: (spec: Spec) => string;
  /** Column of the iterates. */
  column: string;
  text: (value: number | null, spec: Spec) => string;
}

export interface Panel {
  key: "loss" | "ratio" | "distance" | "rod";
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
}

/** What sharpness is the largest eigenvalue of. */
function hessian({ optimizer }: Spec): string {
  return optimizer.preconditioned ? "preconditioned Hessian" : "Hessian";
}

function tenths(value: number): string {
  const whole = Math.abs(value * 10 - Math.round(value * 10)) < 1e-6;
  return whole && value > 0.09 && value < 10 ? value.toFixed(1) : format.tick(value);
}

export const panels: Panel[] = [
  {
    key: "loss",
    title: "Loss",
    subtitle: (spec) => `${spec.problem.loss}; flows: predicted for the iterates`,
    iterates: ["loss"],
    flows: ["predicted_loss", "loss"],
    height: 122,
    log: true,
    depth: 6,
    empty: [0.01, 1],
    text: format.loss,
    tick: format.tick,
    facts: [{ label: () => "midpoint", column: "midpoint_loss", text: format.loss }],
  },
  {
    key: "ratio",
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
    facts: [
      {
        label: (spec) => `threshold ${spec.optimizer.threshold}`,
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
    key: "distance",
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
    key: "rod",
    title: "Rod length",
    subtitle: () => "half a step of the iterates; flows: what they predict for it",
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
];

/** Title and unit of the ratio panel when it shows the eigenvalues themselves. */
export const eigenvalues = {
  title: "Eigenvalues",
  subtitle: (spec: Spec) =>
    `of the ${hessian(spec)} at the midpoints; the staircase is the threshold ${spec.optimizer.threshold}`,
  text: (value: number | null) => format.significant(value, 4),
  tick: tenths,
};
