/** The one place where messages of the wire (snake_case) become what the page works with (camelCase). */
import type * as Wire from "./generated/messages";

export type {
  Bound,
  Branch,
  Column,
  CommandName,
  Cost,
  PanelName,
  Parameter,
  ProcessSpec,
  ProcessStatus,
  Reply,
  Saving,
  ScheduleSpec,
  State,
} from "./generated/messages";
export { PROTOCOL } from "./generated/messages";

export type RunEvent = Wire.Event;

export type Spec = Wire.Spec;

export interface RunStatus extends Omit<Wire.RunStatus, "recording_bytes" | "edge_factor"> {
  recordingBytes: number;
  /** Edge threshold × learning rate at this step, with the hyperparameters of `values`. */
  edgeFactor: number | null;
}

export interface BlockColumn {
  name: string;
  /** One run of numbers for every component of the column. */
  parts: ArrayLike<number>[];
}

export interface Block {
  table: string;
  firstRow: number;
  rows: number;
  /** Rows that the kernel holds, where the block is part of a snapshot. */
  totalRows: number | null;
  columns: BlockColumn[];
}

export interface Rows {
  kind: "frame" | "snapshot";
  branch: number;
  run: number;
  seq: number;
  blocks: Block[];
  events: RunEvent[];
  firstEvent: number;
  /** Client that a snapshot is for; "" for everybody. */
  to: string;
  /** Whether the kernel wants to hear that they have been drawn. */
  ack: boolean;
}

type Buffer = DataView | ArrayBuffer | Uint8Array;

export function readStatus(raw: Wire.RunStatus): RunStatus {
  const { recording_bytes, edge_factor, ...status } = raw;
  return { ...status, recordingBytes: recording_bytes, edgeFactor: edge_factor };
}

export function readRows(raw: Wire.Frame | Wire.Snapshot, buffers: readonly Buffer[]): Rows {
  const totals = raw.kind === "snapshot" ? raw.total_rows : null;
  return {
    kind: raw.kind,
    branch: raw.branch,
    run: raw.run,
    seq: raw.seq,
    events: raw.events,
    firstEvent: raw.first_event,
    to: raw.kind === "snapshot" ? raw.to : "",
    ack: raw.kind === "snapshot" || raw.ack,
    blocks: raw.blocks.map((header, i) => readBlock(header, buffers[i], totals?.[header.table] ?? null)),
  };
}

/** The snapshots of all branches, which travel as one string of bytes: header length, header, buffers, again and again. */
export function unpack(data: Buffer): Rows[] {
  const bytes = asBytes(data);
  const found: Rows[] = [];
  let start = 0;
  while (start + 4 <= bytes.byteLength) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + start, 4).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(start + 4, start + 4 + length))) as Wire.Snapshot;
    start += 4 + length;
    const buffers = header.blocks.map((block) => {
      const size = 4 * numbersIn(block);
      const buffer = bytes.subarray(start, start + size);
      start += size;
      return buffer;
    });
    found.push(readRows(header, buffers));
  }
  return found;
}

export interface SurveyArray {
  shape: number[];
  /** Row after row. */
  values: Float32Array;
}

/** What the engine found beside the recording; `share` of the work is done. */
export interface Survey {
  topic: string;
  step: number;
  share: number;
  facts: Record<string, number | null>;
  words: Record<string, string>;
  arrays: Map<string, SurveyArray>;
}

export function readSurvey(raw: Wire.Survey, buffers: readonly Buffer[]): Survey {
  const { topic, step, share, facts, words } = raw;
  const arrays = new Map(raw.arrays.map(({ name, shape }, i) => [name, { shape, values: asNumbers(buffers[i]) }]));
  return { topic, step, share, facts, words, arrays };
}

function readBlock(header: Wire.BlockHeader, buffer: Buffer, totalRows: number | null): Block {
  const numbers = numbersIn(header);
  const bytes = asBytes(buffer);
  if (bytes.byteLength !== 4 * numbers)
    throw new Error(`Block of ${header.table}: ${bytes.byteLength} bytes arrived, ${4 * numbers} were announced.`);
  const values = asNumbers(bytes);
  let run = 0;
  const columns = header.columns.map(({ name, width }) => ({
    name,
    parts: Array.from({ length: width }, () => values.subarray(run * header.rows, ++run * header.rows)),
  }));
  return { table: header.table, firstRow: header.first_row, rows: header.rows, totalRows, columns };
}

function numbersIn(header: Wire.BlockHeader): number {
  return header.rows * header.columns.reduce((sum, column) => sum + column.width, 0);
}

/** The bytes may start at any offset, where a Float32Array cannot: copied first. */
function asNumbers(data: Buffer): Float32Array {
  return new Float32Array(asBytes(data).slice().buffer);
}

function asBytes(data: Buffer): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
