/** A run that looks like one: a toy of progressive sharpening with the oscillation that stops it. */
import type { BlockHeader, Bound, Column, ProcessSpec } from "../src/generated/messages";

export interface Series {
  spec: ProcessSpec;
  /** Time of the first row. */
  start: number;
  /** One row a step: the numbers of every column in the order of `spec.columns`. */
  rows: number[][];
}

const UNITS: Record<string, [unit: string, meaning: string]> = {
  time: ["steps", "time in optimizer steps"],
  loss: ["", "full-batch loss"],
  grad_norm: ["", "norm of the gradient"],
  sharpness: ["1/learning rate", "largest eigenvalue of the Hessian"],
  edge_threshold: ["1/learning rate", "sharpness at which gradient descent is at the edge"],
  sharpness_ratio: ["", "sharpness divided by the edge threshold"],
  eigenvalues: ["1/learning rate", "largest eigenvalues of the Hessian in descending order"],
  rod_length: ["parameters", "half the distance between two successive iterates"],
  oscillation: ["parameters", "alternating part of the iterates"],
  midpoint_loss: ["", "loss at the midpoint of two iterates"],
  distance_travelled: ["parameters", "length of the path of the midpoints"],
  predicted_loss: ["", "loss predicted for the iterates"],
  distance: ["parameters", "‖centre − midpoint‖ at the same time"],
  critical_directions: ["", "tracked eigenvalues of at least 0.975 of the edge threshold"],
  relative_distance: ["", "‖centre − midpoint‖ at the same time, divided by the distance travelled by the midpoints"],
  cost: ["gradients", "gradient equivalents spent so far"],
  mismatch: ["", "gradient along the rod against the tracked Hessian"],
  misprediction: ["", "relative error of the predicted largest eigenvalue"],
};

const SIGNALS: Record<string, Bound[]> = {
  mismatch: [
    { above: 0.3, words: "is *doubtful* since step {since}: mismatch {value} along the rod", lasting: false },
    { above: 1, words: "met a *catapult* at step {since}: off by {value} times", lasting: true },
  ],
  misprediction: [{ above: 0.02, words: "was *surprised* at step {since}: {share} off", lasting: false }],
};

const KINDS: [kind: ProcessSpec["kind"], label: string, detail: string, delay: number][] = [
  ["iterates", "iterates", "", 0],
  ["rod", "rod flow", "exact rates, dt ½", -9],
  ["central", "central flow", "4 substeps", -200],
  ["edge", "edge flow", "", -22],
  ["stable", "stable flow", "RK4", 0],
];

export function learningRate(time: number): number {
  return time < 160 ? 0.6 : time < 400 ? 0.85 : 0.68;
}

/**
 * Series of all processes for `steps` steps; from `blowUp` on the iterates diverge, at `stop` stable flow stops, and with
 * `catapult` rod flow met one at step 30.
 */
