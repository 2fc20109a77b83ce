import { FakeModel, type Scene } from "../dev/fake";
import type { Root } from "../src/hook";
import widget from "../src/index";
import type { Parameter } from "../src/wire";

/** A mounted widget on the fake kernel. */
export async function mounted(scene: Scene, steps = 600, others: Parameter[] = [], traits: object = {}) {
  const model = new FakeModel(scene, steps, others);
  for (const [name, value] of Object.entries(traits)) model.set(name, value);
  const { initialize, render } = widget();
  const stop = initialize({ model });
  const el = document.createElement("div");
  document.body.append(el);
  const unmount = render({ model, el });
  await painted();
  const root = el.querySelector(".rodflow") as Root;
  const find = (selector: string) => root.querySelector(selector) as HTMLElement;
  const text = (selector: string) => find(selector).textContent ?? "";
  const key = async (name: string, options: KeyboardEventInit = {}, target: HTMLElement = root) => {
    target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...options }));
    await painted();
  };
  const commands = () => model.sent.flatMap((message) => (message.kind === "command" ? [message] : []));
  /** Mounts another view of the same model. */
  const again = async () => {
    const other = document.createElement("div");
    document.body.append(other);
    const end = render({ model, el: other });
    await painted();
    return { root: other.querySelector(".rodflow") as Root, unmount: end };
  };
  return { again, model, el, root, find, text, key, commands, unmount, stop };
}

/** Resolves when what was asked for has been drawn. */
export async function painted(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
}
