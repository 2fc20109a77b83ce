// Generated from wire/messages.py by `python -m rodflow_widgets.wire.generate_ts`: never edited.

export const PROTOCOL = 4;

export type State = "ready" | "running" | "paused" | "finished" | "stopped" | "diverged" | "error";

export type CommandName = "pause" | "resume" | "step" | "set" | "undo" | "schedule" | "stop" | "reset" | "extend" | "fork" | "edit" | "remove" | "survey" | "cancel" | "forecast" | "measure";

export type PanelName = "loss" | "sharpness" | "eigenvalues" | "distance" | "rod_length" | "learning_rate" | "grad_norm" | "critical_directions" | "trajectory" | "spectrum";

/**
 * The loss that is minimised; of one or two parameters also their names, and where it starts.
 *
 * A problem of `rf.problems` says in `recipe` how it was made: {"name": …, "arguments": {…}}.
 */
export interface ProblemSpec {
  name: string;
  dim: number;
  device: string;
  dtype: string;
  loss: string;
  coordinates: string[];
  start: number[];
  recipe: Record<string, unknown> | null;
}

/**
 * A number that a user may set: its bounds are what makes sense, `unit` is for people, `scale` for sliders.
 *
 * A slider is linear in the value, in its logarithm, or ("decay") in the logarithm of 1 − value.
 */
export interface Parameter {
  name: string;
  label: string;
  default: number;
  lower: number;
  upper: number;
  unit: string;
  scale: "linear" | "log" | "decay";
  meaning: string;
  open_lower: boolean;
  open_upper: boolean;
}

/**
 * The optimizer at the start of the run; `threshold` is the formula of its edge, for people.
 *
 * Where it is preconditioned, the sharpness is that of the preconditioned Hessian.
 */
export interface OptimizerSpec {
  name: string;
  label: string;
  values: Record<string, number>;
  parameters: Parameter[];
  threshold: string;
  preconditioned: boolean;
}

/**
 * What a signal says while it is above `above`: the rest of a sentence that begins with the name of the flow.
 *
 * In `words`, {since} is the step at which the value passed the bound, {value} the value, {share} the value in per cent,
 * and *these* words are set in bold. What is `lasting` is said from then on, with the largest value so far.
 */
export interface Bound {
  above: number;
  words: string;
  lasting: boolean;
}

/**
 * One recorded quantity: its unit, what it means, where that is defined, and how many numbers a row holds.
 *
 * A quantity by which a flow doubts itself has bounds in `signal`, the lowest first.
 */
export interface Column {
  name: string;
  unit: string;
  meaning: string;
  source: string;
  width: number;
  signal: Bound[];
}

/** One optimizer or flow in motion; its name is the name of its table. */
export interface ProcessSpec {
  name: string;
  kind: "iterates" | "rod" | "central" | "edge" | "stable";
  label: string;
  detail: string;
  columns: Column[];
}

/** A way in which the learning rate can go by itself, with the numbers that it asks for. */
export interface ScheduleSpec {
  kind: string;
  label: string;
  meaning: string;
  parameters: Parameter[];
}

/** What is run, for so many `steps` where anybody knows; `run` counts resets. */
export interface Spec {
  problem: ProblemSpec;
  optimizer: OptimizerSpec;
  steps: number | null;
  every: number;
  eigenvalues: number;
  seed: number;
  processes: ProcessSpec[];
  schedules: ScheduleSpec[];
  run: number;
}

/**
 * One entry of the trait `branches`: the run (0), or a fork or forecast of another branch from step `step` on.
 *
 * An empty `colour` leaves the choice to the page. `commands` are those that it takes, and `notes` sentences about what
 * is measured.
 */
export interface Branch {
  id: number;
  name: string;
  colour: string;
  hidden: boolean;
  kind: "run" | "fork" | "forecast";
  parent: number | null;
  step: number | null;
  commands: CommandName[];
  notes: string[];
  spec: Spec;
}

/** Where one process stands. */
export interface ProcessStatus {
  state: State;
  step: number;
  sentence: string;
}

/** An exception raised in mid-run. */
export interface Failure {
  message: string;
  traceback: string;
}

/** How the run gets to disk: the folder, the bytes there, a sentence, and whether writing fails at present. */
export interface Saving {
  path: string;
  bytes: number;
  sentence: string;
  failing: boolean;
}

/** The share of training time that measuring takes and the most that it may take; every so many steps, or as that allows. */
export interface Cost {
  share: number;
  limit: number;
  every: number | null;
}

/**
 * One entry of the trait `statuses`, by branch: sent at every change and about once a second.
 *
 * `edge_factor` / learning rate is the edge threshold at this step with these `values`, and at any other learning rate.
 */
export interface RunStatus {
  state: State;
  step: number;
  steps: number | null;
  sentence: string;
  speed: number | null;
  recording_bytes: number;
  processes: Record<string, ProcessStatus>;
  values: Record<string, number>;
  edge_factor: number | null;
  error: Failure | null;
  seconds: number;
  saving: Saving | null;
  cost: Cost | null;
}

/** A column of width k takes k contiguous runs of `rows` numbers. */
export interface BlockColumn {
  name: string;
  width: number;
}

