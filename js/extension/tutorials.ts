import type { JupyterFrontEnd } from "@jupyterlab/application";
import { PageConfig, URLExt } from "@jupyterlab/coreutils";
import type { Contents } from "@jupyterlab/services";
import { Widget } from "@lumino/widgets";
import { h } from "../src/dom";
import { icon } from "./icon";

/** The folder of the copies, as `rodflow lab` names it. */
const COPIES = "rodflow-notebooks";

interface Tutorial {
  file: string;
  title: string;
  summary: string;
}

/** Lists the notebooks that came with the package; one that is opened is first copied to where the user works. */
export class TutorialsPage extends Widget {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly folder: string,
  ) {
    super();
    this.id = "rodflow-tutorials";
    this.addClass("rodflow-tutorials");
    this.title.label = "rodflow tutorials";
    this.title.icon = icon;
    this.title.closable = true;
    this.node.tabIndex = -1;
    const list = h("ol", {});
    const place = inFolder(folder, COPIES);
    this.node.append(
      h(
        "main",
        {},
        h("h1", {}, "Tutorials"),
        h(
          "p",
          {},
          "A notebook is copied to ",
          h("code", {}, place),
          " when it is opened. A copy that is there already is opened as it is.",
        ),
        list,
      ),
    );
    this.fill(list).catch((error) => {
      list.replaceWith(h("p", { role: "alert" }, `The tutorials could not be listed: ${error.message}`));
    });
  }

  protected override onActivateRequest(): void {
    this.node.focus();
  }

  private async fill(list: HTMLElement): Promise<void> {
    const tutorials = (await (await asset("index.json")).json()) as Tutorial[];
    list.append(
      ...tutorials.map(({ file, title, summary }) => {
        const open = h("button", { type: "button" }, title);
        const said = h("p", { class: "rodflow-note", role: "alert", hidden: true });
        open.addEventListener("click", () => {
          this.open(file).catch((error) => {
            said.textContent = `It could not be opened: ${error.message}`;
            said.hidden = false;
          });
        });
        return h("li", {}, open, h("p", {}, summary), said);
      }),
    );
  }

  private async open(file: string): Promise<void> {
    const path = await copied(this.app.serviceManager.contents, this.folder, file);
    await this.app.commands.execute("docmanager:open", { path });
  }
}

/** Path of the copy of a tutorial below `folder`, made unless it is there. */
export async function copied(contents: Contents.IManager, folder: string, file: string): Promise<string> {
  const place = inFolder(folder, COPIES);
  const path = inFolder(place, file);
  if (!(await names(contents, folder)).includes(COPIES)) await contents.save(place, { type: "directory" });
  else if ((await names(contents, place)).includes(file)) return path;
  const content = await (await asset(file)).json();
  await contents.save(path, { type: "notebook", format: "json", content });
  return path;
}

/** What is in a folder; asked like this, since a page logs an error for every file that is asked for and not there. */
async function names(contents: Contents.IManager, folder: string): Promise<string[]> {
  const { content } = await contents.get(folder, { content: true });
  return (content as Contents.IModel[]).map(({ name }) => name);
}

async function asset(name: string): Promise<Response> {
  const url = URLExt.join(PageConfig.getOption("fullLabextensionsUrl"), "rodflow-widgets", "tutorials", name);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText} for ${url}`);
  return answer;
}

/** A path of the contents manager, whose drives end with a colon. */
function inFolder(folder: string, name: string): string {
  return !folder || folder.endsWith(":") ? folder + name : `${folder}/${name}`;
}
