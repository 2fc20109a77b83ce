/** What jsdom lacks: a canvas, observers, media queries and a layout. Everything made is counted in `alive`. */
import { afterEach, vi } from "vitest";

export const alive = { observers: 0, listeners: 0 };

class Path {
  moveTo(): void {}
  lineTo(): void {}
  rect(): void {}
  arc(): void {}
}

function context(canvas: HTMLCanvasElement): unknown {
  const values: Record<string, unknown> = { canvas, measureText: (text: string) => ({ width: 6 * text.length }) };
  return new Proxy(values, {
    get: (target, name: string) => (name in target ? target[name] : () => {}),
    set: (target, name: string, value) => {
      target[name] = value;
      return true;
    },
  });
}

class Observer {
  constructor(private readonly callback: (entries: unknown[], observer: unknown) => void) {
    alive.observers++;
  }
  observe(): void {
    queueMicrotask(() => this.callback([{ isIntersecting: true }], this));
  }
  unobserve(): void {}
  disconnect(): void {
    alive.observers--;
  }
}

const contexts = new WeakMap<HTMLCanvasElement, unknown>();
HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement) {
  if (!contexts.has(this)) contexts.set(this, context(this));
  return contexts.get(this);
} as never;

Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, get: () => 960 });
vi.stubGlobal("Path2D", Path);
vi.stubGlobal("ResizeObserver", Observer);
vi.stubGlobal("IntersectionObserver", Observer);
const media = () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} });
vi.stubGlobal("matchMedia", media);

// Listeners outside the widget's own element would outlive it.
for (const target of [window, document] as EventTarget[]) {
  const add = target.addEventListener.bind(target);
  const remove = target.removeEventListener.bind(target);
  target.addEventListener = (...args: Parameters<EventTarget["addEventListener"]>) => {
    alive.listeners++;
    add(...args);
  };
  target.removeEventListener = (...args: Parameters<EventTarget["removeEventListener"]>) => {
    alive.listeners--;
    remove(...args);
  };
}

afterEach(() => {
  document.body.replaceChildren();
  document.body.removeAttribute("style");
});
