import type { Scope } from "./scope";
import type { ProcessSpec } from "./wire";

export type Kind = ProcessSpec["kind"];

interface Style {
  light: string;
  dark: string;
  width: number;
  dash: number[];
}

/** One colour a process; the dash says it too. */
const STYLES: Record<Kind, Style> = {
  iterates: { light: "#858b94", dark: "#7d848d", width: 4, dash: [] },
  rod: { light: "#c63b08", dark: "#ff7433", width: 2.1, dash: [] },
  central: { light: "#028a5f", dark: "#7fd49b", width: 2, dash: [2, 2.5] },
  edge: { light: "#885183", dark: "#d2a0cb", width: 1.6, dash: [9, 3, 2, 3] },
  stable: { light: "#1a70f2", dark: "#4b8efd", width: 1.6, dash: [7, 4] },
};

/** Further processes of one kind share its colour and differ in dash and width. */
const VARIANTS: { width: number; dash: number[] }[] = [
  { width: 1.6, dash: [5, 3] },
  { width: 1.6, dash: [1.5, 3] },
  { width: 1.3, dash: [12, 3] },
];

/** The order of legends, tables and keys. */
const ORDER: Kind[] = ["iterates", "rod", "central", "edge", "stable"];
/** The order of drawing, from below. */
const DRAWN: Kind[] = ["iterates", "stable", "edge", "central", "rod"];

export interface ProcessStyle {
  process: ProcessSpec;
  /** Label of the process; its name where an earlier process has the same label. */
  label: string;
  width: number;
  dash: number[];
  color: (theme: Theme) => string;
}

export function processStyles(processes: ProcessSpec[]): ProcessStyle[] {
  const seen = new Map<Kind, number>();
  const sorted = [...processes].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  return sorted.map((process) => {
    const index = seen.get(process.kind) ?? 0;
    seen.set(process.kind, index + 1);
    const style = STYLES[process.kind];
    const variant = index ? VARIANTS[(index - 1) % VARIANTS.length] : style;
    const first = sorted.find((other) => other.label === process.label) === process;
    return {
      process,
      label: first ? process.label : process.name,
      width: variant.width,
      dash: variant.dash,
      color: (theme) => (theme.dark ? style.dark : style.light),
    };
  });
}

export function drawingOrder(styles: ProcessStyle[]): ProcessStyle[] {
  // Variants of a kind lie below its first process, so that the default stays on top.
  return [...styles].reverse().sort((a, b) => DRAWN.indexOf(a.process.kind) - DRAWN.indexOf(b.process.kind));
}

export interface Theme {
  dark: boolean;
  ground: string;
  ink: string;
  secondary: string;
  band: string;
  grid: string;
  tint: string;
  failed: string;
  family: string;
  /** Base size of text in CSS pixels. */
  size: number;
}

/** What a canvas needs to know, read from the styles of `root` as the host's theme sets them. */
export function readTheme(root: HTMLElement): Theme {
  const style = getComputedStyle(root);
  const ground = style.backgroundColor || "#ffffff";
  const dark = luminance(ground) < 0.4;
  const secondary = style.getPropertyValue("--rf-secondary").trim();
  return {
    dark,
    ground,
    ink: style.color || (dark ? "#e3e6ea" : "#212121"),
    secondary: secondary || (dark ? "#bdbdbd" : "#616161"),
    band: dark ? STYLES.iterates.dark : STYLES.iterates.light,
    grid: dark ? "#252525" : "#ececec",
    tint: dark ? "rgba(255,255,255,0.05)" : "rgba(0,0,0,0.035)",
    failed: dark ? "#ef7b76" : "#c62828",
    family: style.fontFamily || "sans-serif",
    size: Number.parseFloat(style.fontSize) || 13,
  };
}

function luminance(color: string): number {
  const parts = color.match(/[\d.]+/g)?.map(Number) ?? [];
  if (color.startsWith("#") || parts.length < 3) return 1;
  if (parts.length > 3 && parts[3] === 0) return 1;
  return (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]) / 255;
}

/** Calls `changed` whenever the host may have switched its theme or its fonts. */
export function watchTheme(scope: Scope, root: HTMLElement, changed: () => void): void {
  let last = JSON.stringify(readTheme(root));
  const look = () => {
    const now = JSON.stringify(readTheme(root));
    if (now !== last) {
      last = now;
      changed();
    }
  };
  const soon = scope.frame(look);
  const observer = new MutationObserver(() => {
    soon();
    // JupyterLab swaps the stylesheet after it has set the attributes.
    scope.timeout(look, 300);
  });
  const document = root.ownerDocument;
  observer.observe(document.documentElement, { attributes: true });
  observer.observe(document.body, { attributes: true });
  observer.observe(document.head, { childList: true });
  scope.observe(observer);
  scope.listen(matchMedia("(prefers-color-scheme: dark)"), "change", soon);
}
