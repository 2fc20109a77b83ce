"""Minutes and megabytes of `make lab` and `make test` from a fresh clone of the committed tree.

python benchmarks/setup.py [lab] [test] [--cold]

`make lab` is timed until JupyterLab answers (it is asked for its version). With --cold, pip, uv and npm begin with
empty caches, as on a new machine, and what they then hold is counted too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {"lab": ["lab", "LAB_ARGS=--version"], "test": ["test"]}
CACHES = {"PIP_CACHE_DIR": "pip", "UV_CACHE_DIR": "uv", "npm_config_cache": "npm"}


def megabytes(folder: Path) -> float:
    """Space that the files below `folder` take on disk; a file with several names counts once."""
    sizes: dict[tuple[int, int], int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            found = os.lstat(os.path.join(parent, name))
            sizes[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(sizes.values()) / 1e6


def environment(caches: Path | None) -> dict[str, str]:
    """This environment without the virtual environment that may be active, with empty caches if asked for."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")}
    return kept | ({variable: str(caches / name) for variable, name in CACHES.items()} if caches else {})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="lab|test", help="default: lab test")
    parser.add_argument("--cold", action="store_true", help="begin with empty caches")
    given = parser.parse_args()
    targets = given.targets or list(TARGETS)
    if not set(targets) <= set(TARGETS):
        parser.error(f"the targets are {' and '.join(TARGETS)}, not {' '.join(targets)}")
    with tempfile.TemporaryDirectory(prefix="rodflow-setup-") as folder:
        clone, caches = Path(folder, "clone"), Path(folder, "caches") if given.cold else None
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        print(f"{'':12}{'minutes':>10}{'.venv MB':>10}{'node MB':>10}{'cache MB':>10}")
        for target in targets:
            begun = time.perf_counter()
            done = subprocess.run(
                ["make", *TARGETS[target]],
                cwd=clone,
                env=environment(caches),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            minutes = (time.perf_counter() - begun) / 60
            if done.returncode:
                print(f"{done.stdout}\nmake {target} failed after {minutes:.1f} minutes", file=sys.stderr)
                return 1
            held = f"{megabytes(caches):10.0f}" if caches else f"{'–':>10}"
            sizes = f"{megabytes(clone / '.venv'):10.0f}{megabytes(clone / 'node_modules'):10.0f}{held}"
            print(f"make {target:7}{minutes:10.1f}{sizes}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
