/**
 * The branches beside the one that is looked at: iterates and rod flow, each branch in one colour of its own. More flows
 * of several runs are a thicket; to see them one looks at the branch.
 */
import type { Line } from "../charts/line";
import type { Client } from "../client";
import type { Context } from "../context";
import { drawingOrder, type Kind, type ProcessStyle, processStyles, shade, type Theme } from "../theme";

/**
 * Colours of branches that nobody has coloured, on light and on dark ground: as many as runs may be laid over one another.
 * The last four differ from all others, and from those of the processes, by ΔE2000 of 17 or more, and of 11 where red or green is not seen.
 */
const COLOURS = [
  { light: "#8a6d00", dark: "#e0b93b" },
  { light: "#b0126b", dark: "#ff7ac3" },
  { light: "#007c89", dark: "#4fd0e0" },
  { light: "#7a4a1e", dark: "#d0a070" },
  { light: "#19342a", dark: "#b46464" },
  { light: "#00004c", dark: "#f2ff99" },
  { light: "#0000ff", dark: "#ac53ac" },
  { light: "#ff0060", dark: "#a36629" },
];
const GREYS = [
  { light: "#4d4d4d", dark: "#c4c4c4" },
  { light: "#7a7a7a", dark: "#979797" },
];

const SHOWN: Kind[] = ["iterates", "rod"];

export function branchColour({ branch }: Client, theme: Theme): string {
  if (branch.colour) return branch.colour;
  const colours = theme.palette === "greys" ? GREYS : COLOURS;
  return shade(colours[branch.id % colours.length], theme);
}

/** Lines of the other branches in one panel; a fork begins where it left its parent, and a forecast is dashed, above all others. */
export function otherLines(
  { runs, view, theme }: Context,
  column: (style: ProcessStyle) => string | null,
  stairs = false,
): { below: Line[]; above: Line[] } {
  const linesOf = (client: Client): Line[] => {
    const color = branchColour(client, theme);
    const forecast = client.branch.kind === "forecast";
    return drawingOrder(processStyles(client.spec.processes)).flatMap((style): Line[] => {
      const { name, kind } = style.process;
      const drawn = column(style);
      if (!drawn || view.hidden.has(name) || !SHOWN.includes(kind)) return [];
      return [
        {
          key: `${client.branch.id}/${name}`,
          color,
          width: kind === "iterates" ? 2.2 : forecast ? 1.9 : 1.3,
          dash: kind === "iterates" ? (forecast ? [2, 3] : []) : forecast ? [7, 4] : [5, 2.5],
          envelope: client.store.table(name)?.envelope(drawn) ?? null,
          from: client.branch.step ?? undefined,
          stairs,
        },
      ];
    });
  };
  const forecasts = runs.others.filter(({ branch }) => branch.kind === "forecast");
  const rest = runs.others.filter((client) => !forecasts.includes(client));
  return { below: rest.flatMap(linesOf), above: forecasts.flatMap(linesOf) };
}
