import { describe, expect, it } from "vitest";
import { PROTOCOL } from "../src/generated/messages";
import { readRows, unpack } from "../src/wire";

const header = {
  table: "rod",
  first_row: 12,
  rows: 3,
  columns: [
    { name: "time", width: 1 },
    { name: "eigenvalues", width: 2 },
  ],
  dtype: "float32" as const,
};
const numbers = [12, 13, 14, 5, 6, Number.NaN, 1, 2, 3];

function frame(buffers: (DataView | ArrayBuffer | Uint8Array)[]) {
  return readRows(
    { kind: "frame", branch: 0, run: 1, seq: 7, blocks: [header], events: [], first_event: 2, ack: true },
    buffers,
  );
}

/** The numbers at an offset at which no Float32Array can begin. */
function unaligned(offset: number): DataView {
  const bytes = new Uint8Array(offset + 4 * numbers.length + 3).fill(255);
  bytes.set(new Uint8Array(new Float32Array(numbers).buffer), offset);
  return new DataView(bytes.buffer, offset, 4 * numbers.length);
}

describe("the codec", () => {
  it("speaks protocol 4", () => expect(PROTOCOL).toBe(4));

  it.each([0, 1, 2, 3, 4, 13])("reads a block that starts at byte %i of its memory", (offset) => {
    const [block] = frame([unaligned(offset)]).blocks;
    expect([...Array.from(block.columns[0].parts[0])]).toEqual([12, 13, 14]);
    expect([...Array.from(block.columns[1].parts[0])]).toEqual([5, 6, Number.NaN]);
    expect([...Array.from(block.columns[1].parts[1])]).toEqual([1, 2, 3]);
  });

  it("takes an ArrayBuffer and a Uint8Array too", () => {
    const view = unaligned(5);
    const bytes = new Uint8Array(view.buffer, 5, view.byteLength);
    for (const buffer of [bytes, bytes.slice().buffer])
      expect(Array.from(frame([buffer]).blocks[0].columns[0].parts[0])).toEqual([12, 13, 14]);
  });

  it("does not hold on to the memory of the message", () => {
    const view = unaligned(4);
    const [block] = frame([view]).blocks;
    new Uint8Array(view.buffer).fill(0);
    expect(block.columns[0].parts[0][0]).toBe(12);
  });

  it("converts names once", () => {
    const rows = frame([unaligned(0)]);
    expect(rows.firstEvent).toBe(2);
    expect(rows.blocks[0]).toMatchObject({ table: "rod", firstRow: 12, rows: 3, totalRows: null });
  });

  it("names the table when the bytes do not fit the header", () => {
    expect(() => frame([new Uint8Array(8)])).toThrow("Block of rod: 8 bytes arrived, 36 were announced.");
  });

  it("unpacks a snapshot from one string of bytes at any offset", () => {
    const snapshot = {
      kind: "snapshot",
      run: 2,
      seq: 0,
      blocks: [header, { ...header, table: "stable", first_row: 0 }],
      events: [{ step: 3, name: "learning_rate", old: 0.6, new: 0.8, note: "" }],
      first_event: 0,
      to: "",
      thinned: true,
      total_rows: { rod: 30, stable: 40 },
    };
    let json = new TextEncoder().encode(JSON.stringify(snapshot));
    const padded = new Uint8Array(Math.ceil(json.length / 4) * 4).fill(32);
    padded.set(json);
    json = padded;
    const data = new Uint8Array(new Float32Array(numbers).buffer);
    for (const offset of [0, 3]) {
      const bytes = new Uint8Array(offset + 4 + json.length + 2 * data.length);
      new DataView(bytes.buffer).setUint32(offset, json.length, true);
      bytes.set(json, offset + 4);
      bytes.set(data, offset + 4 + json.length);
      bytes.set(data, offset + 4 + json.length + data.length);
      const [rows, ...none] = unpack(new DataView(bytes.buffer, offset));
      expect(none).toEqual([]);
      expect(rows.run).toBe(2);
      expect(rows.blocks.map((block) => [block.table, block.totalRows])).toEqual([
        ["rod", 30],
        ["stable", 40],
      ]);
      expect(Array.from(rows.blocks[1].columns[1].parts[1])).toEqual([1, 2, 3]);
    }
  });
});
