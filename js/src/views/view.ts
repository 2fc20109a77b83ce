import type { Part } from "../context";

/** A part of a view as a saved picture shows it, drawn with its corner at the origin. */
export interface Plate {
  title: string;
  width: number;
  height: number;
  paint(ctx: CanvasRenderingContext2D): void;
}

/** One way to look at a run. */
export interface View extends Part {
  /** Step that the read-out is about; null before the first row. */
  readonly at: number | null;
  moveCursor(rows: number): void;
  /** The room has changed, or the view has come onto the page. */
  resize(): void;
  /** What a saved picture shows, from top to bottom. */
  plates(): Plate[];
}
