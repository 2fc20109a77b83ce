type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined>;

/** An element with attributes and children; attributes that are null or false are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  for (const child of children) if (child) element.append(child);
  return element;
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** What has the focus in the tree of `element`, which may be one within the document's. */
export function focused(element: Element): HTMLElement | null {
  return (element.getRootNode() as Document | ShadowRoot).activeElement as HTMLElement | null;
}

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  play: '<path d="M4.5 3v10l8-5z"/>',
  pause: '<path d="M4 3.5h3v9H4zM9 3.5h3v9H9z"/>',
  step: '<path d="M3 3v10l7-5zM10.8 3h2v10h-2z"/>',
  reset: '<path d="M8 2.8V1L4.6 3.7 8 6.4V4.5a3.9 3.9 0 1 1-3.9 3.9H2.4A5.6 5.6 0 1 0 8 2.8z"/>',
  undo: '<path d="M6.2 2.2 2 6.1l4.2 3.9V7.3h3.1a2.6 2.6 0 1 1 0 5.2H5v1.7h4.3a4.3 4.3 0 1 0 0-8.6H6.2z"/>',
  fork: '<path d="M4.5 1.5a2 2 0 0 0-.8 3.8v5.4a2 2 0 1 0 1.6 0V9.2c.5.3 1.2.5 2 .5 2 0 4.4-.9 4.8-4.4a2 2 0 1 0-1.6 0c-.4 2.300-1.800 2.800-3.200 2.800-1.200 0-2-.8-2-1.300V5.300a2 2 0 0 0-.8-3.800zm0 1.300a.7.7 0 1 1 0 1.400.7.7 0 0 1 0-1.400zm6.800 0a.7.7 0 1 1 0 1.400.7.7 0 0 1 0-1.400zm-6.800 9a.7.7 0 1 1 0 1.400.7.7 0 0 1 0-1.400z"/>',
  more: '<circle cx="3.2" cy="8" r="1.400"/><circle cx="8" cy="8" r="1.400"/><circle cx="12.800" cy="8" r="1.400"/>',
  fold: '<path d="M5.2 2.6 10.6 8l-5.4 5.4-1.2-1.2L8.2 8 4 3.8z"/>',
  menu: '<circle cx="8" cy="3.2" r="1.4"/><circle cx="8" cy="8" r="1.4"/><circle cx="8" cy="12.8" r="1.4"/>',
  dot: '<circle cx="8" cy="8" r="4.5"/>',
  bars: '<path d="M3.5 4h3.2v8H3.5zM9.3 4h3.2v8H9.3z"/>',
  check: '<path d="M2.2 8.6 6 12.4l7.6-8.2-1.3-1.2L6 9.9 3.4 7.3z"/>',
  diamond: '<path d="M8 2l6 6-6 6-6-6z"/>',
  square: '<path d="M4 4h8v8H4z"/>',
  reveal:
    '<path d="M8 3C4.5 3 2 5.7.8 8 2 10.3 4.5 13 8 13s6-2.7 7.2-5C14 5.7 11.5 3 8 3zm0 8.3A3.3 3.3 0 1 1 8 4.7a3.3 3.3 0 0 1 0 6.6zm0-1.6a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z"/>',
  ring: '<circle cx="8" cy="8" r="3.8" fill="none" stroke="currentColor" stroke-width="2"/>',
};

export type Icon = keyof typeof ICONS;

/** An icon in the colour of the text; it carries no meaning of its own for a screen reader. */
export function icon(name: Icon): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "rf-icon");
  svg.innerHTML = ICONS[name];
  return svg;
}

/** A sample of a line, 24 px wide. */
export function lineSample(width: number, dash: number[]): { svg: SVGSVGElement; line: SVGLineElement } {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "rf-sample");
  svg.setAttribute("viewBox", "0 0 24 8");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "line");
  for (const [name, value] of Object.entries({ x1: 1, x2: 23, y1: 4, y2: 4 })) line.setAttribute(name, String(value));
  line.setAttribute("stroke-width", String(width));
  if (dash.length) line.setAttribute("stroke-dasharray", dash.join(" "));
  svg.append(line);
  return { svg, line };
}

export function button(label: string, name: Icon | null, text?: string): HTMLButtonElement {
  const element = h("button", {
    type: "button",
    class: text ? "rf-button" : "rf-tool",
    title: text ? null : label,
  });
  if (name) element.append(icon(name));
  if (text) element.append(text);
  else element.setAttribute("aria-label", label);
  return element;
}
