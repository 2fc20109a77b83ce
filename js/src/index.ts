/** The anywidget module. It is a function, so that what a widget holds lives in a closure of its model. */
import { mount } from "./app";
import { Client } from "./client";
import type { Model } from "./model";

interface Initialize {
  model: Model;
}

interface Render extends Initialize {
  el: HTMLElement;
}

export default function widget() {
  let client: Client | null = null;

  /** Some hosts call `initialize` once a view, and some never: the client is made once all the same. */
  const connect = (model: Model): Client => {
    if (!client || client.scope.disposed) client = new Client(model);
    return client;
  };

  return {
    initialize({ model }: Initialize) {
      const mine = connect(model);
      return () => mine.dispose();
    },
    render({ model, el }: Render) {
      const scope = mount(connect(model), el);
      return () => scope.dispose();
    },
  };
}
