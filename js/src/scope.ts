/** Owns everything that must end with a view or a client: listeners, timers, observers, charts. */
export class Scope {
  private readonly ends = new Set<() => void>();
  private ended = false;

  /** Runs `end` when the scope is disposed; the returned function runs it now. */
  add(end: () => void): () => void {
    if (this.ended) {
      end();
      return () => {};
    }
    const once = () => {
      if (this.ends.delete(once)) end();
    };
    this.ends.add(once);
    return once;
  }

  listen<E extends Event>(
    target: EventTarget,
    type: string,
    handler: (event: E) => void,
    options?: AddEventListenerOptions,
  ): () => void {
    const listener = handler as EventListener;
    target.addEventListener(type, listener, options);
    return this.add(() => target.removeEventListener(type, listener, options));
  }

  timeout(handler: () => void, milliseconds: number): () => void {
    let end = () => {};
    const timer = setTimeout(() => {
      end();
      handler();
    }, milliseconds);
    end = this.add(() => clearTimeout(timer));
    return end;
  }

  /** One call of `handler` before the next paint, however often the result is called. */
  frame(handler: () => void): () => void {
    let pending: (() => void) | null = null;
    return () => {
      if (pending || this.ended) return;
      const id = requestAnimationFrame(() => {
        pending?.();
        pending = null;
        handler();
      });
      pending = this.add(() => cancelAnimationFrame(id));
    };
  }

  observe(observer: { disconnect(): void }): void {
    this.add(() => observer.disconnect());
  }

  /** A scope that ends with this one, or earlier. */
  child(): Scope {
    const inner = new Scope();
    const detach = this.add(() => inner.dispose());
    inner.add(() => detach());
    return inner;
  }

  get size(): number {
    return this.ends.size;
  }

  get disposed(): boolean {
    return this.ended;
  }

  dispose(): void {
    if (this.ended) return;
    this.ended = true;
    for (const end of [...this.ends].reverse()) end();
    this.ends.clear();
  }
}

/** A list of subscribers. */
export class Signal<T = void> {
  private readonly handlers = new Set<(value: T) => void>();

  subscribe(handler: (value: T) => void): () => void {
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }

  emit(value: T): void {
    for (const handler of [...this.handlers]) handler(value);
  }

  get size(): number {
    return this.handlers.size;
  }
}
