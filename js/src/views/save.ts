/** Files made in the page: the values, and the picture. */
import { Context as SvgContext } from "svgcanvas";
import type { Context } from "../context";
import { h } from "../dom";
import { branchColour } from "./others";
import { csv } from "./table";
import type { Plate, View } from "./view";

const HEAD = 34;
const TITLE = 26;

export function saveValues(context: Context): void {
  download(new Blob([csv(context)], { type: "text/csv" }), `${fileName(context)}.csv`);
}

/** What a view shows, its parts below one another with their titles and one legend. */
export function savePicture(context: Context, view: View, kind: "png" | "svg"): void {
  const plates = view.plates();
  const width = Math.max(0, ...plates.map((plate) => plate.width));
  const height = HEAD + plates.reduce((sum, plate) => sum + TITLE + plate.height, 8);
  if (!width) return;
  const name = `${fileName(context)}.${kind}`;
  if (kind === "svg") {
    const ctx = new SvgContext({ width, height });
    paint(ctx as unknown as CanvasRenderingContext2D, context, plates, width, height);
    download(new Blob([ctx.getSerializedSvg()], { type: "image/svg+xml" }), name);
    return;
  }
  const scale = Math.max(2, window.devicePixelRatio || 1);
  const target = h("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  const ctx = target.getContext("2d");
  if (!ctx) return;
  ctx.scale(scale, scale);
  paint(ctx, context, plates, width, height);
  target.toBlob((blob) => blob && context.root.isConnected && download(blob, name));
}

function paint(ctx: CanvasRenderingContext2D, context: Context, plates: Plate[], width: number, height: number): void {
  const { theme } = context;
  ctx.fillStyle = theme.ground;
  ctx.fillRect(0, 0, width, height);
  paintLegend(ctx, context, width);
  let y = HEAD;
  for (const plate of plates) {
    ctx.fillStyle = theme.ink;
    ctx.font = `600 12px ${theme.family}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillText(plate.title, 12, y + TITLE / 2);
    ctx.save();
    ctx.translate(0, y + TITLE);
    plate.paint(ctx);
    ctx.restore();
    y += TITLE + plate.height;
  }
}

function paintLegend(ctx: CanvasRenderingContext2D, context: Context, width: number): void {
  const { theme, styles, view, client, runs } = context;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.font = `12px ${theme.family}`;
  const shown = styles.filter(({ process }) => !view.hidden.has(process.name));
  const samples = [
    ...shown.map((style) => ({ ...style, color: style.color(theme) })),
    ...runs.others.map((other) => ({
      label: other.branch.name,
      color: branchColour(other, theme),
      width: 2,
      dash: other.branch.kind === "forecast" ? [7, 4] : [],
    })),
  ];
  let x = 12;
  for (const sample of samples) {
    ctx.strokeStyle = sample.color;
    ctx.lineWidth = sample.width;
    ctx.setLineDash(sample.dash);
    ctx.beginPath();
    ctx.moveTo(x, HEAD / 2);
    ctx.lineTo(x + 24, HEAD / 2);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = theme.ink;
    ctx.fillText(sample.label, x + 30, HEAD / 2);
    x += 30 + ctx.measureText(sample.label).width + 18;
  }
  ctx.fillStyle = theme.secondary;
  const what = `${client.spec.problem.name}, ${client.spec.optimizer.label}`;
  ctx.textAlign = "right";
  if (x + ctx.measureText(what).width < width - 12) ctx.fillText(what, width - 12, HEAD / 2);
}

function fileName({ client }: Context): string {
  const name = `${client.spec.problem.name} ${client.spec.optimizer.label} ${client.branch.name} ${client.store.run}`;
  return name
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "")
    .toLowerCase();
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}
