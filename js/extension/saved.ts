/** What an output holds of a saved run. The recording lies in its HTML, which is read and never put into the page. */

export const MIME = "application/vnd.rodflow.run+json";

export interface Picture {
  /** Base64 of gzip of what `mountRecorded` takes; "" where this front end cannot draw it. */
  packed: string;
  /** Address of a PNG. */
  png: string;
  words: string;
}

/** Reads the MIME bundle of an output; null where nothing in it can be shown. */
export function picture(data: Record<string, unknown>, protocol: number): Picture | null {
  const html = text(data["text/html"]);
  const page = new DOMParser().parseFromString(html, "text/html");
  const image = page.querySelector("img.rodflow-widgets-still");
  const source = image?.getAttribute("src") ?? "";
  const png = source.startsWith("data:image/png;base64,") ? source : fromPng(data["image/png"]);
  const packed = page.querySelector("script[data-rodflow-picture]")?.textContent?.trim() ?? "";
  const fits = (data[MIME] as { protocol?: number } | undefined)?.protocol === protocol;
  if (!png && !(fits && packed)) return null;
  return { packed: fits ? packed : "", png, words: image?.getAttribute("alt") ?? text(data["text/plain"]) };
}

function fromPng(data: unknown): string {
  const base64 = text(data).replace(/\s/g, "");
  return base64 && `data:image/png;base64,${base64}`;
}

/** Notebooks keep long texts as lists of lines. */
function text(data: unknown): string {
  return Array.isArray(data) ? data.join("") : typeof data === "string" ? data : "";
}
