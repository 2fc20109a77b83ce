"""Build hook: a wheel or sdist is only built when it will hold the current JavaScript bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = Path("rodflow_widgets/widgets/static")
BUNDLE = ("live.js", "live.css", "still.js", "sweep.js", "sweep.css")


class BundleHook(BuildHookInterface):
    """Refuse to package a missing or stale bundle; editable installs may come before it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        missing = [str(STATIC / name) for name in BUNDLE if not (root / STATIC / name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"{' and '.join(missing)} missing: a {self.target_name} holds the built JavaScript, so that it "
                "installs without Node. Run `make build` (or `npm ci && npm run build`) first."
            )
        if (root / "PKG-INFO").is_file():
            return  # an unpacked sdist: its files carry no meaningful times
        oldest = min((root / STATIC / name).stat().st_mtime for name in BUNDLE)
        newer = [path for path in sorted((root / "js" / "src").rglob("*")) if path.stat().st_mtime > oldest]
        newer = [path for path in newer if path.is_file()]
        if newer:
            raise RuntimeError(
                f"The JavaScript bundle is older than {newer[0].relative_to(root)}: run `make build` "
                f"(or `npm run build`) before building a {self.target_name}."
            )
