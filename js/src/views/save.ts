/** Files made in the page: the values, and the picture. */
import type { Context } from "../context";
import { h } from "../dom";
import type { CompareView } from "./compare";
import { csv } from "./table";

export function saveValues(context: Context): void {
  download(new Blob([csv(context)], { type: "text/csv" }), `${fileName(context)}.csv`);
}

/** The panels below one another, with their titles and one legend, as they are on the page. */
export function savePicture(context: Context, view: CompareView): void {
  const { theme, root, styles, client } = context;
  const panels = view.panels.flatMap((panel) => {
    const canvas = panel.host.querySelector("canvas");
    return canvas ? [{ panel, canvas }] : [];
  });
  if (!panels.length) return;
  const scale = panels[0].canvas.width / panels[0].panel.host.clientWidth || 1;
  const head = 34;
  const title = 26;
  const width = panels[0].canvas.width / scale;
  const height = head + panels.reduce((sum, { canvas }) => sum + title + canvas.height / scale, 8);
  const target = h("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  const ctx = target.getContext("2d");
  if (!ctx) return;
  ctx.scale(scale, scale);
  ctx.fillStyle = theme.ground;
  ctx.fillRect(0, 0, width, height);
  ctx.textBaseline = "middle";
  ctx.font = `12px ${theme.family}`;
  let x = 12;
  for (const style of styles) {
    if (context.view.hidden.has(style.process.name)) continue;
    ctx.strokeStyle = style.color(theme);
    ctx.lineWidth = style.width;
    ctx.setLineDash(style.dash);
    ctx.beginPath();
    ctx.moveTo(x, head / 2);
    ctx.lineTo(x + 24, head / 2);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = theme.ink;
    ctx.fillText(style.label, x + 30, head / 2);
    x += 30 + ctx.measureText(style.label).width + 18;
  }
  ctx.fillStyle = theme.secondary;
  const what = `${client.spec.problem.name}, ${client.spec.optimizer.label}`;
  ctx.textAlign = "right";
  if (x + ctx.measureText(what).width < width - 12) ctx.fillText(what, width - 12, head / 2);
  ctx.textAlign = "left";
  let y = head;
  for (const { panel, canvas } of panels) {
    ctx.fillStyle = theme.ink;
    ctx.font = `600 12px ${theme.family}`;
    ctx.fillText(panel.element.querySelector(".rf-panel-title")?.textContent ?? "", 12, y + title / 2);
    ctx.drawImage(canvas, 0, y + title, canvas.width / scale, canvas.height / scale);
    y += title + canvas.height / scale;
  }
  target.toBlob((blob) => blob && root.isConnected && download(blob, `${fileName(context)}.png`));
}

function fileName({ client }: Context): string {
  const name = `${client.spec.problem.name} ${client.spec.optimizer.label} run ${client.store.run}`;
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
