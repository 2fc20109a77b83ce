import type * as Wire from "./generated/messages";
import type { Model } from "./model";
import { Scope, Signal } from "./scope";
import { Store } from "./store";
import {
  type Branch,
  type CommandName,
  PROTOCOL,
  type Reply,
  type Rows,
  type RunStatus,
  readRows,
  readStatus,
  readSurvey,
  type Spec,
  type State,
  type Survey,
} from "./wire";

/** How long a kernel may take to answer a hello before the page says that it has gone; any message revokes that. */
export const ANSWER_TIMEOUT = 5000;
/** A kernel that is silent for so long although its run goes on is asked whether it is there: not every host tells. */
export const SILENCE = 10_000;
/** How often a hello is said in all; the pauses double up to ten seconds. */
const RETRIES = 40;
/** A page that cannot draw (a hidden tab) acknowledges frames after this time, so that the run is not held up. */
const DRAW_TIMEOUT = 250;

/** What is only for a run that goes on. */
const STEERING: CommandName[] = [
  ...(["pause", "resume", "step", "set", "undo", "schedule", "stop", "forecast", "measure"] as const),
];
const ENDED: State[] = ["finished", "stopped", "diverged", "error"];

const SAVED =
  "This is a saved picture, without a run that could do that: run its cell again, or rf.resume the run, for a live one.";
const DROPPED = "This run is not shown any more.";

/** What a survey tells: a part or all of it, or why there is none. */
export type SurveyListener = (survey: Survey | null, refusal: string) => void;

/** Speaks with the kernel for one branch of a widget model: one client and one store, however many views there are. */
export class Client {
  readonly store = new Store();
  readonly scope = new Scope();
  readonly changed = new Signal();
  readonly id = identity();
  branch: Branch;
  status: RunStatus;
  gone: boolean;
  /** Whether this is a saved run, without a kernel that could answer. */
  readonly recorded: boolean;
  /** Message of the last command that was refused, until one succeeds. */
  refusal = "";

  /** Newest of the frames that the kernel asked about and that are not drawn. */
  private undrawn: number | null = null;
  /** Whether the kernel has been heard of since the page is there. */
  private met = false;
  /** Whether the kernel has refused to speak with this page. */
  private foreign = false;
  private readonly waiting = new Map<string, (reply: Reply) => void>();
  private readonly surveys = new Map<string, SurveyListener>();
  private stopDrawTimer = () => {};
  private stopAnswerTimer = () => {};
  private stopRetry = () => {};
  private stopSilence = () => {};
  /** Whether rows have been asked for that did not come yet. */
  private asking = false;
  private serial = 0;

  /** `viewed` says whether there is a view that will draw frames and call `drawn`. */
  constructor(
    private readonly model: Model,
    branch: Branch,
    private readonly viewed: () => boolean,
  ) {
    this.branch = branch;
    this.recorded = model.get("recorded") === true;
    this.gone = this.recorded;
    this.status = readStatus(statusOf(model, branch.id));
    this.store.reset(this.spec.run);
    this.on("msg:custom", (content: Wire.ToPage, buffers: DataView[]) => this.receive(content, buffers ?? []));
    this.on("change:statuses", () => this.readStatus());
    this.on("comm_live_update", () => this.hello());
    if (this.recorded) return;
    this.scope.listen(window, "pagehide", () => this.send({ kind: "bye", ...this.sender }));
    this.scope.listen<PageTransitionEvent>(window, "pageshow", (event) => event.persisted && this.hello());
  }

  get spec(): Spec {
    return this.branch.spec;
  }

  /** The step that the run is at: rows come more often than the status does. */
  get step(): number {
    const { state, step } = this.status;
    return state === "running" ? Math.max(step, Math.floor(this.store.newest)) : step;
  }

  /** Steps in all; null where nobody knows. A run that has ended made them. */
  get steps(): number | null {
    const { state, step } = this.status;
    const told = this.status.steps ?? this.spec.steps;
    if (told !== null) return Math.max(told, this.spec.steps ?? 0);
    return ENDED.includes(state) ? Math.max(step, this.store.newest) : null;
  }

  /** Whether the branch takes a command at all; whether it does so now depends on its state. */
  can(name: CommandName): boolean {
    return this.branch.commands.includes(name) && !(this.over && STEERING.includes(name));
  }

  /** Whether it has ended for good, as a training loop does: nothing makes it go on. */
  private get over(): boolean {
    const { commands } = this.branch;
    return ENDED.includes(this.status.state) && !commands.includes("extend") && !commands.includes("reset");
  }

  /** Whether the engine can be asked for what is not recorded. */
  get answers(): boolean {
    return !this.gone && this.can("survey");
  }

  private on(name: string, handler: (...values: never[]) => void): void {
    this.model.on(name, handler);
    this.scope.add(() => this.model.off(name, handler));
  }

  /** Acknowledges all frames received so far. */
  drawn(): void {
    this.stopDrawTimer();
    const seq = this.undrawn;
    this.undrawn = null;
    if (seq !== null) this.send({ kind: "ack", ...this.sender, seq });
  }

  /** Sends a command; resolves with the kernel's reply. */
  command(name: CommandName, args: Record<string, unknown> = {}): Promise<Reply> {
    return this.order(`${this.id}-${++this.serial}`, name, args);
  }

