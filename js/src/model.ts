/** The part of an anywidget model that we use; buffers arrive as DataViews that may start anywhere in their memory. */
export interface Model {
  get(name: string): unknown;
  on(name: string, handler: (...values: never[]) => void): void;
  off(name: string, handler: (...values: never[]) => void): void;
  send(content: unknown): void;
}
