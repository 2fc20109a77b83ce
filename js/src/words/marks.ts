/** The word and the mark of every state. */
import type { Shown } from "../context";
import type { Icon } from "../dom";

export const MARKS: Record<Shown, { word: string; icon: Icon }> = {
  ready: { word: "Ready", icon: "dot" },
  running: { word: "Running", icon: "dot" },
  paused: { word: "Paused", icon: "bars" },
  finished: { word: "Finished", icon: "check" },
  stopped: { word: "Stopped", icon: "square" },
  diverged: { word: "Diverged", icon: "diamond" },
  error: { word: "Stopped on an error", icon: "diamond" },
  gone: { word: "No kernel", icon: "ring" },
  saved: { word: "Saved", icon: "ring" },
};
