import { Envelope } from "./envelope";
import { Numbers } from "./numbers";
import { outline } from "./thinning";
import type { Block } from "./wire";

/** Of a table that is thinned the newest rows stay whole: so many, or a quarter where it may hold few. */
const WHOLE = 4096;

/** The rows of one process: a growing list of numbers for every component of every column. */
export class Table {
  /** Rows that the kernel holds up to here; more than `rows` where the table was thinned. */
  next = 0;
  private readonly columns = new Map<string, Numbers[]>();
  private readonly envelopes = new Map<Numbers, Envelope>();

  constructor(readonly name: string) {}

  get time(): Numbers {
    return this.column("time") ?? EMPTY;
  }

  get rows(): number {
    return this.time.length;
  }

  /** Rows that there is room for. */
  get capacity(): number {
    return this.columns.size ? this.time.values.length : 0;
  }

  get bytesPerRow(): number {
    return this.all.reduce((sum, { values }) => sum + values.BYTES_PER_ELEMENT, 0);
  }

  column(name: string, part = 0): Numbers | null {
    return this.columns.get(name)?.[part] ?? null;
  }

  width(name: string): number {
    return this.columns.get(name)?.length ?? 0;
  }

  get names(): string[] {
    return [...this.columns.keys()];
  }

  private get all(): Numbers[] {
    return [...this.columns.values()].flat();
  }

  /** The column thinned for drawing; kept, and brought up to date on every call. */
  envelope(name: string, part = 0): Envelope | null {
    const values = this.column(name, part);
    if (!values) return null;
    let envelope = this.envelopes.get(values);
    if (!envelope) {
      envelope = new Envelope(this.time, values);
      this.envelopes.set(values, envelope);
    }
    return envelope.update();
  }

  /** Row at `time`, or -1 where the table holds none: values are recorded, never interpolated. */
  rowAt(time: number): number {
    const row = this.time.floor(time + 1e-6);
    return row >= 0 && Math.abs(this.time.values[row] - time) < 1e-3 ? row : -1;
  }

  value(name: string, time: number, part = 0): number | null {
    const row = this.rowAt(time);
    return row < 0 ? null : (this.column(name, part)?.at(row) ?? null);
  }

  /** Gives the table the columns of a block, if it has none yet. Times are whole numbers beyond what float32 holds. */
  shape(block: Block): void {
    if (this.columns.size) return;
    for (const { name, parts } of block.columns)
      this.columns.set(
        name,
        parts.map((part) => new Numbers(name !== "time" && part instanceof Float32Array)),
      );
  }

  /** Appends the rows `from` to `to` of a block. */
  append(block: Block, from: number, to: number): void {
    for (const { name, parts } of block.columns) {
      const held = this.columns.get(name) ?? [];
      for (let i = 0; i < held.length; i++) held[i].append(parts[i], from, to);
    }
  }

  /** Changes the room to `capacity` rows, and thins what does not fit to half of that. */
  resize(capacity: number): void {
    if (this.rows > capacity) this.thin(capacity / 2);
    for (const numbers of this.all) numbers.resize(capacity);
  }

  /** Keeps about `most` rows: the outline of the old ones, and all of the newest. */
  thin(most: number): void {
    const { time, rows } = this;
    const until = rows - Math.min(WHOLE, Math.floor(most / 2));
    const others = this.all.filter((numbers) => numbers !== time);
    const kept = outline(time, others, until, most - (rows - until));
    for (let row = until; row < rows; row++) kept.push(row);
    for (const envelope of this.envelopes.values()) envelope.update();
    for (const numbers of this.all) numbers.keep(kept);
    for (const envelope of this.envelopes.values()) envelope.rebase();
  }
}

const EMPTY = new Numbers();
