import { type Holder, pageRoom, type Room } from "./room";
import { Signal } from "./scope";
import { Table } from "./table";
import type { Block, RunEvent } from "./wire";

export { Table };

/** Rows that a table may hold however little room there is. */
const LEAST = 2048;

/** What the page knows of one run. It is filled by frames and snapshots, and drawn from; it asks for nothing. */
export class Store implements Holder {
  readonly changed = new Signal();
  run = 0;
  tables = new Map<string, Table>();
  events: RunEvent[] = [];

  constructor(private readonly room: Room = pageRoom()) {
    room.join(this);
  }

  /** Leaves the room to others; what is held stays. */
  dispose(): void {
    this.room.leave(this);
  }

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
      const table = this.tableOf(block);
      const skip = table.next - block.firstRow;
      if (skip < 0 || skip >= block.rows) continue;
      this.add(table, block, skip);
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
      const table = this.tableOf(block);
      this.add(table, block, 0);
      table.next = block.totalRows ?? block.rows;
    }
    this.events = [...events];
    this.changed.emit();
  }

  private tableOf(block: Block): Table {
    let table = this.tables.get(block.table);
    if (!table) {
      table = new Table(block.table);
      this.tables.set(block.table, table);
    }
    table.shape(block);
    return table;
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

  // ------------------------------------------------------------------ room

  /** Bytes that the rows take, with the room to grow. */
  get bytes(): number {
    return this.bytesFor(0);
  }

  fit(bytes: number): void {
    const most = this.rowsIn(bytes);
    for (const table of this.tables.values()) if (table.capacity > most) table.resize(most);
  }

  /** Appends rows in as many pieces as the room asks for. */
  private add(table: Table, block: Block, from: number): void {
    for (let row = from; row < block.rows; ) {
      this.makeRoom(table, block.rows - row);
      const to = Math.min(block.rows, row + table.capacity - table.rows);
      table.append(block, row, to);
      row = to;
    }
  }

  /** Doubles the room of a table while the page has some, and else thins the table, for some at least of `rows` more. */
  private makeRoom(table: Table, rows: number): void {
    const needed = table.rows + rows;
    if (needed <= table.capacity) return;
    const wanted = Math.max(needed, 2 * table.capacity);
    const bytes = this.bytesFor(wanted);
    const granted = this.room.grant(this, bytes);
    if (granted < bytes) this.fit(granted);
    const capacity = granted < bytes ? Math.min(wanted, this.rowsIn(granted)) : wanted;
    if (capacity > table.capacity) table.resize(capacity);
    if (table.rows === table.capacity) table.thin(table.capacity / 2);
  }

  /** Bytes of all tables, each with room for at least `rows`. */
  private bytesFor(rows: number): number {
    let bytes = 0;
    for (const table of this.tables.values()) bytes += table.bytesPerRow * Math.max(table.capacity, rows);
    return bytes;
  }

  /** Rows that every table may hold in so many bytes of all. */
  private rowsIn(bytes: number): number {
    let each = 0;
    for (const table of this.tables.values()) each += table.bytesPerRow;
    return Math.max(LEAST, Math.floor(bytes / Math.max(each, 1)));
  }
}
