import { Envelope } from "./envelope";
import { Numbers } from "./numbers";
import { Signal } from "./scope";
import type { Block, RunEvent } from "./wire";

/** The rows of one process: a growing list of numbers for every component of every column. */
export class Table {
  /** Rows that the kernel holds up to here; more than `rows` after a thinned snapshot. */
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

  column(name: string, part = 0): Numbers | null {
    return this.columns.get(name)?.[part] ?? null;
  }

  width(name: string): number {
    return this.columns.get(name)?.length ?? 0;
  }

  get names(): string[] {
    return [...this.columns.keys()];
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

  /** Appends the rows of a block from `skip` on. */
  append(block: Block, skip: number): void {
    for (const column of block.columns) {
      let parts = this.columns.get(column.name);
      if (!parts) {
        parts = column.parts.map(() => new Numbers());
        this.columns.set(column.name, parts);
      }
      for (let i = 0; i < parts.length; i++) parts[i].append(column.parts[i], skip, block.rows);
    }
  }
}

const EMPTY = new Numbers();

/** What the page knows of one run. It is filled by frames and snapshots, and drawn from; it asks for nothing. */
export class Store {
  readonly changed = new Signal();
  run = 0;
  tables = new Map<string, Table>();
  events: RunEvent[] = [];

  /** Empties the store for another run. */
  reset(run: number): void {
    this.run = run;
    this.tables = new Map();
    this.events = [];
    this.changed.emit();
  }

  table(name: string): Table | null {
    return this.tables.get(name) ?? null;
  }

  /** Rows that the kernel need not send again. */
  held(): Record<string, number> {
    return Object.fromEntries([...this.tables].map(([name, table]) => [name, table.next]));
  }

  /** True where rows or events start beyond those held, so that some in between were lost. */
  hasGap(blocks: Block[], firstEvent: number): boolean {
    if (firstEvent > this.events.length) return true;
    return blocks.some((block) => block.firstRow > (this.tables.get(block.table)?.next ?? 0));
  }

  /** Appends blocks; rows already held are dropped. */
  append(blocks: Block[], events: RunEvent[], firstEvent: number): void {
    for (const block of blocks) {
      let table = this.tables.get(block.table);
      if (!table) {
        table = new Table(block.table);
        this.tables.set(block.table, table);
      }
      const skip = table.next - block.firstRow;
      if (skip < 0 || skip >= block.rows) continue;
      table.append(block, skip);
      table.next = block.firstRow + block.rows;
    }
    this.addEvents(events, firstEvent);
    this.changed.emit();
  }

  /** Replaces everything by a snapshot, which may hold fewer rows than the kernel does. */
  replace(run: number, blocks: Block[], events: RunEvent[]): void {
    this.run = run;
    this.tables = new Map();
    for (const block of blocks) {
      const table = new Table(block.table);
      table.append(block, 0);
      table.next = block.totalRows ?? block.rows;
      this.tables.set(block.table, table);
    }
    this.events = [...events];
    this.changed.emit();
  }

  private addEvents(events: RunEvent[], first: number): void {
    if (first > this.events.length) return;
    for (let i = this.events.length - first; i < events.length; i++) this.events.push(events[i]);
  }

  /** The newest time of any process, or -1 before the first row. */
  get newest(): number {
    let newest = -1;
    for (const table of this.tables.values()) if (table.rows) newest = Math.max(newest, table.time.last);
    return newest;
  }
}
