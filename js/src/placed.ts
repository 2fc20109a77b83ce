/**
 * A saved picture in the page: drawn by the front end in the place of its PNG, from when it is first seen for as long as
 * it is there.
 */
export interface Code {
  mountRecorded(el: HTMLElement, packed: ArrayBuffer): () => void;
  styles: CSSStyleSheet;
}

/** Takes base64 of gzip apart. */
export async function unzip(base64: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

export function styleSheet(css: string): CSSStyleSheet {
  const styles = new CSSStyleSheet();
  styles.replaceSync(css);
  return styles;
}

/**
 * Draws what `load` brings in `el`, beside `png`, which is hidden then; where it fails the PNG stays. The returned
 * function gives it up.
 */
export function place(el: HTMLElement, png: HTMLElement, load: () => Promise<[Code, ArrayBuffer]>): () => void {
  let unmount: (() => void) | null = null;
  let seen = false;

  const mount = async () => {
    const [{ mountRecorded, styles }, packed] = await load();
    if (!el.isConnected || unmount || !seen) return;
    // In a tree of its own: hosts style what their outputs hold, down to lists and tables.
    const host = document.createElement("div");
    host.dataset.lmSuppressShortcuts = "true";
    const shadow = host.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [styles];
    const within = document.createElement("div");
    shadow.append(within);
    el.append(host);
    const end = mountRecorded(within, packed);
    png.hidden = true;
    unmount = () => {
      end();
      host.remove();
      png.hidden = false;
    };
  };
  const leave = () => {
    unmount?.();
    unmount = null;
    seen = false;
  };
  // Seen for the first time, it is drawn; taken out of the page, it has a size no longer, and ends.
  const seeing = new IntersectionObserver((entries) => {
    if (seen || !entries.some((entry) => entry.isIntersecting)) return;
    seen = true;
    mount().catch((error) => console.warn("A saved picture stays as it was drawn:", error));
  });
  seeing.observe(el);
  const resizing = new ResizeObserver(() => {
    if (!el.isConnected) leave();
  });
  resizing.observe(el);
  return () => {
    seeing.disconnect();
    resizing.disconnect();
    leave();
  };
}
