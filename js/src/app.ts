import type { Client } from "./client";
import { type Context, newestOfIterates, shownState, thresholdNow, ViewState } from "./context";
import { Dialog, keyTable } from "./controls/dialog";
import { Footer } from "./controls/footer";
import { Header } from "./controls/header";
import { listenKeys } from "./controls/keys";
import { Menu } from "./controls/menu";
import { Notice } from "./controls/notice";
import { ParameterControls } from "./controls/parameters";
import { RateControl } from "./controls/rate";
import { Transport } from "./controls/transport";
import { h, setAttribute } from "./dom";
import { Scope } from "./scope";
import type { Store } from "./store";
import { processStyles, readTheme, watchTheme } from "./theme";
import { views } from "./views";
import { savePicture, saveValues } from "./views/save";
import { valueTable } from "./views/table";

/** What tests read from the root element: `root.rodflow`. */
export interface Hook {
  client: Client;
  store: Store;
  /** Times recorded of every process. */
  times(): Record<string, number[]>;
  /** A recorded column of a process. */
  column(process: string, name: string, part?: number): (number | null)[];
  /** Top of the plot to the line of a value in a panel ("loss", "ratio", "distance", "rod"), in CSS pixels. */
  y(panel: string, value: number): number;
  /** Like `y`, of the edge threshold now in the panel of eigenvalues. */
  thresholdY(): number;
  /** Step that the cursor is at; null follows the newest. */
  cursor(): number | null;
  /** Number of things that the view owns. */
  owned(): number;
}

export type Root = HTMLElement & { rodflow?: Hook };

/** Mounts one view of a widget into `host`; everything it owns ends with the returned scope. */
export function mount(client: Client, host: HTMLElement): Scope {
  const scope = new Scope();
  const root: Root = h("div", { class: "rodflow", "data-lm-suppress-shortcuts": "true" });
  host.append(root);
  scope.add(() => root.remove());

  const view = new ViewState();
  const draw = scope.frame(() => update());
  const context: Context = {
    client,
    scope,
    root,
    view,
    theme: readTheme(root),
    styles: processStyles(client.spec.processes),
    size: "wide",
    redraw: draw,
  };
  let spec = client.spec;

  const figure = views.compare.create(context);
  const notice = new Notice(context, {
    extend: () => void client.command("extend", { steps: client.spec.steps }),
    reset: () => void client.command("reset"),
    saveValues: () => saveValues(context),
  });
  const dialog = new Dialog(context);
  const menu = new Menu(context, [
    {
      label: "Eigenvalues instead of sharpness / edge",
      checked: () => view.showEigenvalues,
      action: () => view.setEigenvalues(!view.showEigenvalues),
    },
    { label: "Table of values", action: () => dialog.open("Values", valueTable(context)) },
    { label: "Save values (CSV)", action: () => saveValues(context) },
    { label: "Save picture (PNG)", action: () => savePicture(context, figure) },
    { label: "Keyboard", action: () => dialog.open("Keyboard", keyTable()) },
  ]);
  const header = new Header(context, menu.element);
  const transport = new Transport(context, () => notice.askReset());
  const rate = new RateControl(context);
  const parameters = new ParameterControls(context);
  const footer = new Footer(context);
  const toolbar = h("div", { class: "rf-toolbar" }, transport.element, rate.element);
  root.append(
    header.element,
    toolbar,
    parameters.element,
    figure.element,
    notice.element,
    footer.element,
    dialog.element,
  );

  listenKeys(context, figure.element, {
    toggleRun: () => transport.toggle(),
    step: () => transport.step(),
    moveCursor: (rows) => figure.moveCursor(rows),
    newest: () => {
      if (!notice.withdraw()) view.setCursor(null, false);
    },
    nudge: (factor) => rate.nudge(factor),
    toggleProcess: (index) => {
      const style = context.styles[index];
      if (style) view.toggle(style.process.name);
    },
    reset: () => notice.askReset(),
    help: () => dialog.open("Keyboard", keyTable()),
  });

  function update(): void {
    if (client.spec !== spec) {
      spec = client.spec;
      context.styles = processStyles(spec.processes);
    }
    const state = shownState(client);
    setAttribute(root, "data-state", state);
    setAttribute(root, "data-step", String(client.status.step));
    setAttribute(root, "data-run", String(client.store.run));
    setAttribute(root, "data-ratio", String(newestOfIterates(context, "sharpness_ratio") ?? ""));
    if (view.cursor !== null && view.cursor > client.store.newest) view.setCursor(null, false);
    header.update();
    menu.update();
    transport.update();
    rate.update();
    parameters.update();
    figure.update();
    notice.update(figure.at);
    footer.update();
    client.drawn();
  }

  const applyTheme = () => {
    context.theme = readTheme(root);
    root.dataset.theme = context.theme.dark ? "dark" : "light";
    // The palette follows `data-theme`: what the canvas paints is read again with it.
    context.theme = readTheme(root);
    draw();
  };
  watchTheme(scope, root, applyTheme);
  applyTheme();

  const sizes = new ResizeObserver(() => {
    const width = root.clientWidth;
    if (width <= 0) return;
    context.size = width < 480 ? "tiny" : width < 720 ? "narrow" : "wide";
    root.dataset.size = context.size;
    figure.resize();
    draw();
  });
  sizes.observe(root);
  scope.observe(sizes);
  const visible = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && draw());
  visible.observe(root);
  scope.observe(visible);
  scope.listen(document, "visibilitychange", draw);

  scope.add(client.watch());
  scope.add(client.changed.subscribe(draw));
  scope.add(client.store.changed.subscribe(draw));
  scope.add(view.changed.subscribe(draw));
  root.rodflow = hook(context, figure);
  scope.add(() => {
    delete root.rodflow;
  });
  update();
  return scope;
}

function hook(context: Context, figure: ReturnType<typeof views.compare.create>): Hook {
  const { client, scope, view } = context;
  const panel = (key: string) => figure.panels.find((candidate) => candidate.panel.key === key);
  return {
    client,
    store: client.store,
    times: () => Object.fromEntries([...client.store.tables].map(([name, table]) => [name, [...table.time.toArray()]])),
    column: (process, name, part = 0) => {
      const table = client.store.table(process);
      return Array.from({ length: table?.rows ?? 0 }, (_, row) => table?.column(name, part)?.at(row) ?? null);
    },
    y: (key, value) => panel(key)?.y(value) ?? Number.NaN,
    thresholdY: () => {
      const now = thresholdNow(context) ?? newestOfIterates(context, "edge_threshold");
      return panel("ratio")?.y(now ?? Number.NaN) ?? Number.NaN;
    },
    cursor: () => view.cursor,
    owned: () => scope.size,
  };
}
