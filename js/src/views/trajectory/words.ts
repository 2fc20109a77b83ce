/** Titles, notes and sentences of the Trajectory view. */

import type { Contours } from "../../charts/contours";
import type { Context } from "../../context";
import * as format from "../../format";
import type { ProcessSpec, ProcessStatus } from "../../wire";
import { reason } from "../../words/sentence";
import { describe } from "../legend";
import { valueAt } from "../reading";
import type { Fact } from "./rail";
import type { Plane } from "./tracks";

/** At most two parameters (their plane, or the curve over one), or a plane through the space of many. */
export type Mode = "plane" | "line" | "network";

export function titleOf(mode: Mode, plane: Plane | null, contours: boolean): string {
  if (mode === "plane") return "Loss over the two parameters";
  if (mode === "line") return "Loss over the parameter";
  if (!plane) return "Plane through the iterates";
  return `${contours ? "Loss in a plane" : "Plane"} through the midpoint of step ${format.whole(plane.step)}`;
}

export function subtitleOf(mode: Mode, plane: Plane | null, contours: Contours | null, share: number): string {
  if (mode === "network")
    return plane
      ? `steps ${format.whole(plane.first)} to ${format.whole(plane.last)}; axes in parameter units, not to the same scale`
      : "";
  if (mode === "line") return "iterates stand on the curve; the rod joins its two ends";
  if (share < 1 && !contours) return `contours ${format.share(share)}`;
  if (!contours || contours.levels.length < 2) return "";
  const { levels, base } = contours;
  const told = levels.map((level) => format.tick(Number((level - base).toPrecision(6))));
  const few = told.length > 5 ? `${told.slice(0, 3).join(", ")} … ${told.at(-1)}` : told.join(", ");
  return base ? `contours ${few} above ${format.tick(base, 3)}` : `contours at ${few}`;
}

export interface Ended {
  process: ProcessSpec;
  label: string;
  end: ProcessStatus;
}

/**
 * `held`: newest step while an older plane is kept for its contours; `waited`: step whose plane and contours are still to
 * come; null where there is none.
 */
export function sentencesOf(
  mode: Mode,
  plane: Plane | null,
  { held, waited }: { held: number | null; waited: number | null },
  outside: number,
  ends: Ended[],
): (string | { strong: string })[][] {
  const sentences: (string | { strong: string })[][] = [];
  if (mode === "network" && plane)
    sentences.push([
      "The plane holds ",
      { strong: nearly(plane.inside) },
      " of the iterates’ movement in these steps. Flows are projected onto it: read distances from the numbers, not from the picture.",
    ]);
  if (plane && held !== null && held > plane.last)
    sentences.push([
      `The plane stays at step ${format.whole(plane.step)} for its contours while the run goes on; it is at step ${format.whole(held)}.`,
    ]);
  if (plane && waited !== null && (waited < plane.first || waited > plane.last))
    sentences.push([
      `The plane of step ${format.whole(waited)} and its contours are on their way; this one is of step ${format.whole(plane.step)}.`,
    ]);
  for (const { label, end } of ends)
    sentences.push([
      { strong: `${format.capital(label)} ${end.state} at step ${format.whole(end.step)}` },
      `, at the cross: ${reason(end.sentence)}`,
    ]);
  if (outside)
    sentences.push([
      { strong: `${format.capital(format.count(outside))} ${outside === 1 ? "iterate lies" : "iterates lie"}` },
      " outside the picture.",
    ]);
  return sentences;
}

/** A share with one decimal where it is close to all. */
export function nearly(value: number | null): string {
  return value !== null && value >= 0.9 && value < 0.9995 ? `${(100 * value).toFixed(1)}\u00a0%` : format.share(value);
}

export function factsOf({ client, styles }: Context, at: number | null, plane: Plane | null): Fact[] {
  const read = (kind: string, column: string, label: string, text: (value: number | null) => string): Fact[] => {
    const process = styles.find((style) => style.process.kind === kind)?.process;
    const described = process?.columns.find(({ name }) => name === column);
    if (!process || !described) return [];
    const value = at === null ? null : valueAt(client.store.table(process.name), column, at);
    return [{ label, value: text(value), meaning: describe(described) }];
  };
  const length = (value: number | null) => format.significant(value, 2);
  const facts = [
    ...read("iterates", "sharpness_ratio", "sharpness / edge", (value) => format.ratio(value, 2)),
    ...read("rod", "rod_length", "rod length, rod flow", length),
    ...read("iterates", "rod_length", "half a step of the iterates", length),
  ];
  if (!plane) return facts;
  return [
    ...facts,
    {
      label: "movement inside the plane",
      value: nearly(plane.inside),
      meaning: "Share of the iterates’ movement in these steps that lies inside the plane. No unit.",
    },
    {
      label: "oscillation along y",
      value: nearly(plane.along),
      meaning: `Share of the iterates’ oscillation that is along y, ${plane.yName}. No unit.`,
    },
  ];
}

const absence = { kernel: ", which is not there", engine: ": of this run there is only what was recorded" };

/** Why something is not drawn; "" where nothing is missing. */
export function noteOf(
  mode: Mode,
  {
    lacking,
    refusal,
    plane,
    field,
    wanted,
    at,
  }: {
    /** What is not there of what would answer; "" where it is. */
    lacking: "" | "kernel" | "engine";
    refusal: string;
    plane: boolean;
    field: boolean;
    /** Whether contours are asked for. */
    wanted: boolean;
    at: number | null;
  },
): string {
  if (refusal) return refusal;
  if (mode === "network" && !plane) {
    if (lacking) return `The plane needs the ${lacking}${absence[lacking]}.`;
    return at === null ? "Nothing has run yet." : `Waiting for the plane of step ${format.whole(at)}.`;
  }
  if (lacking && wanted && !field)
    return `${mode === "line" ? "The curve" : "Contours"} of the loss ${mode === "line" ? "needs" : "need"} the ${lacking}${absence[lacking]}.`;
  return "";
}

export function labelOf({ client, styles }: Context, mode: Mode, names: string[], at: number | null): string {
  const plane = names.every(Boolean) ? `Plane of ${names.join(" and ")}` : "Plane";
  const what = mode === "line" ? `Loss over ${names[0]}` : plane;
  const who = styles.map((style) => style.label).join(", ");
  const until = at === null ? "nothing has run yet" : `at step ${format.whole(at)}`;
  const where = mode === "network" || at === null ? "" : positions();
  return `${what} with ${who}; ${until}${where}. Left and right arrow keys move the cursor.`;

  function positions(): string {
    const told = styles.flatMap(({ process, label }) => {
      const table = client.store.table(process.name);
      const place = names
        .slice(0, mode === "line" ? 1 : 2)
        .map((_, part) => valueAt(table, "coordinates", at ?? 0, part));
      return place.every((value) => value !== null)
        ? [`${label} at ${place.map((v) => format.significant(v)).join(", ")}`]
        : [];
    });
    return told.length ? `: ${told.join("; ")}` : "";
  }
}
