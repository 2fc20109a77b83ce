/** One kernel, as the side panel knows it: a comm on the kernel connection of its notebook, open while the panel is shown. */
import type { Kernel, KernelMessage } from "@jupyterlab/services";
import { type FromPanel, type PanelRun, PROTOCOL, type ToPanel } from "../src/generated/messages";
import { Signal } from "../src/scope";

const TARGET = "rodflow.control";
const BEACON = "rodflow.beacon";
/** A kernel that says nothing for so long is asked again: what it sent may have been lost. */
const SILENCE = 8000;
/** How long an answer may take until a person is told that there is none. */
const ANSWER = 3000;
/** How long a subshell may take to start, in which messages are handled while a cell is busy. */
const SUBSHELL = 1500;

export type Connection = Pick<
  Kernel.IKernelConnection,
  | "id"
  | "status"
  | "isDisposed"
  | "createComm"
  | "requestCommInfo"
  | "iopubMessage"
  | "statusChanged"
  | "supportsSubshells"
>;

export class Link {
  readonly changed = new Signal();
  /** Runs in the order of the kernel. */
  runs: PanelRun[] = [];
  /** What speaks against listing them, as a sentence. */
  refusal = "";
  /** Whether an answer is overdue. */
  silent = false;
  private known = new Map<string, PanelRun>();
  private comm: Kernel.IComm | null = null;
  private listening = false;
  /** Whether the kernel has the other end. */
  private met = false;
  /** Whether code ran since the kernel was asked whether it has widgets of ours. */
  private ran = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private serial = 0;
  private readonly waiting = new Map<string, (refusal: string) => void>();

  constructor(readonly kernel: Connection) {
    kernel.iopubMessage.connect(this.overhear, this);
    kernel.statusChanged.connect(this.follow, this);
  }

  dispose(): void {
    this.kernel.iopubMessage.disconnect(this.overhear, this);
    this.kernel.statusChanged.disconnect(this.follow, this);
    this.rest();
    this.answerAll("The kernel is not there any more.");
  }

  /** Begins to listen. */
  listen(): void {
    if (this.listening) return;
    this.listening = true;
    if (this.met) this.open();
    else this.ask();
  }

  /** Ends it: the kernel sends nothing any more. */
  rest(): void {
    this.listening = false;
    this.close();
  }

  /** Asks a run to pause or to go on; resolves with what spoke against it, "" for nothing. */
  command(run: string, name: "pause" | "resume"): Promise<string> {
    const id = `${++this.serial}`;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      if (!this.send({ kind: "panel-command", id, run, name })) this.answerAll("The kernel cannot be reached.");
    });
  }

  /** A kernel that has widgets of ours lists a beacon; one that is busy answers later. */
  private ask(): void {
    this.ran = false;
    this.kernel
      .requestCommInfo({ target_name: BEACON })
      .then(({ content }) => {
        if (content.status === "ok" && Object.keys(content.comms).length) this.meet();
      })
      .catch(() => {});
  }

  private meet(): void {
    if (this.met) return;
    this.met = true;
    if (this.listening) this.open();
  }

  /** A live view that is made, or that speaks, tells as well: also where the kernel is busy and answers no question. */
  private overhear(_: unknown, message: KernelMessage.IIOPubMessage): void {
    if (message.header.msg_type === "execute_input") this.ran = true;
    if (!this.met && isOurs(message)) this.meet();
  }

  private follow(_: unknown, status: Kernel.Status): void {
    if (status === "idle" && this.ran && this.listening && !this.met) this.ask();
    if (!["restarting", "autorestarting", "dead", "terminating"].includes(status)) return;
    this.met = false;
    this.close();
    this.answerAll("The kernel was restarted.");
  }

  private async open(): Promise<void> {
    if (this.comm || this.kernel.isDisposed) return;
    const comm = this.kernel.createComm(TARGET);
    this.comm = comm;
    comm.onMsg = (message) => this.receive(message.content.data as unknown as ToPanel);
    comm.onClose = () => {
      if (this.comm !== comm) return;
      this.met = false;
      this.close();
      if (this.listening) this.ask();
    };
    // Not part of the interface of comms, and missing in older JupyterLabs.
    const { subshellStarted } = comm as { subshellStarted?: Promise<void> };
    if (this.kernel.supportsSubshells && comm.commsOverSubshells !== "disabled")
      await Promise.race([subshellStarted, new Promise((resolve) => setTimeout(resolve, SUBSHELL))]);
    if (this.comm !== comm || this.kernel.isDisposed) return;
    comm.open({ ...HELLO });
    this.wait(ANSWER);
  }

  private close(): void {
    const { comm } = this;
    this.comm = null;
    clearTimeout(this.timer);
    if (comm && !comm.isDisposed && !this.kernel.isDisposed && this.kernel.status !== "dead") comm.close();
    this.known.clear();
    this.runs = [];
    this.refusal = "";
    this.silent = false;
    this.changed.emit();
  }

  /** Says hello again after so much silence, and tells people when that is not answered. */
  private wait(time: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (time === ANSWER) {
        this.silent = true;
        this.changed.emit();
      }
      this.send({ ...HELLO });
      this.wait(ANSWER);
    }, time);
  }

  private send(message: FromPanel): boolean {
    if (!this.comm || this.comm.isDisposed || this.kernel.isDisposed) return false;
    this.comm.send({ ...message });
    return true;
  }

  private receive(message: ToPanel): void {
    this.silent = false;
    this.wait(SILENCE);
    if (message.kind === "panel-runs") {
      for (const run of message.changed) this.known.set(run.id, run);
      for (const id of [...this.known.keys()]) if (!message.order.includes(id)) this.known.delete(id);
      this.runs = message.order.flatMap((id) => this.known.get(id) ?? []);
      this.send({ kind: "panel-seen", seq: message.seq });
    } else if (message.id) {
      this.waiting.get(message.id)?.(message.ok ? "" : message.message);
      this.waiting.delete(message.id);
    } else this.refusal = message.message;
    this.changed.emit();
  }

  private answerAll(refusal: string): void {
    for (const answer of this.waiting.values()) answer(refusal);
    this.waiting.clear();
  }
}

const HELLO = { kind: "panel-hello", protocol: PROTOCOL } as const;

/** Whether a message belongs to a live view: it is opened, or sends rows. */
function isOurs(message: KernelMessage.IIOPubMessage): boolean {
  const { msg_type } = message.header;
  if (msg_type !== "comm_open" && msg_type !== "comm_msg") return false;
  const { data } = message.content as KernelMessage.ICommMsgMsg["content"];
  const { state, content } = data as { state?: Record<string, unknown>; content?: { kind?: string; branch?: number } };
  if (msg_type === "comm_open") return String(state?._anywidget_id).startsWith("rodflow_widgets.");
  return content?.branch !== undefined && ["frame", "snapshot", "reply"].includes(content?.kind ?? "");
}
