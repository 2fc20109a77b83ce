import { type Context, newestOfIterates, shownState, ViewState } from "./context";
import { BranchStrip } from "./controls/branches";
import { panelChoice } from "./controls/choice";
import { Dialog, keyTable } from "./controls/dialog";
import { Footer } from "./controls/footer";
import { ForecastControl } from "./controls/forecast";
import { openFork } from "./controls/fork";
import { Header } from "./controls/header";
import { listenKeys } from "./controls/keys";
import { openMeasuring } from "./controls/measuring";
import { Menu } from "./controls/menu";
import { Notes } from "./controls/notes";
import { Notice } from "./controls/notice";
import { ParameterControls } from "./controls/parameters";
import { RateControl } from "./controls/rate";
import { openSchedule } from "./controls/schedule";
import { Scrubber } from "./controls/scrubber";
import { Transport } from "./controls/transport";
import { button, h, setAttribute } from "./dom";
import { hook, type Root } from "./hook";
import type { Runs } from "./runs";
import { Scope } from "./scope";
import { paced } from "./settings";
import { processStyles, readTheme, watchTheme } from "./theme";
import { isAvailable, shownTab, views } from "./views";
import { shownPanels, swapPanels } from "./views/panels";
import { zoom } from "./views/pointer";
import { savePicture, saveValues } from "./views/save";
import { valueTable } from "./views/table";
import { Tabs } from "./views/tabs";
import type { CommandName } from "./wire";

