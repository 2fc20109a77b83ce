// Where the widget manager finds the front ends of widgets: beside this file, not in a CDN.
(() => {
  const here = document.currentScript.src.replace(/[^/]*$/, "");
  const names = ["anywidget", "bqplot", "bqscales"];
  requirejs.config({ paths: Object.fromEntries(names.map((name) => [name, `${here}${name}`])) });
})();
