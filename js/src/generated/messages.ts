// Generated from wire/messages.py by `python -m rodflow_widgets.wire.generate_ts`: never edited.

export const PROTOCOL = 2;

export type State = "ready" | "running" | "paused" | "finished" | "stopped" | "diverged" | "error";

export type CommandName = "pause" | "resume" | "step" | "set" | "stop" | "reset" | "extend";

/** The loss that is minimised. */
export interface ProblemSpec {
  name: string;
  dim: number;
  device: string;
  dtype: string;
  loss: string;
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

/** Trait `spec`: what is run. `run` counts resets. */
export interface Spec {
  problem: ProblemSpec;
  optimizer: OptimizerSpec;
  steps: number;
  every: number;
  eigenvalues: number;
  seed: number;
  processes: ProcessSpec[];
  run: number;
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

/**
 * Trait `status`: where the run stands; sent at every change of state or value and about four times a second.
 *
 * `edge_factor` / learning rate is the edge threshold at this step with these `values`, and at any other learning rate.
 */
export interface RunStatus {
  state: State;
  step: number;
  steps: number;
  sentence: string;
  speed: number | null;
  recording_bytes: number;
  processes: Record<string, ProcessStatus>;
  values: Record<string, number>;
  edge_factor: number | null;
  error: Failure | null;
  seconds: number;
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

/** A hyperparameter that changed: optimizer step `step` is the first to use `new`. */
export interface Event {
  step: number;
  name: string;
  old: number;
  new: number;
}

/** New rows, for every client: rows already held are dropped, missing ones are asked for by another hello. */
export interface Frame {
  run: number;
  seq: number;
  blocks: BlockHeader[];
  events: Event[];
  first_event: number;
  kind: "frame";
}

/**
 * All rows so far, perhaps thinned, for client `to` (acknowledged by it like a frame) or, with "", in the trait.
 *
 * `total_rows` says for every table how many rows it stands for: the next frame goes on there. As bytes (trait
 * `snapshot`): header length as little-endian uint32, header as UTF-8 JSON padded with spaces so that the numbers
 * begin at a multiple of 4, then the buffers one after the other.
 */
export interface Snapshot {
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

/**
 * Answer to a command; `step` is the first optimizer step that uses a new value.
 *
 * With the id of a client it answers a hello that cannot be fulfilled: the message says why, for people.
 */
export interface Reply {
  id: string;
  ok: boolean;
  message: string;
  step: number | null;
  kind: "reply";
}

/** A client is there, and holds so many rows of every table of run `run`. */
export interface Hello {
  client: string;
  protocol: number;
  run: number | null;
  rows: Record<string, number>;
  kind: "hello";
}

/** Frame `seq`, and all before it, have been drawn. */
export interface Ack {
  client: string;
  seq: number;
  kind: "ack";
}

/** A client has gone. */
export interface Bye {
  client: string;
  kind: "bye";
}

/** A wish: step {"n": 1}, set {"learning_rate": 0.7}, extend {"steps": 600}; the others have no arguments. */
export interface Command {
  client: string;
  id: string;
  name: CommandName;
  args: Record<string, number>;
  kind: "command";
}

export type ToPage = Frame | Snapshot | Reply;

export type ToKernel = Hello | Ack | Bye | Command;