/** Rows of one table; buffer i of the message belongs to block i, column after column. */
export interface BlockHeader {
  table: string;
  first_row: number;
  rows: number;
  columns: BlockColumn[];
  dtype: "float32";
}

/** A hyperparameter that changed: optimizer step `step` is the first to use `new`; `note` says what else is to say. */
export interface Event {
  step: number;
  name: string;
  old: number;
  new: number;
  note: string;
}

/**
 * New rows, for every client: rows already held are dropped, missing ones are asked for by another hello.
 *
 * `ack` asks the client to say when it has been drawn.
 */
export interface Frame {
  branch: number;
  run: number;
  seq: number;
  blocks: BlockHeader[];
  events: Event[];
  first_event: number;
  ack: boolean;
  kind: "frame";
}

/**
 * All rows so far, perhaps thinned, for client `to` (acknowledged by it like a frame) or, with "", in the trait.
 *
 * `total_rows` says for every table how many rows it stands for: the next frame goes on there. As bytes: header length
 * as little-endian uint32, header as UTF-8 JSON padded with spaces so that the numbers begin at a multiple of 4, then
 * the buffers one after the other. The trait `snapshot` holds those of all branches, one after the other.
 */
export interface Snapshot {
  branch: number;
  run: number;
  seq: number;
  blocks: BlockHeader[];
  events: Event[];
  first_event: number;
  to: string;
  thinned: boolean;
  total_rows: Record<string, number>;
  kind: "snapshot";
}

/** Shape of one array of float32 numbers, row after row. */
export interface ArrayHeader {
  name: string;
  shape: number[];
}

/**
 * What the command `id` asked of the engine beside the recording: facts, words, and one buffer an array.
 *
 * It may come several times while the work goes on, of which `share` is done; the last one holds all.
 */
export interface Survey {
  branch: number;
  run: number;
  id: string;
  topic: string;
  step: number;
  share: number;
  facts: Record<string, number | null>;
  words: Record<string, string>;
  arrays: ArrayHeader[];
  kind: "survey";
}

/**
 * Answer to a command; `step` is the first optimizer step that uses a new value, or the first of a fork's own.
 *
 * With the id of a client it answers a hello that cannot be fulfilled: the message says why, for people.
 */
export interface Reply {
  branch: number;
  id: string;
  ok: boolean;
  message: string;
  step: number | null;
  kind: "reply";
}

/** A client is there, and holds so many rows of every table of run `run`. */
export interface Hello {
  branch: number;
  client: string;
  protocol: number;
  run: number | null;
  rows: Record<string, number>;
  kind: "hello";
}

/** Frame `seq`, and all before it, have been drawn. */
export interface Ack {
  branch: number;
  client: string;
  seq: number;
  kind: "ack";
}

/** A client has gone. */
export interface Bye {
  branch: number;
  client: string;
  kind: "bye";
}

/**
 * A wish.
 *
 * step {"n": 1}; set {"learning_rate": 0.7}; undo, the last change; schedule {"kind": "cosine", …its parameters};
 * extend {"steps": 600}; reset {"start": [3.2, 0.1]} or {}; fork {"at": 159, "learning_rate": 0.6}, both optional;
 * edit {"name": …, "colour": …, "hidden": …} and remove, of a branch; survey {"topic": …, …}; cancel {"id": …}, a survey.
 * Of a training loop that is watched: forecast {"steps": 200}, by rod flow; measure {"share": 0.1} or {"every": 10}.
 */
export interface Command {
  branch: number;
  client: string;
  id: string;
  name: CommandName;
  args: Record<string, unknown>;
  kind: "command";
}

/**
 * One entry of the side panel: a run, a fork or forecast of one, or a training loop, of this kernel.
 *
 * `view` is the model of the live view that shows it, "" where none does. `ratio` is the newest sharpness / edge and `line`
 * all of it so far, thinned, null where it was not measured.
 */
export interface PanelRun {
  id: string;
  view: string;
  kind: "run" | "fork" | "forecast" | "loop";
  name: string;
  problem: string;
  optimizer: string;
  state: State;
  step: number;
  steps: number | null;
  sentence: string;
  ratio: number | null;
  line: (number | null)[];
  commands: ("pause" | "resume")[];
}

/** What is new to a side panel: the entries that changed, and the ids of all in their order. */
export interface PanelRuns {
  seq: number;
  order: string[];
  changed: PanelRun[];
  kind: "panel-runs";
}

/** Answer to a command of a side panel, or with an empty id to a hello that cannot be fulfilled; the message is for people. */
export interface PanelReply {
  id: string;
  ok: boolean;
  message: string;
  kind: "panel-reply";
}

/** A side panel listens and knows of no run: it opens the comm with this, and says it again when it hears nothing. */
export interface PanelHello {
  protocol: number;
  kind: "panel-hello";
}

/** A side panel has seen `seq`; it is told nothing more before. */
export interface PanelSeen {
  seq: number;
  kind: "panel-seen";
}

/** A wish of a side panel: that a run pause or go on. */
export interface PanelCommand {
  id: string;
  run: string;
  name: "pause" | "resume";
  kind: "panel-command";
}

export type ToPage = Frame | Snapshot | Survey | Reply;

export type ToKernel = Hello | Ack | Bye | Command;

export type ToPanel = PanelRuns | PanelReply;

export type FromPanel = PanelHello | PanelSeen | PanelCommand;
