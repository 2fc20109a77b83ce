/** A kernel without Python: it answers hello and commands, and streams a series that was made beforehand. */
import {
  type Branch,
  type CommandName,
  type Event,
  type Parameter,
  PROTOCOL,
  type RunStatus,
  type ScheduleSpec,
  type Snapshot,
  type Spec,
  type State,
  type ToKernel,
} from "../src/generated/messages";
import type { Model } from "../src/model";
import { encode, learningRate, makeSeries, rowsUntil, type Series } from "./series";

/** A state of the run, or "ended": it finished, and stable flow had stopped at `FLOW_STOP`. */
export type Scene = State | "gone" | "ended";

/** All that a run takes. */
const COMMANDS: CommandName[] = [
  ...(["pause", "resume", "step", "set", "undo", "schedule", "stop"] as const),
  ...(["reset", "extend", "fork", "survey", "cancel"] as const),
];

export const FLOW_STOP = 214;

const decay = (name: string, label: string, value: number): Parameter => ({
  ...{ name, label, default: value, lower: 0, upper: 1, unit: "", scale: "decay", meaning: "share that stays" },
  ...{ open_lower: false, open_upper: true },
});
const small = (name: string, label: string, value: number, upper: number): Parameter => ({
  ...{ name, label, default: value, lower: 0, upper, unit: "", scale: "log", meaning: "made up" },
  ...{ open_lower: false, open_upper: false },
});

/** The hyperparameters of NAdam beside the learning rate. */
export const NADAM: Parameter[] = [
  decay("beta1", "momentum β₁", 0.9),
  decay("beta2", "second moment β₂", 0.99),
  small("eps", "ε", 1e-8, 1),
  small("momentum_decay", "momentum decay ψ", 4e-3, 1e6),
];

const count: Parameter = {
  ...{ name: "steps", label: "steps", default: 100, lower: 1, upper: 1e9, unit: "steps", scale: "log" },
  ...{ meaning: "how long it takes", open_lower: false, open_upper: false },
};
const SCHEDULES: ScheduleSpec[] = [
  { kind: "cosine", label: "cosine", meaning: "half a cosine down to a learning rate", parameters: [count] },
  { kind: "drawn", label: "drawn by hand", meaning: "through points", parameters: [] },
];

const STATE: Partial<Record<Scene, State>> = { gone: "running", ended: "finished" };

type Handler = (...values: never[]) => void;

export class FakeModel implements Model {
  readonly sent: ToKernel[] = [];
  /** A kernel that does not answer, and whose frames are lost. */
  deaf = false;
  /** A kernel that does not tell how its status changes. */
  quiet = false;
  /** A kernel that is not there. */
  closed = false;
  readonly handlers = new Map<string, Set<Handler>>();
  protected readonly traits: Record<string, unknown> = {};
  protected series: Series[];
  protected step: number;
  private seq = 0;
  protected run = 1;
  protected readonly values: Record<string, number>;
  protected readonly events: Event[] = [];
  protected branches: Branch[];

  /** `others`: hyperparameters beside the learning rate; a `beta1` moves the edge. */
  constructor(
    private readonly scene: Scene,
    readonly steps = 600,
    private readonly others: Parameter[] = [],
  ) {
    const diverged = scene === "diverged";
    this.series = makeSeries(steps, diverged ? 160 : undefined, scene === "ended" ? FLOW_STOP : undefined);
    this.step = {
      ready: -1,
      running: 486,
      paused: 392,
      finished: steps,
      stopped: 300,
      diverged: 169,
      error: 96,
      gone: 486,
      ended: steps,
    }[scene];
    if (diverged) this.step = this.series[0].rows.length - 1;
    const rate = diverged ? 3.4 : learningRate(Math.max(0, this.step));
    this.values = { learning_rate: rate, ...Object.fromEntries(others.map((p) => [p.name, p.default])) };
    if (diverged) this.events.push({ step: 160, name: "learning_rate", old: 0.6, new: 3.4, note: "" });
    else
      for (const at of [160, 400])
        if (at <= this.step)
          this.events.push({
            step: at,
            name: "learning_rate",
            old: learningRate(at - 1),
            new: learningRate(at),
            note: "",
          });
    this.traits.protocol = PROTOCOL;
    this.branches = [this.branch()];
    this.traits.branches = this.branches;
    this.become(STATE[scene] ?? (scene as State));
    this.traits.snapshot = null;
  }

  /** What the notebook sets. */
  set(name: string, value: unknown): void {
    this.traits[name] = value;
  }

  get(name: string): unknown {
    return this.traits[name];
  }

  on(name: string, handler: Handler): void {
    if (!this.handlers.has(name)) this.handlers.set(name, new Set());
    this.handlers.get(name)?.add(handler);
  }

