/**
 * The script of a saved picture, apart from the bundle, since every picture carries it: as long as the picture is in
 * the page it is drawn by the front end instead of the PNG. The front end lies in the page once, beside one of the
 * pictures, wherever that is; until it is there the PNG stays.
 */
import { type Code, place, styleSheet, unzip } from "./placed";

interface Shelf {
  /** Resolves when one picture of the page has brought the code. */
  code: Promise<Code>;
  bring(packed: string): void;
}

declare global {
  interface Window {
    rodflowShelves?: Map<string, Shelf>;
  }
}

async function load(packed: string): Promise<Code> {
  const { js, css } = JSON.parse(new TextDecoder().decode(await unzip(packed)));
  const url = URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
  const { mountRecorded } = await import(/* @vite-ignore */ url);
  URL.revokeObjectURL(url);
  return { mountRecorded, styles: styleSheet(css) };
}

function shelf(hash: string): Shelf {
  window.rodflowShelves ??= new Map();
  const shelves = window.rodflowShelves;
  let found = shelves.get(hash);
  if (!found) {
    let bring = (_packed: string) => {};
    const packed = new Promise<string>((resolve) => {
      bring = resolve;
    });
    found = { bring, code: packed.then(load) };
    shelves.set(hash, found);
  }
  return found;
}

function show(el: HTMLElement): void {
  const hash = el.dataset.code ?? "";
  const own = el.querySelector(`script[data-rodflow-bundle="${hash}"]`);
  if (own) shelf(hash).bring(own.textContent ?? "");
  const png = el.querySelector("img");
  const data = el.querySelector("script[data-rodflow-picture]")?.textContent;
  if (!png || !data) return;
  place(el, png, () => Promise.all([shelf(hash).code, unzip(data)]));
}

const el = document.currentScript?.parentElement;
if (el) show(el);
