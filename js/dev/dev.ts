/**
 * The widget without Jupyter: `npm run dev`, then the address it prints. In the address:
 * ?scene=running (or ready, paused, finished, stopped, diverged, error, gone, ended, all) &theme=dark &width=600 &nadam &still
 * ?plane=valley (or quartic, network) &scene=running &rows=113 &steps=200 &pace=100 &cursor=100 &press=all,Contours of the loss
 */
import widget from "../src/index";
import "../src/live.css";
import { FakeModel, NADAM, type Scene } from "./fake";
import { type Kind, type Options, PlaneModel } from "./plane";

const SCENES: Scene[] = ["ready", "running", "paused", "finished", "stopped", "diverged", "error", "gone", "ended"];

const query = new URLSearchParams(location.search);
const asked = query.get("scene") ?? "running";
const pages = document.getElementById("pages") as HTMLElement;
document.body.dataset.jpThemeLight = String(query.get("theme") !== "dark");

const plane = query.get("plane") as Kind | null;

function options(state: Scene): Options {
  const numbers = ["steps", "rows", "raised", "pace"].filter((name) => query.has(name));
  return {
    ...Object.fromEntries(numbers.map((name) => [name, Number(query.get(name))])),
    ...{ state: state as Options["state"], refusing: query.get("refusing") ?? "" },
  };
}

/** Opens the Trajectory view, at a step, and presses buttons by their text. */
function look(root: HTMLElement): void {
  const press = (text: string) => [...root.querySelectorAll("button")].find((b) => b.textContent === text)?.click();
  press("Trajectory");
  const step = root.querySelector<HTMLInputElement>(".rf-scrubber [type=number]");
  if (step && query.has("cursor")) {
    const go = () => {
      step.value = query.get("cursor") ?? "";
      step.dispatchEvent(new Event("change"));
    };
    setTimeout(go, 100);
  }
  for (const text of query.get("press")?.split(",") ?? []) setTimeout(press, 150, text);
}

for (const scene of asked === "all" ? SCENES : [asked as Scene]) {
  const el = document.createElement("div");
  el.style.width = `${query.get("width") ?? 960}px`;
  pages.append(el);
  const model = plane
    ? new PlaneModel(plane, options(scene))
    : new FakeModel(scene, Number(query.get("steps") ?? 600), query.has("nadam") ? NADAM : []);
  const { initialize, render } = widget();
  initialize({ model });
  render({ model, el });
  Object.assign(el, { model });
  if (plane) look(el);
  if (!query.has("still")) setInterval(() => model.running && model.advance(1), 310);
}
