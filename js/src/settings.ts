/**
 * What a person has set for all live views of the page. It lies on the window, since every widget loads its code by
 * itself; the JupyterLab extension puts it there, and a page of one's own may do the same. Without it the defaults hold.
 */
import type { Scope } from "./scope";

export const PALETTES = ["standard", "distinct", "greys"] as const;

export type Palette = (typeof PALETTES)[number];

export interface Settings {
  palette: Palette;
  /** Most times a second that new rows are drawn; FASTEST draws whatever the kernel sends. */
  frameRate: number;
}

/** Frames that a kernel sends at most in a second. */
export const FASTEST = 30;
const CHANGED = "rodflow-settings";

declare global {
  interface Window {
    rodflowSettings?: { palette?: string; frameRate?: number };
  }
}

/** What holds now; what cannot be used is left at its default. */
export function settings(): Settings {
  const { palette, frameRate } = window.rodflowSettings ?? {};
  const rate = Number(frameRate);
  return {
    palette: PALETTES.find((name) => name === palette) ?? "standard",
    frameRate: rate >= 1 && rate < FASTEST ? rate : FASTEST,
  };
}

/** Sets them for every view of the page, those that are there and those to come. */
export function set(given: Window["rodflowSettings"]): void {
  window.rodflowSettings = given;
  window.dispatchEvent(new Event(CHANGED));
}

/** Calls `changed` whenever they are set. */
export function watchSettings(scope: Scope, changed: () => void): void {
  scope.listen(window, CHANGED, changed);
}

/** Calls `draw` at most as often as is set: at once where it has been long enough, else when it has. */
export function paced(scope: Scope, draw: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let waiting = false;
  const now = () => {
    waiting = false;
    last = performance.now();
    draw();
  };
  return () => {
    if (waiting) return;
    const { frameRate } = settings();
    const wait = frameRate === FASTEST ? 0 : last + 1000 / frameRate - performance.now();
    if (wait <= 0) return now();
    waiting = true;
    scope.timeout(now, wait);
  };
}
