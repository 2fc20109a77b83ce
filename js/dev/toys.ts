/** Gradient descent on one or two parameters, with flows that look like flows, as series of the wire. */
import type { Column, ProcessSpec } from "../src/generated/messages";
import type { Series } from "./series";

export interface Toy {
  name: string;
  coordinates: string[];
  start: number[];
  rate: number;
  loss(w: number[]): number;
  sharpness(w: number[]): number;
}

/** ¼(1 − x²y²)²: a valley of minima that is flatter farther along. */
export const valley: Toy = {
  name: "toy ¼(1 − x²y²)²",
  coordinates: ["x", "y"],
  start: [3.2, 0.1],
  rate: 0.2,
  loss: ([x, y]) => 0.25 * (1 - (x * y) ** 2) ** 2,
  sharpness: ([x, y]) => 2 * (x * x + y * y),
};

/** ½ w² − w⁴/40: the oscillation grows until it sees the flatter sides. */
export const quartic: Toy = {
  name: "quartic ½w² − w⁴/40",
  coordinates: ["w"],
  start: [0.3],
  rate: 2.1,
  loss: ([w]) => w ** 2 / 2 - w ** 4 / 40,
  sharpness: ([w]) => 1 - 0.3 * w * w,
};

function gradient({ loss }: Toy, w: number[]): number[] {
  const step = 1e-5;
  return w.map((_, i) => {
    const moved = (by: number) => loss(w.map((value, k) => (k === i ? value + by : value)));
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

function descend(toy: Toy, w: number[], rate: number): number[] {
  const slope = gradient(toy, w);
  return w.map((value, i) => value - rate * slope[i]);
}

/**
 * Iterates, a rod through three successive ones, two flows beside it, and gradient flow. From step `raised` on the
 * learning rate is four times as high.
 */
export function toySeries(toy: Toy, steps: number, start = toy.start, raised = steps + 2): Series[] {
  const { rate } = toy;
  const path = [start];
  for (let t = 0; t < steps + 2; t++) path.push(descend(toy, path[t], t < raised ? rate : 4 * rate));
  const flow = [start];
  for (let t = 0; t < steps; t++) {
    let w = flow[t];
    for (let k = 0; k < 20; k++) w = descend(toy, w, rate / 20);
    flow.push(w);
  }
  const centre = (t: number) => path[t].map((_, i) => (path[t][i] + 2 * path[t + 1][i] + path[t + 2][i]) / 4);
  const half = (t: number) => path[t].map((_, i) => (path[t][i] - 2 * path[t + 1][i] + path[t + 2][i]) / 4);
  const midpoint = (t: number) => path[t].map((_, i) => (path[t][i] + path[t + 1][i]) / 2);
  const last = path.findIndex((w) => w.some((value) => !(Math.abs(value) < 1e8)));
  const end = last < 0 ? steps : last - 3;
  const shifted = (by: number) => (t: number) => centre(t).map((value, i) => value + by * (i ? 1 : 0.4));
  return [
    series(toy, "discrete", "iterates", 0, last < 0 ? steps : last - 1, rate, (t) => path[t], null, midpoint, path[0]),
    series(toy, "rod", "rod", 2, end, rate, centre, half, midpoint, path[0]),
    series(toy, "central", "central", 2, end, rate, shifted(0.012), null, midpoint, path[0]),
    series(toy, "edge", "edge", 2, end, rate, shifted(0.0015), null, midpoint, path[0]),
    series(toy, "stable", "stable", 0, end, rate, (t) => flow[t], null, midpoint, path[0]),
  ];
}

const LABELS = {
  iterates: "iterates",
  rod: "rod flow",
  central: "central flow",
  edge: "edge flow",
  stable: "stable flow",
};

function series(
  toy: Toy,
  name: string,
  kind: ProcessSpec["kind"],
  start: number,
  end: number,
  rate: number,
  place: (t: number) => number[],
  rod: ((t: number) => number[]) | null,
  midpoint: (t: number) => number[],
  origin: number[],
): Series {
  const dim = toy.coordinates.length;
  const own = kind === "iterates" ? ["rod_length"] : rod ? ["rod_length", "relative_distance"] : ["relative_distance"];
  const columns = [
    ...["time", "loss", "sharpness_ratio", ...own].map((column) => made(column, 1)),
    made("coordinates", dim),
    ...(rod ? [made("rod", dim)] : []),
  ];
  const rows: number[][] = [];
  for (let t = start; t <= end; t++) {
    const w = place(t);
    const middle = midpoint(t);
    const away = Math.hypot(...w.map((value, i) => value - middle[i]));
    const travelled = Math.hypot(...middle.map((value, i) => value - origin[i])) || 1;
    const length = rod ? Math.hypot(...rod(t)) : Math.hypot(...middle.map((value, i) => value - place(t)[i]));
    const ratio = (toy.sharpness(kind === "iterates" ? middle : w) * rate) / 2;
    const values: Record<string, number> = { rod_length: length, relative_distance: away / travelled };
    rows.push([t, toy.loss(w), ratio, ...own.map((name) => values[name]), ...w, ...(rod?.(t) ?? [])]);
  }
  return { spec: { name, kind, label: LABELS[kind], detail: "", columns }, start, rows };
}

function made(name: string, width: number): Column {
  return { name, unit: "", meaning: "made up", source: "", width, signal: [] };
}
