// Builds the anywidget module and its stylesheet. --watch rebuilds on change; --dev serves js/dev on loopback.
import { fileURLToPath } from "node:url";
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
}
