/** The plugins of the JupyterLab extension; the renderer of saved runs is one of its own, in mime.ts. */
import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { set } from "../src/settings";
import { icon } from "./icon";
import { RunsPanel } from "./panel";
import { TutorialsPage } from "./tutorials";

const CATEGORY = "rodflow";
const RUNS = "rodflow:runs";
const TUTORIALS = "rodflow:tutorials";

const runs: JupyterFrontEndPlugin<void> = {
  id: "rodflow-widgets:runs",
  description: "A side panel with the live runs of all open notebooks.",
  autoStart: true,
  optional: [ILabShell, ILayoutRestorer, ICommandPalette],
  activate: (
    { commands, shell, restored }: JupyterFrontEnd,
    lab: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
  ) => {
    const panel = new RunsPanel(shell);
    shell.add(panel, "right", { rank: 600, type: "rodflow" });
    restorer?.add(panel, "rodflow-runs");
    if (lab) lab.layoutModified.connect(() => panel.look());
    else shell.currentChanged?.connect(() => panel.look());
    restored.then(() => panel.look());
    commands.addCommand(RUNS, {
      label: "Live Runs",
      caption: "Show the live runs of all open notebooks",
      icon,
      execute: () => shell.activateById(panel.id),
    });
    palette?.addItem({ command: RUNS, category: CATEGORY });
  },
};

const tutorials: JupyterFrontEndPlugin<void> = {
  id: "rodflow-widgets:tutorials",
  description: "A card of the launcher that opens the tutorials.",
  autoStart: true,
  optional: [ILauncher, ICommandPalette],
  activate: (app: JupyterFrontEnd, launcher: ILauncher | null, palette: ICommandPalette | null) => {
    // Jupyter Notebook has no launcher, and a shell for one notebook alone.
    if (!launcher) return;
    app.commands.addCommand(TUTORIALS, {
      label: "Tutorials",
      caption: "Gradient descent at the edge of stability, beside its flows: notebooks to run and change",
      icon,
      execute: ({ cwd }) => {
        const page = new TutorialsPage(app, typeof cwd === "string" ? cwd : "");
        const open = [...app.shell.widgets("main")].find(({ id }) => id === page.id);
        open?.dispose();
        app.shell.add(page, "main");
        app.shell.activateById(page.id);
        return page;
      },
    });
    launcher.add({ command: TUTORIALS, category: CATEGORY, rank: 1 });
    palette?.addItem({ command: TUTORIALS, category: CATEGORY });
  },
};

const settings: JupyterFrontEndPlugin<void> = {
  id: "rodflow-widgets:settings",
  description: "Palette and frame rate of live views and saved pictures.",
  autoStart: true,
  requires: [ISettingRegistry],
  activate: async (_: JupyterFrontEnd, registry: ISettingRegistry) => {
    const loaded = await registry.load(settings.id);
    const apply = () => set(loaded.composite as { palette?: string; frameRate?: number });
    loaded.changed.connect(apply);
    apply();
  },
};

export default [runs, tutorials, settings];
