import uPlot from "uplot";
import type { Line, Picture } from "./line";
import { type Area, trace } from "./trace";

/** The thinned series as a path. */
export function path(u: uPlot, line: Line, picture: Picture): uPlot.Series.Paths | null {
  if (!line.envelope?.count) return null;
  const stroke = new Path2D();
  const areas = trace(line, picture, u.bbox, stroke, (line.width * uPlot.pxRatio) / 2);
  const fill = areas.length ? new Path2D() : null;
  for (const area of areas) if (fill) outline(area, fill);
  const clip = new Path2D();
  clip.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  return { stroke, fill, clip, band: null, flags: 0 };
}

export function outline(area: Area, pen: Pick<Path2D, "moveTo" | "lineTo">): void {
  pen.moveTo(area[0], area[1]);
  for (let i = 2; i < area.length; i += 2) pen.lineTo(area[i], area[i + 1]);
}
