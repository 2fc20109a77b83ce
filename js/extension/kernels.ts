/** The kernels of the documents that are open, each with the one link that it has. */
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { Kernel } from "@jupyterlab/services";
import { Signal } from "../src/scope";
import { type Document, documents } from "./lab";
import { Link } from "./link";

export interface Group {
  link: Link;
  /** The documents with this kernel, in the order of their tabs. */
  documents: Document[];
}

export class Kernels {
  readonly changed = new Signal();
  groups: Group[] = [];
  private readonly followed = new WeakSet<Document>();
  private listening = false;

  constructor(private readonly shell: JupyterFrontEnd.IShell) {}

  /** Begins to listen to every kernel, or ends it. */
  listen(on: boolean): void {
    this.listening = on;
    for (const { link } of this.groups) on ? link.listen() : link.rest();
    if (on) this.look();
  }

  /** Looks for documents that came or went, and for kernels that were changed. */
  look(): void {
    const connections = new Map<string, { kernel: Kernel.IKernelConnection; documents: Document[] }>();
    for (const document of documents(this.shell)) {
      this.follow(document);
      const kernel = document.sessionContext.session?.kernel;
      if (!kernel || kernel.isDisposed) continue;
      const found = connections.get(kernel.id) ?? { kernel, documents: [] };
      found.documents.push(document);
      // Of several connections with one kernel only one has comms; a second with comms would take them from widgets.
      if (kernel.handleComms) found.kernel = kernel;
      connections.set(kernel.id, found);
    }
    const before = new Map(this.groups.map((group) => [group.link.kernel, group.link]));
    this.groups = [...connections.values()].flatMap(({ kernel, documents }) => {
      if (!kernel.handleComms) return [];
      const link = before.get(kernel) ?? this.made(kernel);
      before.delete(kernel);
      return [{ link, documents }];
    });
    for (const link of before.values()) link.dispose();
    this.changed.emit();
  }

  private made(kernel: Kernel.IKernelConnection): Link {
    const link = new Link(kernel);
    link.changed.subscribe(() => this.changed.emit());
    if (this.listening) link.listen();
    return link;
  }

  private follow(document: Document): void {
    if (this.followed.has(document)) return;
    this.followed.add(document);
    document.sessionContext.kernelChanged.connect(() => this.look());
    document.disposed.connect(() => this.look());
    document.title.changed.connect(() => this.changed.emit());
  }
}
