import { h } from "../dom";
import * as format from "../format";

export type Piece = string | { strong: string } | { key: string } | { code: string };
export type Sentence = Piece[];

export const strong = (text: string): Piece => ({ strong: text });
export const key = (text: string): Piece => ({ key: text });

export function plainText(sentence: Sentence): string {
  return sentence.map((piece) => (typeof piece === "string" ? piece : Object.values(piece)[0])).join("");
}

/** What stands in the page: text in elements, so that no label becomes markup. */
export function render(sentence: Sentence): (Node | string)[] {
  return sentence.map((piece) => {
    if (typeof piece === "string") return piece;
    if ("strong" in piece) return h("b", {}, piece.strong);
    if ("key" in piece) return h("kbd", {}, piece.key);
    return h("code", {}, piece.code);
  });
}

/** What a status sentence says beyond "… diverged at step n:". */
export function reason(sentence: string): string {
  const colon = sentence.indexOf(":");
  const text = (colon >= 0 ? sentence.slice(colon + 1) : sentence).trim();
  return text.endsWith(".") ? text : `${text}.`;
}

/** Two figures, which stay with the words before them. */
export function rodLength(value: number | null): string {
  return `rod length\u00a0${format.significant(value, 2)}`;
}

export function ratioOf(value: number): string {
  return `(ratio\u00a0${format.ratio(value, 2)})`;
}

export function stepOf(time: number): string {
  return `step\u00a0${format.whole(time)}`;
}
