/**
 * Renders the runs that a notebook has saved: interactive, with no kernel, and in a notebook that is not trusted, since all
 * code is that of the extension.
 */
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Widget } from "@lumino/widgets";
import { h } from "../src/dom";
import { PROTOCOL } from "../src/generated/messages";
import { place, unzip } from "../src/placed";
import { MIME, picture } from "./saved";

const OTHER = "This run was saved by another version of rodflow_widgets: its picture is shown as it was.";

class SavedRun extends Widget implements IRenderMime.IRenderer {
  private end = () => {};

  async renderModel({ data }: IRenderMime.IMimeModel): Promise<void> {
    this.end();
    this.end = () => {};
    this.node.replaceChildren();
    this.node.className = "lm-Widget rodflow-saved";
    const found = picture(data, PROTOCOL);
    if (!found) {
      this.node.append(h("pre", {}, String(data["text/plain"] ?? "A run of which nothing was saved.")));
      return;
    }
    const { packed, png, words } = found;
    const image = h("img", { class: "rodflow-widgets-still", alt: words, src: png });
    this.node.append(image);
    this.node.dataset.rodflowPicture = "";
    if (packed)
      this.end = place(this.node, image, () =>
        Promise.all([import("./front").then(({ code }) => code), unzip(packed)]),
      );
    else this.node.append(h("p", { class: "rodflow-note" }, OTHER));
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.end();
    super.dispose();
  }
}

const extension: IRenderMime.IExtension = {
  id: "rodflow-widgets:saved-run",
  description: "Draws saved runs without a kernel.",
  rendererFactory: { safe: true, mimeTypes: [MIME], createRenderer: () => new SavedRun() },
  rank: 10,
  dataType: "json",
};

export default extension;
