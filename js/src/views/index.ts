/** Table of contents of the views. A view is one file and one line here. */
import type { Context, Part } from "../context";
import { CompareView } from "./compare";

export interface View extends Part {
  /** Step that the read-out is about; null before the first row. */
  readonly at: number | null;
  moveCursor(rows: number): void;
  resize(): void;
}

export const views = {
  compare: { title: "Compare", create: (context: Context) => new CompareView(context) },
};
