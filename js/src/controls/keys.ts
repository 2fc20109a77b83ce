import type { Client } from "../client";
import type { Context } from "../context";
import type { CommandName } from "../wire";

export interface KeyActions {
  toggleRun(): void;
  step(): void;
  moveCursor(rows: number): void;
  newest(): void;
  nudge(factor: number): void;
  toggleProcess(index: number): void;
  tab(name: string): void;
  zoom(factor: number): void;
  fork(): void;
  undo(): void;
  reset(): void;
  help(): void;
}

/** Keys, what they do, and the commands of which the run must take one. */
const KEYS: [keys: string[], what: string, commands?: CommandName[]][] = [
  [["Space"], "run or pause", ["pause", "resume"]],
  [["→"], "one step, while paused", ["step"]],
  [["←", "→"], "move the cursor, with the chart focused; Shift: ten rows"],
  [["Home", "End"], "cursor to the first or the newest row"],
  [["["], "learning rate −5 %; Shift: −20 %", ["set"]],
  [["]"], "learning rate +5 %; Shift: +20 %", ["set"]],
  [["1", "…", "5"], "show or hide a process"],
  [["T"], "trajectory"],
  [["S"], "spectrum"],
  [["C"], "compare"],
  [["+", "−"], "fewer or more steps on the time axis, about the cursor"],
  [["0"], "all steps"],
  [["F"], "fork", ["fork"]],
  [["F"], "forecast", ["forecast"]],
  [["U"], "undo the last change of a hyperparameter", ["undo"]],
  [["R"], "reset; asks once", ["reset"]],
  [["Esc"], "back to the newest step, then to all steps"],
  [["?"], "this list"],
];

/** The keys that do something, for the list that "?" shows. */
export function keyList(client: Client): [string[], string][] {
  const works = KEYS.filter(([, , commands]) => !commands || commands.some((name) => client.can(name)));
  return works.map(([keys, what]) => [keys, what]);
}

/** Keys of the whole widget; what a focused control understands itself is left to it. */
export function listenKeys(context: Context, figure: () => HTMLElement, actions: KeyActions): void {
  context.scope.listen<KeyboardEvent>(context.root, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (handle(event, figure(), actions)) event.preventDefault();
    // The notebook has keys of its own (R, M, digits, arrows), which are not meant here.
    event.stopPropagation();
  });
}

function handle(event: KeyboardEvent, figure: HTMLElement, actions: KeyActions): boolean {
  const target = event.target as HTMLElement;
  const { key, shiftKey: shift } = event;
  if (target.closest("[role=dialog], [role=menu]")) return false;
  if (target instanceof HTMLInputElement && target.type !== "range") return false;
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return false;
  const slider = target instanceof HTMLInputElement;
  const onFigure = target === figure;
  switch (key) {
    case " ":
      if (target.closest("button, pre")) return false;
      actions.toggleRun();
      return true;
    case "ArrowRight":
      if (slider) return false;
      if (onFigure) actions.moveCursor(shift ? 10 : 1);
      else actions.step();
      return true;
    case "ArrowLeft":
      if (!onFigure) return false;
      actions.moveCursor(shift ? -10 : -1);
      return true;
    case "Home":
    case "End":
      if (!onFigure) return false;
      if (key === "Home") actions.moveCursor(Number.NEGATIVE_INFINITY);
      else actions.newest();
      return true;
    case "[":
      actions.nudge(1 / 1.05);
      return true;
    case "{":
      actions.nudge(1 / 1.2);
      return true;
    case "]":
      actions.nudge(1.05);
      return true;
    case "}":
      actions.nudge(1.2);
      return true;
    case "Escape":
      actions.newest();
      return true;
    case "t":
    case "T":
      actions.tab("trajectory");
      return true;
    case "s":
    case "S":
      actions.tab("spectrum");
      return true;
    case "c":
    case "C":
      actions.tab("compare");
      return true;
    case "+":
      actions.zoom(1 / 2);
      return true;
    case "-":
    case "−":
      actions.zoom(2);
      return true;
    case "0":
      actions.zoom(Number.POSITIVE_INFINITY);
      return true;
    case "f":
    case "F":
      actions.fork();
      return true;
    case "u":
    case "U":
      actions.undo();
      return true;
    case "r":
    case "R":
      actions.reset();
      return true;
    case "?":
      actions.help();
      return true;
    default:
      if (!/^[1-9]$/.test(key)) return false;
      actions.toggleProcess(Number(key) - 1);
      return true;
  }
}
