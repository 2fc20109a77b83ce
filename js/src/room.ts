/** Bytes that the rows of all widgets of a page may take together. */
const PAGE_BYTES = 40e6;

/** Something that takes room, and can do with less. */
export interface Holder {
  readonly bytes: number;
  /** Takes at most about so many bytes from now on. */
  fit(bytes: number): void;
}

/** Room that is shared evenly: who needs less than a share leaves the rest to the others. */
export class Room {
  private holders: WeakRef<Holder>[] = [];

  constructor(readonly limit = PAGE_BYTES) {}

  join(holder: Holder): void {
    this.holders.push(new WeakRef(holder));
  }

  leave(holder: Holder): void {
    this.holders = this.holders.filter((ref) => ref.deref() !== holder);
  }

  /** Bytes that `holder` may take, where it asks for `wanted`; holders above their share fit into it now. */
  grant(holder: Holder, wanted: number): number {
    this.holders = this.holders.filter((ref) => ref.deref());
    const others = this.holders.flatMap((ref) => ref.deref() ?? []).filter((other) => other !== holder);
    const share = evenShare(this.limit, [wanted, ...others.map((other) => other.bytes)]);
    for (const other of others) if (other.bytes > share) other.fit(share);
    return Math.min(wanted, share);
  }
}

/** The most that each may have of `limit`, when those who need less have what they need. */
function evenShare(limit: number, needs: number[]): number {
  let left = limit;
  const sorted = needs.sort((a, b) => a - b);
  for (const [i, need] of sorted.entries()) {
    const share = left / (sorted.length - i);
    if (need > share) return share;
    left -= need;
  }
  return Number.POSITIVE_INFINITY;
}

const PAGE = Symbol.for("rodflow-widgets.room");

/** The room of this page: hosts may load this module once for every widget, so it is kept on the page itself. */
export function pageRoom(): Room {
  const page = globalThis as unknown as Record<symbol, Room | undefined>;
  page[PAGE] ??= new Room();
  return page[PAGE];
}
