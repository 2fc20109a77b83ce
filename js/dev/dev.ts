/**
 * The widget without Jupyter: `npm run dev`, then the address it prints. In the address:
 * ?scene=running (or ready, paused, finished, stopped, diverged, error, gone, ended, all) &theme=dark &width=600 &nadam &still
 */
import widget from "../src/index";
import "../src/live.css";
import { FakeModel, NADAM, type Scene } from "./fake";

const SCENES: Scene[] = ["ready", "running", "paused", "finished", "stopped", "diverged", "error", "gone", "ended"];

const query = new URLSearchParams(location.search);
const asked = query.get("scene") ?? "running";
const pages = document.getElementById("pages") as HTMLElement;
document.body.dataset.jpThemeLight = String(query.get("theme") !== "dark");

for (const scene of asked === "all" ? SCENES : [asked as Scene]) {
  const el = document.createElement("div");
  el.style.width = `${query.get("width") ?? 960}px`;
  pages.append(el);
  const model = new FakeModel(scene, Number(query.get("steps") ?? 600), query.has("nadam") ? NADAM : []);
  const { initialize, render } = widget();
  initialize({ model });
  render({ model, el });
  Object.assign(el, { model });
  if (!query.has("still")) setInterval(() => model.running && model.advance(1), 310);
}
