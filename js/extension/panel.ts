import type { JupyterFrontEnd } from "@jupyterlab/application";
import { Widget } from "@lumino/widgets";
import { h, setText } from "../src/dom";
import { icon } from "./icon";
import { Item } from "./item";
import { type Group, Kernels } from "./kernels";
import { reveal } from "./lab";

const EMPTY = "No live runs. Run a cell with rf.compare(…) or rf.watch(…) in an open notebook, and it is listed here.";
const SILENT = "No answer: the kernel is busy, or gone. This is what was last heard of it.";

/** The runs of all open notebooks, by kernel. Kernels are listened to only while it is shown. */
export class RunsPanel extends Widget {
  private readonly kernels: Kernels;
  private readonly empty = h("p", { class: "rodflow-empty" }, EMPTY);
  private readonly list = h("div", { class: "rodflow-kernels" });
  private readonly sections = new Map<unknown, Section>();

  constructor(private readonly shell: JupyterFrontEnd.IShell) {
    super();
    this.id = "rodflow-runs";
    this.addClass("rodflow-panel");
    this.title.icon = icon;
    this.title.caption = "Live runs of rodflow";
    this.node.append(h("h2", {}, "Live runs"), this.empty, this.list);
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", "Live runs");
    this.kernels = new Kernels(shell);
    this.kernels.changed.subscribe(() => this.redraw());
    this.kernels.look();
  }

  /** Looks for documents that came or went. */
  look(): void {
    this.kernels.look();
  }

  protected override onAfterShow(): void {
    this.kernels.listen(true);
  }

  protected override onBeforeHide(): void {
    this.kernels.listen(false);
  }

  private redraw(): void {
    const groups = this.kernels.groups.filter(({ link }) => link.runs.length || link.refusal);
    for (const [link, section] of this.sections)
      if (!groups.some((group) => group.link === link)) {
        section.element.remove();
        this.sections.delete(link);
      }
    for (const group of groups) {
      let section = this.sections.get(group.link);
      if (!section) {
        section = new Section(this.shell, group);
        this.sections.set(group.link, section);
        this.list.append(section.element);
      }
      section.update(group);
    }
    this.empty.hidden = groups.length > 0;
  }
}

/** The runs of one kernel. */
class Section {
  readonly element: HTMLElement;
  private readonly title = h("h3", {});
  private readonly note = h("p", { class: "rodflow-note", role: "status" });
  private readonly list = h("ul", {});
  private readonly items = new Map<string, Item>();

  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private group: Group,
  ) {
    this.element = h("section", {}, this.title, this.note, this.list);
  }

  update(group: Group): void {
    this.group = group;
    const { link, documents } = group;
    setText(this.title, documents.map(({ title }) => title.label).join(", "));
    const note = link.refusal || (link.silent ? SILENT : "");
    setText(this.note, note);
    this.note.hidden = !note;
    for (const [id, item] of this.items)
      if (!link.runs.some((run) => run.id === id)) {
        item.element.remove();
        this.items.delete(id);
      }
    for (const [place, run] of link.runs.entries()) {
      const item = this.items.get(run.id) ?? this.made(run.id);
      item.update(run);
      if (this.list.children[place] !== item.element)
        this.list.insertBefore(item.element, this.list.children[place] ?? null);
    }
  }

  private made(id: string): Item {
    const item = new Item({
      command: (run, name) => this.group.link.command(run, name),
      reveal: (view) => reveal(this.shell, this.group.documents, view),
    });
    this.items.set(id, item);
    return item;
  }
}
