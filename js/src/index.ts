/** The anywidget module. It is a function, so that what a widget holds lives in a closure of its model. */
import { mount } from "./app";
import { h } from "./dom";
import type { Model } from "./model";
import { Runs } from "./runs";
import { PROTOCOL } from "./wire";

export { mountRecorded } from "./recorded";

interface Initialize {
  model: Model;
}

interface Render extends Initialize {
  el: HTMLElement;
}

/** What the page needs of a browser. */
const FEATURES = ["ResizeObserver", "IntersectionObserver", "TextDecoder"];

export default function widget() {
  let runs: Runs | null = null;

  /** Some hosts call `initialize` once a view, and some never: the runs are made once all the same. */
  const connect = (model: Model): Runs => {
    if (!runs || runs.scope.disposed) runs = new Runs(model);
    return runs;
  };

  return {
    initialize({ model }: Initialize) {
      if (hindrance(model)) return () => {};
      const mine = connect(model);
      return () => mine.dispose();
    },
    render({ model, el }: Render) {
      const why = hindrance(model);
      if (why) {
        const sentence = h("p", { class: "rodflow-hindrance", role: "alert" }, why);
        el.append(sentence);
        return () => sentence.remove();
      }
      const scope = mount(connect(model), el);
      return () => scope.dispose();
    },
  };
}

/** Why the widget cannot be shown here, as a sentence; "" where it can. */
function hindrance(model: Model): string {
  const missing = FEATURES.filter((name) => !(name in globalThis));
  if (missing.length)
    return `This browser has no ${missing.join(" and no ")}, which the live view needs: use a newer one. The run goes on; its recording is live.run.recording.`;
  const protocol = model.get("protocol");
  if (protocol !== PROTOCOL)
    return `This page speaks protocol ${PROTOCOL}, the kernel ${protocol}: reload the page, and run the cell again. If that does not help, install one version of rodflow_widgets for both.`;
  return "";
}