export function makeSeries(
  steps: number,
  blowUp = Number.POSITIVE_INFINITY,
  stop = Number.POSITIVE_INFINITY,
  jump = 3.4,
  catapult = false,
): Series[] {
  return KINDS.map(([kind, label, detail, delay], index) => {
    const names = columnsOf(kind);
    const start = kind === "iterates" || kind === "stable" ? 0 : 2;
    const described = {
      name: kind === "iterates" ? "discrete" : kind,
      kind,
      label,
      detail,
      start,
      columns: names.map((name) => column(name)),
    };
    const spec: ProcessSpec = described;
    let sharpness = 2.2;
    let x = 0.2;
    let cost = 0;
    const rows: number[][] = [];
    for (let time = 0; time <= steps; time++) {
      const rate = time >= blowUp ? jump : learningRate(time);
      const threshold = 2 / rate;
      // The oscillation grows beyond the edge, and lowers the sharpness.
      const growth = Math.abs(rate * sharpness - 1) ** (kind === "edge" ? 1.6 : kind === "rod" ? 1.25 : 1);
      if (kind !== "stable") x = Math.max(x * growth, kind === "edge" ? 1e-6 : 0.0022 + 0.004 * Math.exp(-time / 60));
      if (time < blowUp) x = Math.min(x, 0.34);
      else x *= 1.3;
      const pull = kind === "stable" ? 0 : (kind === "central" && sharpness > threshold ? 0.9 : 0.9) * x * x;
      if (time < blowUp) sharpness += 0.012 * (3.55 - sharpness) * (time < 12 ? -1.5 : 1) - pull * 2;
      if (kind === "central") sharpness = Math.min(sharpness, threshold * 1.0);
      const ripple = kind === "iterates" ? 0.004 * Math.sin(time / 9) : 0.003 * Math.sin((time + delay) / 13);
      const s = sharpness + ripple;
      const base = 0.02 + 2.2 / (time + 2) ** 0.9 - 0.000014 * time;
      const bump = kind === "stable" ? -0.00001 * Math.max(0, time - 150) : 0.5 * s * x * x;
      const loss = base + bump;
      const eigenvalues = [s, s * 0.985, s * 0.9, s * 0.83];
      const lost = kind === "iterates" ? 0 : drift(kind, time);
      cost += [1, 43, 33, 30, 8][index];
      const values: Record<string, number | number[]> = {
        time,
        loss: kind === "iterates" ? loss : base,
        grad_norm: Math.sqrt(base),
        sharpness: s,
        edge_threshold: threshold,
        sharpness_ratio: s / threshold,
        eigenvalues,
        critical_directions: eigenvalues.filter((value) => value >= 0.975 * threshold).length,
        rod_length: x,
        oscillation: x * 0.95,
        midpoint_loss: base,
        distance_travelled: 5 * (1 - Math.exp(-(time + 1) / 180)),
        predicted_loss: loss,
        distance: lost * 5,
        relative_distance: lost,
        cost,
        mismatch: time >= 190 && time < 210 ? 0.41 : time >= 30 && time < 32 ? (catapult ? 3.4 : 0.1) : 0.1,
        misprediction: 0.001,
      };
      if (kind === "stable" && time >= stop) break;
      if (time >= start) rows.push(names.flatMap((name) => values[name]));
      if (kind === "iterates" && loss > 1e6) break;
    }
    return { spec, start, rows };
  });
}

function columnsOf(kind: ProcessSpec["kind"]): string[] {
  const common = ["time", "loss", "grad_norm", "sharpness", "edge_threshold", "sharpness_ratio"];
  if (kind === "iterates")
    return [
      ...common,
      "eigenvalues",
      "critical_directions",
      "rod_length",
      "oscillation",
      "midpoint_loss",
      "distance_travelled",
    ];
  const flow = [...common, "predicted_loss", "distance", "relative_distance", "cost"];
  if (kind === "rod") flow.push("mismatch", "misprediction");
  return kind === "stable" ? flow : [...flow, "rod_length", "oscillation"];
}

function column(name: string): Column {
  const [unit, meaning] = UNITS[name];
  return { name, unit, meaning, source: "", width: name === "eigenvalues" ? 4 : 1, signal: SIGNALS[name] ?? [] };
}

function drift(kind: ProcessSpec["kind"], time: number): number {
  const late = { iterates: 0, rod: 0.003, central: 0.014, edge: 0.018, stable: 0.024 }[kind];
  const bump = { iterates: 0, rod: 0.06, central: 0.04, edge: 0.06, stable: 0.08 }[kind];
  const at = kind === "stable" ? Math.min(1, Math.max(0, (time - 195) / 12)) : Math.exp(-(((time - 200) / 22) ** 2));
  return late * (1 + 8 * Math.exp(-time / 8)) + bump * at + (time > 200 && kind === "rod" ? 0.004 : 0);
}

/** How many rows have been recorded by a step. */
export function rowsUntil({ rows }: Series, step: number): number {
  const later = rows.findIndex(([time]) => time > step);
  return later < 0 ? rows.length : later;
}

/** Rows [from, to) as a block of the wire. */
export function encode(series: Series, from: number, to: number): { header: BlockHeader; buffer: DataView } {
  const rows = series.rows.slice(from, to);
  const width = series.spec.columns.reduce((sum, { width }) => sum + width, 0);
  const values = new Float32Array(width * rows.length);
  for (let c = 0; c < width; c++) for (let r = 0; r < rows.length; r++) values[c * rows.length + r] = rows[r][c];
  const columns = series.spec.columns.map(({ name, width }) => ({ name, width }));
  return {
    header: { table: series.spec.name, first_row: from, rows: rows.length, columns, dtype: "float32" },
    buffer: new DataView(values.buffer),
  };
}
