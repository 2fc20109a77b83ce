import type * as Wire from "./generated/messages";
import type { Model } from "./model";
import { Scope, Signal } from "./scope";
import { Store } from "./store";
import {
  type CommandName,
  PROTOCOL,
  type Reply,
  type Rows,
  type RunStatus,
  readRows,
  readStatus,
  type Spec,
  unpack,
} from "./wire";

/** How long a kernel may take to answer a hello before the page says that it has gone; any message revokes that. */
export const ANSWER_TIMEOUT = 5000;
/** How often a hello is said in all; the pauses double up to ten seconds. */
const RETRIES = 40;
/** A page that cannot draw (a hidden tab) acknowledges frames after this time, so that the run is not held up. */
const DRAW_TIMEOUT = 250;

/** Speaks with the kernel for one widget model: one client and one store, however many views there are. */
export class Client {
  readonly store = new Store();
  readonly scope = new Scope();
  readonly changed = new Signal();
  readonly id = identity();
  spec: Spec;
  status: RunStatus;
  gone = false;
  /** Message of the last command that was refused, until one succeeds. */
  refusal = "";

  private readonly undrawn: number[] = [];
  private readonly waiting = new Map<string, (reply: Reply) => void>();
  private stopDrawTimer = () => {};
  private stopAnswerTimer = () => {};
  private stopRetry = () => {};
  private viewers = 0;
  /** Whether rows have been asked for that did not come yet. */
  private asking = false;
  private serial = 0;

  constructor(private readonly model: Model) {
    this.spec = model.get("spec") as Spec;
    this.status = readStatus(model.get("status") as Wire.RunStatus);
    this.store.reset(this.spec.run);
    this.on("msg:custom", (content: Wire.ToPage, buffers: DataView[]) => this.receive(content, buffers ?? []));
    this.on("change:spec", () => this.readSpec());
    this.on("change:status", () => this.readStatus());
    this.on("change:snapshot", () => this.readSnapshot());
    this.on("comm_live_update", () => this.hello());
    this.readSnapshot();
    this.hello();
  }

  private on(name: string, handler: (...values: never[]) => void): void {
    this.model.on(name, handler);
    this.scope.add(() => this.model.off(name, handler));
  }

  /** A view that draws frames; call `drawn` after each draw, and the result when the view ends. */
  watch(): () => void {
    this.viewers++;
    return this.scope.add(() => {
      this.viewers--;
      if (!this.viewers) this.drawn();
    });
  }

  /** Acknowledges all frames received so far. */
  drawn(): void {
    this.stopDrawTimer();
    for (const seq of this.undrawn.splice(0)) this.send({ kind: "ack", client: this.id, seq });
  }

  /** Sends a command; resolves with the kernel's reply. */
  command(name: CommandName, args: Record<string, number> = {}): Promise<Reply> {
    const id = `${this.id}-${++this.serial}`;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.send({ kind: "command", client: this.id, id, name, args });
    });
  }

  dispose(): void {
    if (this.scope.disposed) return;
    this.send({ kind: "bye", client: this.id });
    this.scope.dispose();
    this.waiting.clear();
  }

  private send(message: Wire.ToKernel): void {
    try {
      this.model.send(message);
    } catch {
      this.setGone(true);
    }
  }

  /**
   * Asks for the rows that are missing, again and again until some come: a message that reaches the kernel before the
   * host has set up its subshell waits behind the cell that is running, and one sent a little later does not.
   */
  private hello(attempt = 0): void {
    this.asking = true;
    if (!attempt) {
      this.stopAnswerTimer();
      this.stopAnswerTimer = this.scope.timeout(() => this.setGone(true), ANSWER_TIMEOUT);
    }
    this.stopRetry();
    if (attempt < RETRIES) this.stopRetry = this.scope.timeout(() => this.hello(attempt + 1), retryAfter(attempt));
    const { run } = this.store;
    this.send({ kind: "hello", client: this.id, protocol: PROTOCOL, run, rows: this.store.held() });
  }

  private answered(): void {
    this.asking = false;
    this.stopRetry();
  }

  private heard(): void {
    this.stopAnswerTimer();
    this.setGone(false);
  }

  private setGone(gone: boolean): void {
    if (this.gone === gone) return;
    this.gone = gone;
    this.changed.emit();
  }

  private receive(content: Wire.ToPage, buffers: DataView[]): void {
    if (content.kind === "reply") {
      this.heard();
      this.waiting.get(content.id)?.(content);
      const hello = content.id === this.id;
      if (hello) this.answered();
      if (this.waiting.delete(content.id) || hello) {
        this.refusal = content.ok ? "" : content.message;
        this.changed.emit();
      }
      return;
    }
    if (content.kind !== "frame" && content.kind !== "snapshot") return;
    this.heard();
    const rows = readRows(content, buffers);
    if (rows.kind === "snapshot" && rows.to !== this.id) return;
    this.take(rows);
    this.undrawn.push(rows.seq);
    if (!this.viewers) this.drawn();
    else if (this.undrawn.length === 1) this.stopDrawTimer = this.scope.timeout(() => this.drawn(), DRAW_TIMEOUT);
  }

  private take(rows: Rows): void {
    const { store } = this;
    if (rows.run < store.run) return;
    if (rows.kind === "snapshot") {
      this.answered();
      store.replace(rows.run, rows.blocks, rows.events);
      return;
    }
    if (rows.run > store.run) store.reset(rows.run);
    if (store.hasGap(rows.blocks, rows.firstEvent)) {
      // Rows or events in between were lost, or a snapshot is on its way: ask once, and take no rows out of order.
      if (!this.asking) this.hello();
      return;
    }
    this.answered();
    store.append(rows.blocks, rows.events, rows.firstEvent);
  }

  private readSpec(): void {
    this.spec = this.model.get("spec") as Spec;
    if (this.spec.run > this.store.run) this.store.reset(this.spec.run);
    this.changed.emit();
  }

  private readStatus(): void {
    this.heard();
    this.status = readStatus(this.model.get("status") as Wire.RunStatus);
    this.changed.emit();
  }

  /** The snapshot trait draws a saved or exported page; a live run that already holds more keeps it. */
  private readSnapshot(): void {
    const data = this.model.get("snapshot") as DataView | null;
    if (!data?.byteLength) return;
    const rows = unpack(data);
    const held = this.store.held();
    const newer = rows.blocks.some((block) => (block.totalRows ?? block.rows) > (held[block.table] ?? 0));
    if (rows.run > this.store.run || (rows.run === this.store.run && newer)) {
      this.store.replace(rows.run, rows.blocks, rows.events);
    }
  }
}

function retryAfter(attempt: number): number {
  return Math.min(250 * 2 ** attempt, 10_000);
}

/** `crypto.randomUUID` exists only on secure origins, and a remote JupyterLab may have none. */
function identity(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return [...words].map((word) => word.toString(16).padStart(8, "0")).join("");
}
