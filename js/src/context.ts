import type { Client } from "./client";
import type { Range } from "./ranges";
import type { Runs } from "./runs";
import type { Scope } from "./scope";
import { Signal } from "./scope";
import type { ProcessStyle, Theme } from "./theme";
import type { PanelName } from "./wire";

/** What a person has chosen to look at in one view of a widget. */
export class ViewState {
  readonly changed = new Signal();
  readonly hidden = new Set<string>();
  readonly log = new Map<string, boolean>();
  /** Name of the view that is shown, as in `views/index.ts`. */
  tab = "compare";
  /** Panels of the Compare view, in order. */
  panels: PanelName[] = [];
  collapsed = false;
  /** Step that the cursor is at; null follows the newest. */
  cursor: number | null = null;
  /** Whether the cursor stays when the pointer leaves. */
  pinned = false;
  /** Steps that the time axis is limited to; null shows all. */
  span: Range | null = null;
  /** Hyperparameters under a hand, or sent and not yet in use. */
  readonly asked = new Map<string, number>();

  toggle(process: string): void {
    if (!this.hidden.delete(process)) this.hidden.add(process);
    this.changed.emit();
  }

  setCursor(time: number | null, pinned: boolean): void {
    if (time === this.cursor && pinned === this.pinned) return;
    this.cursor = time;
    this.pinned = pinned && time !== null;
    this.changed.emit();
  }

  setLog(panel: string, log: boolean): void {
    this.log.set(panel, log);
    this.changed.emit();
  }

  setTab(tab: string): void {
    this.tab = tab;
    this.changed.emit();
  }

  setPanels(panels: PanelName[]): void {
    this.panels = panels;
    this.changed.emit();
  }

  setCollapsed(collapsed: boolean): void {
    this.collapsed = collapsed;
    this.changed.emit();
  }

  setSpan(span: Range | null): void {
    this.span = span;
    this.changed.emit();
  }
}

/** What every part of one mounted widget shares. */
export interface Context {
  readonly runs: Runs;
  /** The branch that is looked at: another one after `runs.select`, so read it anew at every update. */
  readonly client: Client;
  readonly scope: Scope;
  readonly root: HTMLElement;
  readonly view: ViewState;
  theme: Theme;
  /** Processes of the branch in the order of legends; rebuilt when its spec changes. */
  styles: ProcessStyle[];
  /** Width class: wide, narrow (below 720 px) or tiny (below 480 px). */
  size: "wide" | "narrow" | "tiny";
  /** Draws everything anew before the next paint. */
  redraw(): void;
}

/** A part of the widget that follows the client and the view. */
export interface Part {
  readonly element: HTMLElement;
  update(): void;
}

/** The state shown to a person: that of the run, or that there is no kernel: it has gone, or the run was saved. */
export type Shown = Client["status"]["state"] | "gone" | "saved";

export function shownState(client: Client): Shown {
  if (client.recorded) return "saved";
  return client.gone ? "gone" : client.status.state;
}

/** Learning rate at which the newest sharpness of the iterates is at the edge, with the other hyperparameters as they are. */
export function edgeRate(context: Context): number | null {
  const sharpness = newestOfIterates(context, "sharpness");
  const { edgeFactor } = context.client.status;
  return edgeFactor !== null && sharpness !== null && sharpness > 0 ? edgeFactor / sharpness : null;
}

/** Edge threshold of the hyperparameters in use, and of the learning rate under the hand; null once the run has ended. */
export function thresholdNow({ client, view }: Context): number | null {
  const { edgeFactor, values } = client.status;
  const rate = view.asked.get("learning_rate") ?? values.learning_rate;
  const going = ["ready", "running", "paused", "finished"].includes(shownState(client));
  return going && edgeFactor !== null && rate > 0 ? edgeFactor / rate : null;
}

export function newestOfIterates({ client, styles }: Context, column: string): number | null {
  const process = styles.find((style) => style.process.kind === "iterates");
  const table = process && client.store.table(process.process.name);
  const values = table?.column(column);
  if (!values) return null;
  for (let row = values.length - 1; row >= Math.max(0, values.length - 50); row--) {
    const value = values.at(row);
    if (value !== null) return value;
  }
  return null;
}