/** Mounts one view of a widget into `host`; everything it owns ends with the returned scope. */
export function mount(runs: Runs, host: HTMLElement): Scope {
  const scope = new Scope();
  const root: Root = h("div", { class: "rodflow", "data-lm-suppress-shortcuts": "true" });
  host.append(root);
  scope.add(() => root.remove());

  const view = new ViewState();
  const draw = scope.frame(() => update());
  const context: Context = {
    runs,
    get client() {
      return runs.selected;
    },
    scope,
    root,
    view,
    theme: readTheme(root),
    styles: processStyles(runs.selected.spec.processes),
    size: "wide",
    redraw: draw,
  };
  let described = "";

  const tabs = new Tabs(context);
  const dialog = new Dialog(context);
  const command = (name: "stop" | "reset" | "extend", args = {}) => void runs.selected.command(name, args);
  const fork = (at: number | null = null) => openFork(context, dialog, at);
  const measure = () => openMeasuring(context, dialog);
  const takes = (name: CommandName) => () => runs.selected.can(name);
  const notice = new Notice(context, {
    extend: () => command("extend", { steps: runs.selected.spec.steps }),
    reset: () => command("reset"),
    saveValues: () => saveValues(context),
    fork,
  });
  const help = () => dialog.open("Keyboard", keyTable(runs.selected));
  const menu = new Menu(context, [
    { label: "Panels …", action: () => dialog.open("Panels", panelChoice(context)) },
    {
      label: "Eigenvalues instead of sharpness / edge",
      checked: () => shownPanels(context).includes("eigenvalues"),
      action: () => swapPanels(context, "sharpness", "eigenvalues"),
    },
    {
      label: "Schedule of the learning rate …",
      shown: takes("schedule"),
      action: () => openSchedule(context, dialog),
    },
    { label: "Fork …", shown: takes("fork"), action: () => fork() },
    { label: "Forecast the next steps", shown: takes("forecast"), action: () => forecast.go() },
    { label: "Measuring …", shown: takes("measure"), action: measure },
    { label: "Undo the last change", shown: takes("undo"), action: () => transport.undo() },
    {
      label: "Stop",
      shown: () => takes("stop")() && ["ready", "running", "paused"].includes(shownState(runs.selected)),
      action: () => command("stop"),
    },
    { label: "Table of values", action: () => dialog.open("Values", valueTable(context)) },
    { label: "Save values (CSV)", action: () => saveValues(context) },
    { label: "Save picture (PNG)", action: () => savePicture(context, tabs.current, "png") },
    { label: "Save picture (SVG)", action: () => savePicture(context, tabs.current, "svg") },
    { label: "Keyboard", action: help },
  ]);
  const titles = Object.entries(views).map(([name, { title }]): [string, string] => [name, title]);
  const header = new Header(context, titles, menu.element);
  const transport = new Transport(context, () => notice.askReset());
  const rate = new RateControl(context);
  const parameters = new ParameterControls(context);
  const scrubber = new Scrubber(context);
  const strip = new BranchStrip(context, dialog);
  const forecast = new ForecastControl(context);
  const notes = new Notes(context);
  const footer = new Footer(context, measure);
  const forkButton = button("Fork", "fork", "Fork");
  forkButton.classList.add("rf-fork");
  scope.listen(forkButton, "click", () => fork());
  const toolbar = h("div", { class: "rf-toolbar" }, transport.element, rate.element, forecast.element, forkButton);
  const body = h(
    "div",
    { class: "rf-body" },
    toolbar,
    parameters.element,
    strip.element,
    scrubber.element,
    notes.element,
    tabs.element,
    notice.element,
    footer.element,
  );
  root.append(header.element, body, dialog.element);

  listenKeys(context, () => tabs.current.element, {
    toggleRun: () => transport.toggle(),
    step: () => transport.step(),
    moveCursor: (rows) => tabs.current.moveCursor(rows),
    newest: () => {
      if (notice.withdraw()) return;
      if (view.cursor !== null) view.setCursor(null, false);
      else view.setSpan(null);
    },
    nudge: (factor) => rate.nudge(factor),
    toggleProcess: (index) => {
      const style = context.styles[index];
      if (style) view.toggle(style.process.name);
    },
    tab: (name) => {
      if (isAvailable(name, context)) view.setTab(name);
    },
    zoom: (factor) => zoom(context, factor),
    fork: () => {
      if (runs.selected.can("fork")) fork();
      else forecast.go();
    },
    undo: () => transport.undo(),
    reset: () => notice.askReset(),
    help,
  });

  function update(): void {
    const { client } = context;
    const { spec } = client;
    const key = `${client.branch.id} ${spec.run} ${spec.processes.map(({ name }) => name).join(" ")}`;
    if (key !== described) {
      described = key;
      context.styles = processStyles(spec.processes);
    }
    const state = shownState(client);
    setAttribute(root, "data-state", state);
    setAttribute(root, "data-step", String(client.step));
    setAttribute(root, "data-run", String(client.store.run));
    setAttribute(root, "data-branch", String(client.branch.id));
    setAttribute(root, "data-tab", shownTab(context));
    setAttribute(root, "data-ratio", String(newestOfIterates(context, "sharpness_ratio") ?? ""));
    if (view.cursor !== null && view.cursor > client.store.newest) view.setCursor(null, false);
    header.update();
    menu.update();
    body.hidden = view.collapsed;
    if (!view.collapsed) {
      forkButton.disabled = client.gone || client.store.newest < 0;
      forkButton.hidden = !client.can("fork");
      scrubber.element.hidden = shownTab(context) === "compare";
      toolbar.toggleAttribute("data-fixed", !client.can("set"));
      for (const part of [transport, rate, parameters, forecast, strip, scrubber, notes, tabs]) part.update();
      notice.update(tabs.current.at);
      footer.update();
    }
    runs.drawn();
  }

  const applyTheme = () => {
    context.theme = readTheme(root);
    root.dataset.theme = context.theme.dark ? "dark" : "light";
    // The palette follows `data-theme`: what the canvas paints is read again with it.
    context.theme = readTheme(root);
    draw();
  };
  watchTheme(scope, root, applyTheme);
  // On paper everything is dark on white, whatever the screen is.
  for (const [event, printed] of [
    ["beforeprint", true],
    ["afterprint", false],
  ] as const)
    scope.listen(window, event, () => {
      root.toggleAttribute("data-print", printed);
      applyTheme();
      update();
    });
  applyTheme();

  const sizes = new ResizeObserver(() => {
    const width = root.clientWidth;
    if (width <= 0) return;
    context.size = width < 480 ? "tiny" : width < 720 ? "narrow" : "wide";
    root.dataset.size = context.size;
    root.toggleAttribute("data-tight", width < 560);
    tabs.resize();
    draw();
  });
  sizes.observe(root);
  scope.observe(sizes);
  const visible = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && draw());
  visible.observe(root);
  scope.observe(visible);
  scope.listen(document, "visibilitychange", draw);

  scope.add(runs.watch());
  scope.add(runs.changed.subscribe(paced(scope, draw)));
  scope.add(view.changed.subscribe(draw));
  root.rodflow = hook(context, tabs);
  scope.add(() => {
    delete root.rodflow;
  });
  update();
  return scope;
}