  /** Asks the engine for a survey; the result ends the interest in it, and the work. */
  survey(topic: string, args: Record<string, unknown>, listener: SurveyListener): { id: string; end: () => void } {
    const id = `${this.id}-${++this.serial}`;
    this.surveys.set(id, listener);
    this.order(id, "survey", { topic, ...args }, false).then((reply) => {
      if (!reply.ok && this.surveys.has(id)) listener(null, reply.message);
      this.surveys.delete(id);
    });
    const end = () => {
      if (this.surveys.delete(id)) this.order(`${this.id}-${++this.serial}`, "cancel", { id }, false);
    };
    return { id, end };
  }

  dispose(): void {
    if (this.scope.disposed) return;
    this.send({ kind: "bye", ...this.sender });
    this.scope.dispose();
    this.store.dispose();
    this.surveys.clear();
    this.gone = true;
    for (const [id, answer] of this.waiting) answer(this.no(id, DROPPED));
    this.waiting.clear();
  }

  private no(id: string, message: string): Reply {
    return { kind: "reply", branch: this.branch.id, id, ok: false, message, step: null };
  }

  private get sender(): { branch: number; client: string } {
    return { branch: this.branch.id, client: this.id };
  }

  private order(id: string, name: CommandName, args: Record<string, unknown>, told = true): Promise<Reply> {
    if (this.recorded) {
      if (told) this.refusal = SAVED;
      this.changed.emit();
      return Promise.resolve(this.no(id, SAVED));
    }
    return new Promise((resolve) => {
      this.waiting.set(id, (reply) => {
        if (told) this.refusal = reply.ok ? "" : reply.message;
        resolve(reply);
      });
      this.send({ kind: "command", ...this.sender, id, name, args });
    });
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
  hello(attempt = 0): void {
    if (this.recorded) return;
    this.asking = true;
    if (!attempt) {
      this.stopAnswerTimer();
      this.stopAnswerTimer = this.scope.timeout(() => this.setGone(true), ANSWER_TIMEOUT);
    }
    this.stopRetry();
    if (attempt < RETRIES) this.stopRetry = this.scope.timeout(() => this.hello(attempt + 1), retryAfter(attempt));
    const { run } = this.store;
    this.send({ kind: "hello", ...this.sender, protocol: PROTOCOL, run, rows: this.store.held() });
  }

  private answered(): void {
    this.asking = false;
    this.stopRetry();
  }

  private heard(): void {
    this.met = true;
    this.stopAnswerTimer();
    this.stopSilence();
    if (this.status.state === "running" && !this.foreign)
      this.stopSilence = this.scope.timeout(() => this.hello(), SILENCE);
    this.setGone(false);
  }

  private setGone(gone: boolean): void {
    if (this.gone === gone) return;
    this.gone = gone;
    this.changed.emit();
  }

  private receive(content: Wire.ToPage, buffers: DataView[]): void {
    if (content.branch !== this.branch.id) return;
    if (content.kind === "reply") this.receiveReply(content);
    else if (content.kind === "survey") {
      this.heard();
      this.surveys.get(content.id)?.(readSurvey(content, buffers), "");
    } else if (content.kind === "frame" || content.kind === "snapshot") {
      this.heard();
      this.receiveRows(readRows(content, buffers));
    }
  }

  private receiveReply(reply: Reply): void {
    this.heard();
    const hello = reply.id === this.id;
    if (hello) {
      this.answered();
      this.foreign = !reply.ok;
      if (this.foreign) this.stopSilence();
      this.refusal = reply.ok ? "" : reply.message;
    }
    const known = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    known?.(reply);
    if (known || hello) this.changed.emit();
  }

  private receiveRows(rows: Rows): void {
    if (rows.kind === "snapshot" && rows.to !== this.id) return;
    this.take(rows);
    if (!rows.ack) return;
    const waiting = this.undrawn !== null;
    this.undrawn = rows.seq;
    if (!this.viewed()) this.drawn();
    else if (!waiting) this.stopDrawTimer = this.scope.timeout(() => this.drawn(), DRAW_TIMEOUT);
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

  /** The trait `branches` is new. */
  describe(branch: Branch): void {
    this.branch = branch;
    if (this.spec.run > this.store.run) this.store.reset(this.spec.run);
    this.changed.emit();
  }

  private readStatus(): void {
    const raw = statusOf(this.model, this.branch.id);
    if (!raw) return;
    this.status = readStatus(raw);
    this.heard();
    this.changed.emit();
  }

  /** The snapshot trait draws a saved or exported page; a page that a kernel answers asks it for the rows themselves. */
  keep(rows: Rows): void {
    const held = this.store.held();
    const newer = rows.blocks.some((block) => (block.totalRows ?? block.rows) > (held[block.table] ?? 0));
    if (rows.run < this.store.run || (rows.run === this.store.run && !newer)) return;
    if (this.met && !this.gone) {
      if (!this.asking) this.hello();
    } else this.store.replace(rows.run, rows.blocks, rows.events);
  }
}

function statusOf(model: Model, branch: number): Wire.RunStatus {
  return (model.get("statuses") as Record<string, Wire.RunStatus>)[branch];
}

function retryAfter(attempt: number): number {
  return Math.min(250 * 2 ** attempt, 10_000);
}

/** `crypto.randomUUID` exists only on secure origins, and a remote JupyterLab may have none. */
function identity(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return [...words].map((word) => word.toString(16).padStart(8, "0")).join("");
}
