/** A run that was saved: the same front end on a model without a kernel. */
import { mount } from "./app";
import type { Model } from "./model";
import { Runs } from "./runs";

/** What a saved picture holds before its bytes: traits, and the sizes in bytes of those that are bytes. */
interface Head {
  traits: Record<string, unknown>;
  sizes: Record<string, number>;
}

/** A model whose traits never change and that nobody listens to. */
export class RecordedModel implements Model {
  private readonly traits: Record<string, unknown>;

  /** `packed`: length of a JSON head (uint32, little-endian), the head, then the bytes in the order of its sizes. */
  constructor(packed: ArrayBuffer) {
    const length = new DataView(packed).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 4, length))) as Head;
    this.traits = { ...head.traits };
    let start = 4 + length;
    for (const [name, size] of Object.entries(head.sizes)) {
      this.traits[name] = new DataView(packed, start, size);
      start += size;
    }
  }

  get(name: string): unknown {
    return this.traits[name];
  }

  on(): void {}

  off(): void {}

  send(): void {}
}

/** Mounts a saved run into `el`; the returned function takes it away again. */
export function mountRecorded(el: HTMLElement, packed: ArrayBuffer): () => void {
  const runs = new Runs(new RecordedModel(packed));
  const scope = mount(runs, el);
  return () => {
    scope.dispose();
    runs.dispose();
  };
}
