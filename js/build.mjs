// Builds the anywidget module with its stylesheet, and the JupyterLab extension. --watch rebuilds the widget alone on
// every change; --dev serves js/dev on loopback.
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const serve = process.argv.includes("--dev");
const watch = process.argv.includes("--watch");

const options = {
  entryPoints: { live: here("src/index.ts") },
  outdir: here("../rodflow_widgets/widgets/static"),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: !watch && !serve,
  sourcemap: watch || serve ? "inline" : false,
  legalComments: "inline",
  logLevel: "info",
};

if (serve) {
  const context = await esbuild.context({
    ...options,
    entryPoints: { dev: here("dev/dev.ts") },
    outdir: here("dev/build"),
  });
  await context.serve({ host: "127.0.0.1", port: Number(process.env.PORT ?? 8765), servedir: here("dev") });
} else {
  // The stylesheet is its own entry, so that hosts get it through the widget's `_css`.
  const all = { ...options, entryPoints: { ...options.entryPoints, "live-style": here("src/live.css") } };
  all.entryPoints = [
    { in: here("src/index.ts"), out: "live" },
    { in: here("src/live.css"), out: "live" },
    { in: here("src/sweep/index.ts"), out: "sweep" },
    { in: here("src/sweep/style.css"), out: "sweep" },
  ];
  // The script of a saved picture lies in the page as it is.
  const still = { ...options, entryPoints: { still: here("src/still.ts") }, format: "iife" };
  for (const each of [all, still]) {
    if (watch) await (await esbuild.context(each)).watch();
    else await esbuild.build(each);
  }
  if (!watch) await buildExtension();
}

/** The extension in build/labextension: modules by esbuild, made into a federated one by Jupyter's builder, and tutorials. */
async function buildExtension() {
  await fs.rm(here("../build/extension"), { recursive: true, force: true });
  await esbuild.build({
    ...options,
    entryPoints: { index: here("extension/index.ts"), mime: here("extension/mime.ts") },
    outdir: here("../build/extension"),
    splitting: true,
    minify: false, // the builder does
    external: ["@jupyterlab/*", "@lumino/*"],
    alias: { "@rodflow/style": `${options.outdir}/live.css` },
    loader: { ".css": "text" },
    logLevel: "warning",
  });
  const builder = here("../node_modules/@jupyter/builder/lib/build-labextension.js");
  const core = here("../node_modules/@jupyterlab/core-meta/core.package.json");
  const done = await promisify(execFile)(process.execPath, [builder, "--core-package-file", core, here("..")]);
  if (/warning|error/i.test(done.stdout)) console.warn(done.stdout);
  await fs.copyFile(here("extension/install.json"), here("../build/labextension/install.json"));
  await copyTutorials();
}

/** The notebooks, and an index of their titles and first paragraphs. */
async function copyTutorials() {
  const [from, to] = [here("../notebooks"), here("../build/labextension/tutorials")];
  await fs.mkdir(to, { recursive: true });
  const index = [];
  for (const file of (await fs.readdir(from)).filter((name) => name.endsWith(".ipynb")).sort()) {
    const { cells } = JSON.parse(await fs.readFile(`${from}/${file}`, "utf8"));
    const [title, summary = ""] = [cells[0].source]
      .flat()
      .join("")
      .split(/\n\s*\n/);
    index.push({ file, title: plain(title.replace(/^#+/, "")), summary: plain(summary) });
    await fs.copyFile(`${from}/${file}`, `${to}/${file}`);
  }
  await fs.writeFile(`${to}/index.json`, JSON.stringify(index, null, 1));
}

/** Markdown of one paragraph as text. */
function plain(markdown) {
  return markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*`$]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
