import type { Scope } from "./scope";
import { type Palette, settings, watchSettings } from "./settings";
import type { ProcessSpec } from "./wire";

export type Kind = ProcessSpec["kind"];

interface Style {
  width: number;
  dash: number[];
}

interface Shades {
  light: string;
  dark: string;
}

/** One dash a process: colour never stands alone. */
const STYLES: Record<Kind, Style> = {
  iterates: { width: 4, dash: [] },
  rod: { width: 2.1, dash: [] },
  central: { width: 2, dash: [2, 2.5] },
  edge: { width: 1.6, dash: [9, 3, 2, 3] },
  stable: { width: 1.6, dash: [7, 4] },
};

/**
 * One colour a process. Where colours are told apart badly the least ΔE2000 of two of them (Machado's simulation of full
 * severity) is 13.5 in `standard` and 17.5 in `distinct`, whose colours differ from the ink as much.
 */
const COLOURS: Record<Palette, Record<Kind, Shades>> = {
  standard: {
    iterates: { light: "#858b94", dark: "#7d848d" },
    rod: { light: "#c63b08", dark: "#ff7433" },
    central: { light: "#028a5f", dark: "#7fd49b" },
    edge: { light: "#885183", dark: "#d2a0cb" },
    stable: { light: "#1a70f2", dark: "#4b8efd" },
  },
  distinct: {
    iterates: { light: "#858b94", dark: "#7d848d" },
    rod: { light: "#f13902", dark: "#dd932a" },
    central: { light: "#039a63", dark: "#1ff3a3" },
    edge: { light: "#9a0862", dark: "#be0ceb" },
    stable: { light: "#1358e2", dark: "#92adfa" },
  },
  greys: {
    iterates: { light: "#a6a6a6", dark: "#6e6e6e" },
    rod: { light: "#000000", dark: "#ffffff" },
    central: { light: "#1f1f1f", dark: "#e6e6e6" },
    edge: { light: "#575757", dark: "#b4b4b4" },
    stable: { light: "#3b3b3b", dark: "#cdcdcd" },
  },
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
      color: (theme) => shade(COLOURS[theme.palette][process.kind], theme),
    };
  });
}

export function drawingOrder(styles: ProcessStyle[]): ProcessStyle[] {
  // Variants of a kind lie below its first process, so that the default stays on top.
  return [...styles].reverse().sort((a, b) => DRAWN.indexOf(a.process.kind) - DRAWN.indexOf(b.process.kind));
}

/** The one of two shades that fits the ground. */
export function shade({ light, dark }: Shades, theme: Pick<Theme, "dark">): string {
  return theme.dark ? dark : light;
}

export interface Theme {
  dark: boolean;
  palette: Palette;
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
  const { palette } = settings();
  const secondary = style.getPropertyValue("--rf-secondary").trim();
  return {
    dark,
    palette,
    ground,
    ink: style.color || (dark ? "#e3e6ea" : "#212121"),
    secondary: secondary || (dark ? "#bdbdbd" : "#616161"),
    band: shade(COLOURS[palette].iterates, { dark }),
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

/** Calls `changed` whenever the host may have switched its theme or its fonts, or the palette is another one. */
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
  watchSettings(scope, look);
  scope.listen(matchMedia("(prefers-color-scheme: dark)"), "change", soon);
}
