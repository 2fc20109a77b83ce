/**
 * The widget without Jupyter: `npm run dev`, then the address it prints. In the address:
 * ?scene=running (or ready, paused, finished, stopped, diverged, error, gone, ended, all) &theme=dark &width=600 &nadam &still
 * ?plane=valley (or quartic, network) &scene=running &rows=113 &steps=200 &pace=100 &cursor=100 &press=all,Contours of the loss
 * ?watched=forecast (or watched, failing, ahead, ended, opened, all) &tab=Spectrum &press=all,…
 * ?spectrum=8 (eigenvalues a row) &pace=400 &cursor=300 &press=rod,Spectral density at step 300
 */
import widget from "../src/index";
import "../src/live.css";
import { DensityModel } from "./density";
import { FakeModel, NADAM, type Scene } from "./fake";
import { type Kind, type Options, PlaneModel } from "./plane";
import { type Watched, WatchedModel } from "./watched";

const SCENES: Scene[] = ["ready", "running", "paused", "finished", "stopped", "diverged", "error", "gone", "ended"];

const query = new URLSearchParams(location.search);
const asked = query.get("scene") ?? "running";
const pages = document.getElementById("pages") as HTMLElement;
document.body.dataset.jpThemeLight = String(query.get("theme") !== "dark");

const plane = query.get("plane") as Kind | null;
const recorded = query.get("spectrum");
const watched = query.get("watched");
const WATCHED: Watched[] = ["watched", "failing", "forecast", "ahead", "ended", "opened"];

function made(scene: Scene | Watched): FakeModel {
  if (watched !== null) return new WatchedModel(scene as Watched);
  return simulated(scene as Scene);
}

function simulated(scene: Scene): FakeModel {
  const others = query.has("nadam") ? NADAM : [];
  if (plane) return new PlaneModel(plane, options(scene));
  if (recorded !== null)
    return new DensityModel(scene, Number(recorded || 8), others, Number(query.get("pace") ?? 400));
  return new FakeModel(scene, Number(query.get("steps") ?? 600), others);
}

function options(state: Scene): Options {
  const numbers = ["steps", "rows", "raised", "pace"].filter((name) => query.has(name));
  return {
    ...Object.fromEntries(numbers.map((name) => [name, Number(query.get(name))])),
    ...{ state: state as Options["state"], refusing: query.get("refusing") ?? "" },
  };
}

/** Opens a view, at a step, and presses buttons by their text. */
function look(root: HTMLElement, tab: string): void {
  const press = (text: string) => [...root.querySelectorAll("button")].find((b) => b.textContent === text)?.click();
  press(tab);
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

const one = (watched ?? asked) as Scene | Watched | "all";
for (const scene of one === "all" ? (watched ? WATCHED : SCENES) : [one]) {
  const el = document.createElement("div");
  el.style.width = `${query.get("width") ?? 960}px`;
  pages.append(el);
  const model = made(scene);
  const { initialize, render } = widget();
  initialize({ model });
  render({ model, el });
  Object.assign(el, { model });
  if (plane || recorded !== null) look(el, plane ? "Trajectory" : "Spectrum");
  else if (query.has("tab") || query.has("press")) look(el, query.get("tab") ?? "Compare");
  if (!query.has("still")) setInterval(() => model.running && model.advance(1), 310);
}
