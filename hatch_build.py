"""Build hook: a wheel or sdist is only built when it will hold the current JavaScript, of the widget and of JupyterLab's extension."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = "rodflow_widgets/widgets/static"
EXTENSION = "build/labextension"
BUNDLE = (f"{STATIC}/live.js", f"{STATIC}/live.css", f"{STATIC}/still.js", f"{EXTENSION}/package.json")
INSTALLED = "share/jupyter/labextensions/rodflow-widgets"
SOURCES = ("js/src", "js/extension", "notebooks")


class BundleHook(BuildHookInterface):
    """Refuse to package a missing or stale bundle; editable installs may come before it, and have no extension."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        missing = [name for name in BUNDLE if not (root / name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"{' and '.join(missing)} missing: a {self.target_name} holds the built JavaScript, so that it "
                "installs without Node. Run `make build` (or `npm ci && npm run build`) first."
            )
        if self.target_name == "wheel":
            build_data["shared_data"][EXTENSION] = INSTALLED
        if (root / "PKG-INFO").is_file():
            return  # an unpacked sdist: its files carry no meaningful times
        oldest = min((root / name).stat().st_mtime for name in BUNDLE)
        sources = [path for folder in SOURCES for path in sorted((root / folder).rglob("*")) if path.is_file()]
        newer = [path for path in sources if path.stat().st_mtime > oldest and ".ipynb_checkpoints" not in path.parts]
        if newer:
            raise RuntimeError(
                f"The JavaScript bundle is older than {newer[0].relative_to(root)}: run `make build` "
                f"(or `npm run build`) before building a {self.target_name}."
            )