  off(name: string, handler: Handler): void {
    this.handlers.get(name)?.delete(handler);
  }

  get listeners(): number {
    return [...this.handlers.values()].reduce((sum, set) => sum + set.size, 0);
  }

  send(content: unknown): void {
    if (this.closed) throw new Error("Cannot send");
    const message = content as ToKernel;
    this.sent.push(message);
    if (message.kind === "hello") queueMicrotask(() => this.welcome(message.client, message.branch));
    if (message.kind === "command" && this.branchCommand(message)) return;
    if (message.kind === "command") {
      const [name, value] = (Object.entries(message.args)[0] as [string, number] | undefined) ?? ["", 0];
      const ok = message.name !== "set" || value > 0;
      const text = ok ? "" : `${name}=${value} is not usable: give a number in (0, inf].`;
      if (message.name === "set" && ok) {
        this.events.push({ step: Math.max(0, this.step), name, old: this.values[name], new: value, note: "" });
        this.values[name] = value;
        this.frame([]);
      }
      this.emit("msg:custom", { kind: "reply", branch: 0, id: message.id, ok, message: text, step: this.step }, []);
      if (message.name === "pause") this.become("paused");
      else if (message.name === "resume") this.become("running");
      else if (message.name === "set") this.become(this.state);
      else if (message.name === "step") this.advance(1);
      else if (message.name === "reset") this.reset();
    }
  }

  /** What concerns the view rather than a run; a fork holds the rows of its parent and stands still. */
  private branchCommand({ branch, id, name, args }: Extract<ToKernel, { kind: "command" }>): boolean {
    if (!["fork", "edit", "remove"].includes(name)) return false;
    const message = args.name === "taken" ? 'name="taken" is taken by another branch: give a free one.' : "";
    if (!message && name === "fork") {
      const step = Number(args.at ?? this.step);
      const own = { id: this.branches.length, name: `fork at ${step}`, kind: "fork" as const };
      this.branches.push({ ...this.branch(), ...own, parent: branch, step });
    } else if (!message && name === "edit") Object.assign(this.branches[branch], args);
    else if (!message) this.branches.splice(branch, 1);
    this.tellBranches();
    this.emit("msg:custom", { kind: "reply", branch, id, ok: !message, message, step: null }, []);
    return true;
  }

  protected tellBranches(): void {
    const { state } = this;
    this.traits.statuses = Object.fromEntries(
      this.branches.map(({ id }) => [id, this.status(id ? "paused" : state, id)]),
    );
    this.traits.branches = structuredClone(this.branches);
    this.emit("change:branches");
  }

  /** Goes on by `n` steps and streams them. */
  advance(n: number): void {
    const from = this.step;
    this.step = Math.min(this.step + n, this.steps);
    this.frame(this.series.map((series) => [rowsUntil(series, from), rowsUntil(series, this.step)]));
    this.become(this.step === this.steps ? "finished" : this.state);
  }

  /** Another page, or the notebook, changes the learning rate. */
  use(rate: number): void {
    this.values.learning_rate = rate;
    this.become(this.state);
  }

  /** As momentum moves it, 2 where it is 0.9 or where there is none. */
  private get edgeFactor(): number {
    const { beta1 } = this.values;
    return beta1 === undefined ? 2 : (2 * (1 + beta1) * 0.1) / ((1 - beta1) * 1.9);
  }

  private get state(): State {
    return (this.traits.statuses as Record<string, RunStatus>)[0].state;
  }

  protected branch(): Branch {
    const own = { id: 0, name: "run", colour: "", hidden: false, kind: "run" as const, parent: null, step: null };
    return { ...own, commands: COMMANDS, notes: [], spec: this.spec() };
  }

  get running(): boolean {
    return this.state === "running";
  }

  close(): void {
    this.closed = true;
    this.emit("comm_live_update");
  }

  /** Sends a message to the page. */
  tell(content: unknown, buffers: DataView[] = []): void {
    this.emit("msg:custom", content, buffers);
  }

  /** Puts all rows so far into the snapshot trait, as a finished run does. */
  save(): void {
    const { header, buffers } = this.snapshot("");
    const json = new TextEncoder().encode(JSON.stringify(header));
    const length = Math.ceil(json.length / 4) * 4;
    const size = buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
    const bytes = new Uint8Array(4 + length + size).fill(32, 0, 4 + length);
    new DataView(bytes.buffer).setUint32(0, length, true);
    bytes.set(json, 4);
    let start = 4 + length;
    for (const buffer of buffers) {
      bytes.set(new Uint8Array(buffer.buffer), start);
      start += buffer.byteLength;
    }
    this.traits.snapshot = new DataView(bytes.buffer);
    this.emit("change:snapshot");
  }

  protected emit(name: string, ...values: unknown[]): void {
    if (this.deaf && name === "msg:custom") return;
    for (const handler of this.handlers.get(name) ?? []) (handler as (...values: unknown[]) => void)(...values);
  }

