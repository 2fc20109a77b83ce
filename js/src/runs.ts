/** The run of a widget and its forks: a client for each, and which of them is looked at. */
import { Client } from "./client";
import type { Model } from "./model";
import { Scope, Signal } from "./scope";
import { type Branch, type PanelName, unpack } from "./wire";

export class Runs {
  readonly scope = new Scope();
  /** A branch came, went or changed; or another one is looked at. */
  readonly changed = new Signal();
  private readonly clients = new Map<number, Client>();
  private readonly subscriptions = new Map<number, Scope>();
  private chosen = 0;
  private viewers = 0;

  constructor(private readonly model: Model) {
    for (const [name, handler] of [
      ["change:branches", () => this.readBranches()],
      ["change:snapshot", () => this.readSnapshot()],
      ["change:directions", () => this.changed.emit()],
      ["change:panels", () => this.changed.emit()],
    ] as const) {
      model.on(name, handler);
      this.scope.add(() => model.off(name, handler));
    }
    this.readBranches();
  }

  /** All branches, the run first. */
  get all(): Client[] {
    return [...this.clients.values()];
  }

  /** The branch that controls, words and read-outs are about. */
  get selected(): Client {
    const client = this.clients.get(this.chosen) ?? this.all[0];
    if (!client) throw new Error("A widget without a run.");
    return client;
  }

  /** The other branches that are not hidden. */
  get others(): Client[] {
    return this.all.filter((client) => client !== this.selected && !client.branch.hidden);
  }

  /** Newest step of all that is drawn; below 0 before the first. */
  get reach(): number {
    return Math.max(this.selected.store.newest, ...this.others.map(({ store }) => store.newest));
  }

  /** Panels that the notebook asks for; empty where it leaves that to the page. */
  get panels(): PanelName[] {
    return (this.model.get("panels") as PanelName[] | undefined) ?? [];
  }

  /** Names of directions that the notebook offers for planes. */
  get directions(): string[] {
    return (this.model.get("directions") as string[] | undefined) ?? [];
  }

  select(branch: number): void {
    if (branch === this.selected.branch.id) return;
    this.chosen = branch;
    this.changed.emit();
  }

  /** A view that draws frames; call `drawn` after each draw, and the result when the view ends. */
  watch(): () => void {
    this.viewers++;
    return this.scope.add(() => {
      this.viewers--;
      if (!this.viewers) this.drawn();
    });
  }

  /** Acknowledges all frames received so far. */
  drawn(): void {
    for (const client of this.clients.values()) client.drawn();
  }

  dispose(): void {
    if (this.scope.disposed) return;
    this.scope.dispose();
    for (const client of this.clients.values()) client.dispose();
    // A view that is still on the page keeps its picture, and says that there is no kernel.
    this.changed.emit();
  }

  private readBranches(): void {
    const branches = this.model.get("branches") as Branch[];
    for (const id of [...this.clients.keys()]) if (!branches.some((branch) => branch.id === id)) this.drop(id);
    const added: Client[] = [];
    for (const branch of branches) {
      const client = this.clients.get(branch.id);
      if (client) client.describe(branch);
      else added.push(this.add(branch));
    }
    if (added.length) this.readSnapshot();
    for (const client of added) client.hello();
    this.changed.emit();
  }

  private add(branch: Branch): Client {
    const client = new Client(this.model, branch, () => this.viewers > 0);
    const scope = this.scope.child();
    for (const signal of [client.changed, client.store.changed]) scope.add(signal.subscribe(() => this.changed.emit()));
    this.clients.set(branch.id, client);
    this.subscriptions.set(branch.id, scope);
    return client;
  }

  private drop(id: number): void {
    this.subscriptions.get(id)?.dispose();
    this.subscriptions.delete(id);
    this.clients.get(id)?.dispose();
    this.clients.delete(id);
  }

  private readSnapshot(): void {
    const data = this.model.get("snapshot") as DataView | null;
    if (!data?.byteLength) return;
    for (const rows of unpack(data)) this.clients.get(rows.branch)?.keep(rows);
  }
}
