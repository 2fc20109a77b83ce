import * as format from "../../format";
import { linearRange, type Range, roundUp } from "../../ranges";

export interface Extents {
  /** Lowest and highest value of the largest eigenvalue. */
  largest: Range | null;
  /** Lowest of the others. */
  low: number | null;
  /** The edge, wherever it was. */
  edges: number[];
  /** Where the density has eigenvalues. */
  density: Range | null;
}

/**
 * The vertical axis that eigenvalues, edge and density share. It holds zero, where most eigenvalues are; a largest
 * eigenvalue far beyond the edge leaves the axis, and an edge far above all eigenvalues does not stretch it.
 */
export function spectrumRange({ largest, low, edges, density }: Extents): Range | null {
  if (!largest && !density) return null;
  const edge = edges.length ? Math.max(...edges) : null;
  const top = largest ? Math.min(largest[1], edge === null ? largest[1] : Math.max(4 * edge, 1.5 * largest[0])) : 0;
  const bottom = Math.min(0, low ?? 0, largest?.[0] ?? 0, density?.[0] ?? 0);
  const reach = Math.max(top, density?.[1] ?? 0);
  const room = 3 * Math.max(reach, -bottom);
  const near = edges.filter((value) => value <= room);
  const high = Math.max(0, reach, ...near);
  const to = linearRange(bottom, high)[1];
  // A bar at zero needs room below it, and little is enough while nothing lies further down.
  const margin = roundUp(0.03 * (to - bottom));
  return [-margin * Math.max(1, Math.ceil((-1.1 * bottom) / margin)), to];
}

/** Labels of an axis with equally many decimals. */
export function labels(ticks: number[]): (value: number) => string {
  const plain = ticks.every((tick) => tick === 0 || (Math.abs(tick) >= 0.001 && Math.abs(tick) < 1000));
  const decimals = Math.max(
    0,
    ...ticks.map((tick) => (tick.toPrecision(6).replace(/0+$/, "").split(".")[1] ?? "").length),
  );
  return plain ? (value) => value.toFixed(decimals).replace("-", "−") : format.tick;
}