  protected become(state: State): void {
    if (this.quiet) return;
    this.traits.statuses = { ...(this.traits.statuses as object), 0: this.status(state) };
    this.emit("change:statuses");
  }

  protected reset(): void {
    this.run++;
    this.step = -1;
    this.events.length = 0;
    this.branches = [this.branch()];
    this.tellBranches();
    this.become("ready");
  }

  protected frame(ranges: number[][], branch = 0, told = this.series): void {
    const blocks = ranges.flatMap(([from, to], i) => (to > from ? [encode(told[i], from, to)] : []));
    this.emit(
      "msg:custom",
      {
        kind: "frame",
        branch,
        run: this.run,
        seq: ++this.seq,
        blocks: blocks.map(({ header }) => header),
        events: branch ? [] : this.events,
        first_event: 0,
        ack: true,
      },
      blocks.map(({ buffer }) => buffer),
    );
  }

  private welcome(client: string, branch: number): void {
    const { header, buffers } = this.snapshot(client, branch);
    this.tell(header, buffers);
    if (this.scene === "gone") this.close();
  }

  /** What a branch has recorded, or will have; and up to which step. */
  protected rows(_branch: number): Series[] {
    return this.series;
  }

  protected reach(_branch: number): number {
    return this.step;
  }

  protected eventsOf(_branch: number): Event[] {
    return this.events;
  }

  private snapshot(to: string, branch = 0): { header: Snapshot; buffers: DataView[] } {
    const blocks = this.rows(branch).map((series) => encode(series, 0, rowsUntil(series, this.reach(branch))));
    const header: Snapshot = {
      kind: "snapshot",
      branch,
      run: this.run,
      seq: ++this.seq,
      blocks: blocks.map((block) => block.header),
      events: this.eventsOf(branch),
      first_event: 0,
      to,
      thinned: false,
      total_rows: Object.fromEntries(blocks.map((block) => [block.header.table, block.header.rows])),
    };
    return { header, buffers: blocks.map(({ buffer }) => buffer) };
  }

  protected spec(): Spec {
    const parameter = {
      name: "learning_rate",
      label: "learning rate",
      default: 0.1,
      lower: 0,
      upper: 1e6,
      unit: "",
      scale: "log" as const,
      meaning: "",
      open_lower: true,
      open_upper: false,
    };
    return {
      problem: {
        name: "digits MLP 64-32-32-10",
        dim: 3466,
        device: "cpu",
        dtype: "float64",
        loss: "½ mean squared error",
        coordinates: [],
        start: [],
        recipe: null,
      },
      optimizer: {
        name: "GradientDescent",
        label: "gradient descent",
        values: { ...this.values, learning_rate: 0.6 },
        parameters: [parameter, ...this.others],
        threshold: "2 / learning rate",
        preconditioned: this.others.some(({ name }) => name === "beta2"),
      },
      steps: this.steps,
      every: 1,
      eigenvalues: 4,
      seed: 0,
      processes: this.series.map((series) => series.spec),
      schedules: SCHEDULES,
      run: this.run,
    };
  }

  protected status(state: State, _branch = 0): RunStatus {
    const step = Math.max(0, this.step);
    const diverged = state === "diverged";
    // At its end a run gives its own status to all processes that had not ended before.
    const shared = {
      state,
      step,
      sentence: diverged ? `Iterates diverged at step ${step + 1}: the loss passed 10⁶.` : "",
    };
    const own = (name: string) => {
      if (name === "discrete" && diverged) return { ...shared, step: step + 1 };
      if (name !== "stable" || this.scene !== "ended") return shared;
      const why = "it would need more than 1000 substeps a step (sharpness 2870)";
      return {
        state: "stopped" as const,
        step: FLOW_STOP,
        sentence: `Stable flow stopped at step ${FLOW_STOP}: ${why}.`,
      };
    };
    return {
      state,
      step,
      steps: this.steps,
      sentence: shared.sentence,
      speed: state === "running" ? 3.2 : null,
      recording_bytes: Math.max(0, this.step) * 4300,
      processes: Object.fromEntries(this.series.map(({ spec }) => [spec.name, own(spec.name)])),
      values: { ...this.values },
      edge_factor: this.edgeFactor,
      error:
        state === "error"
          ? {
              message:
                "Step 97 failed: the loss function returned a tensor of shape [500], but a single number is needed. Take the mean inside it.",
              traceback:
                '  File "train.py", line 31, in loss\n    return F.mse_loss(model(x), y, reduction="none")\nrodflow_widgets.errors.ProblemError: loss must be a scalar,\ngot shape [500]',
            }
          : null,
      seconds: step * 0.31,
      saving: null,
      cost: null,
    };
  }
}
