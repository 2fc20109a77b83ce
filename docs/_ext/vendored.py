"""Scripts of others that pages need, from node_modules and from the packages of this environment, so that no CDN is asked."""

from __future__ import annotations

import shutil
from pathlib import Path

from jupyter_core.paths import jupyter_path

DOCS = Path(__file__).resolve().parent.parent
NODE = {
    "tex-svg.js": "mathjax/es5/tex-svg.js",
    "require.js": "requirejs/require.js",
    "manager.js": "@jupyter-widgets/html-manager/dist/embed-amd.js",
}
WIDGETS = ("anywidget", "bqplot", "bqscales")


def collect(target: Path) -> str:
    """Copy all of them into one folder, and return its path.

    Raises:
        FileNotFoundError: one is missing.
    """
    target.mkdir(parents=True, exist_ok=True)
    for name, place in NODE.items():
        source = DOCS / "node_modules" / place
        if not source.exists():
            raise FileNotFoundError(f"{source} is missing: build by `make docs`, which installs it.")
        shutil.copyfile(source, target / name)
    for widget in WIDGETS:
        places = [Path(folder) / widget / "index.js" for folder in jupyter_path("nbextensions")]
        found = next((path for path in places if path.exists()), None)
        if found is None:
            raise FileNotFoundError(f"{widget}/index.js is in none of {', '.join(map(str, places))}: install {widget}.")
        shutil.copyfile(found, target / f"{widget}.js")
    return str(target)
