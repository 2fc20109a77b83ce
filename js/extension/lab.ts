/**
 * Notebooks and consoles, as far as they are used here. Their packages are not imported: what is found in the main area
 * with a session is one, in JupyterLab and in Notebook 7.
 */
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { Kernel } from "@jupyterlab/services";
import type { ISignal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";

interface Outputs {
  readonly length: number;
  get(index: number): { data: Record<string, unknown> };
}

interface Cell {
  readonly node: HTMLElement;
  readonly outputArea?: { readonly model: Outputs; readonly node: HTMLElement };
}

export interface Document extends Widget {
  readonly sessionContext: {
    readonly name: string;
    readonly session: { readonly kernel: Kernel.IKernelConnection | null } | null;
    readonly kernelChanged: ISignal<unknown, unknown>;
  };
  readonly content?: {
    readonly widgets?: readonly Cell[];
    scrollToItem?(index: number, align?: string): Promise<void>;
  };
}

const VIEW = "application/vnd.jupyter.widget-view+json";

/** All documents with a session in the main area. */
export function documents(shell: JupyterFrontEnd.IShell): Document[] {
  return [...shell.widgets("main")].filter((widget): widget is Document => "sessionContext" in widget);
}

/** Shows the output with the live view `view`, in one of `among`; false where none of them has it. */
export async function reveal(shell: JupyterFrontEnd.IShell, among: Document[], view: string): Promise<boolean> {
  for (const document of among) {
    const cell = cellWith(document, view);
    if (cell < 0 && !shown(document, view)) continue;
    shell.activateById(document.id);
    if (cell >= 0) await document.content?.scrollToItem?.(cell, "center");
    await painted();
    const target = shown(document, view) ?? document.content?.widgets?.[cell]?.outputArea?.node;
    target?.scrollIntoView({ block: "start" });
    // What has the focus is ringed, and takes the keys.
    target?.querySelector<HTMLElement>(".rf-figure")?.focus({ preventScroll: true });
    return true;
  }
  return false;
}

function shown(document: Document, view: string): HTMLElement | null {
  return document.node.querySelector<HTMLElement>(`.rodflow-view-${CSS.escape(view)}`);
}

/** Index of the cell with the view in an output of its own, or in one that is drawn now; -1 for none. */
function cellWith(document: Document, view: string): number {
  const cells = document.content?.widgets ?? [];
  const element = shown(document, view);
  return cells.findIndex(
    ({ node, outputArea }) => (element && node.contains(element)) || (outputArea && has(outputArea.model, view)),
  );
}

function has(outputs: Outputs, view: string): boolean {
  for (let i = 0; i < outputs.length; i++) {
    const own = outputs.get(i).data[VIEW] as { model_id?: string } | undefined;
    if (own?.model_id === view) return true;
  }
  return false;
}

function painted(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}
