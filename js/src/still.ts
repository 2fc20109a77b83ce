/**
 * The script of a saved picture, apart from the bundle, since every picture carries it: as long as the picture is in
 * the page it is drawn by the front end instead of the PNG. The front end lies in the page once, beside one of the
 * pictures, wherever that is; until it is there the PNG stays.
 */
export {};

interface Code {
  mountRecorded(el: HTMLElement, packed: ArrayBuffer): () => void;
  styles: CSSStyleSheet;
}

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

async function unpack(base64: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

async function load(packed: string): Promise<Code> {
  const { js, css } = JSON.parse(new TextDecoder().decode(await unpack(packed)));
  const url = URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
  const { mountRecorded } = await import(/* @vite-ignore */ url);
  URL.revokeObjectURL(url);
  const styles = new CSSStyleSheet();
  styles.replaceSync(css);
  return { mountRecorded, styles };
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
  let unmount: (() => void) | null = null;
  let seen = false;

  const mount = async () => {
    const [{ mountRecorded, styles }, packed] = await Promise.all([shelf(hash).code, unpack(data)]);
    if (!el.isConnected || unmount) return;
    // In a tree of its own: hosts style what their outputs hold, down to lists and tables.
    const place = document.createElement("div");
    place.dataset.lmSuppressShortcuts = "true";
    const shadow = place.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [styles];
    const within = document.createElement("div");
    shadow.append(within);
    el.append(place);
    const end = mountRecorded(within, packed);
    png.hidden = true;
    unmount = () => {
      end();
      place.remove();
      png.hidden = false;
    };
  };
  // Seen for the first time, it is drawn; taken out of the page, it has a size no longer, and ends.
  new IntersectionObserver((entries) => {
    if (seen || !entries.some((entry) => entry.isIntersecting)) return;
    seen = true;
    mount().catch((error) => console.warn("A saved picture stays as it was drawn:", error));
  }).observe(el);
  new ResizeObserver(() => {
    if (el.isConnected) return;
    unmount?.();
    unmount = null;
    seen = false;
  }).observe(el);
}

const el = document.currentScript?.parentElement;
if (el) show(el);
