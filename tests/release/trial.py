"""The wheel and the sdist as somebody has them who has no Node and no clone: `python -m tests.release.trial FOLDER`.

FOLDER, by default `dist`, holds one of each. Either is installed into an environment of its own, whose path holds no other
program: the sdist becomes a wheel there, with the same files as the other one. Then the command line runs, the notebooks are
copied, the first of them is executed, and JupyterLab opens it in Chromium, where its curves have to be on the page.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections import Counter
from pathlib import Path

from playwright.sync_api import sync_playwright

from rodflow_widgets.version import __version__
from tests.browser import chromium
from tests.browser.live import COLOURS, LiveView
from tests.browser.notebook import Notebook
from tests.browser.server import Server

TORCH = "torch==2.13.0"
FIRST = "01_quickstart.ipynb"
LARGEST = 12


class Environment:
    """A virtual environment of its own, and programs that run in it with a path of nothing else."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.bin, self.work = folder / "bin", folder / "work"
        self.work.mkdir()
        self.python = self.bin / "python"
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PYTHON", "JUPYTER", "IPYTHON", "UV_"))
        }
        kept.pop("VIRTUAL_ENV", None)
        self.variables = {**kept, "PATH": str(self.bin), "JUPYTER_CONFIG_DIR": str(folder / "config")}
        found = [name for name in ("node", "npm") if shutil.which(name, path=self.variables["PATH"])]
        assert not found, f"{found} would be found"

    def run(self, program: str, *arguments: str | Path) -> str:
        """What the program says; its errors end the trial."""
        told(f"$ {program} {' '.join(map(str, arguments))}")
        command = [str(self.bin / program), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.work, env=self.variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{program} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout + done.stderr

    def pip(self, *arguments: str | Path) -> None:
        self.run("python", "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments)


def told(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SystemExit(f"{folder} should hold one {pattern} and holds {len(found)}: make build makes them anew.")
    return found[0].resolve()


def contents(wheel: Path) -> dict[str, str]:
    """Name and digest of every file, but for the list of them."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/RECORD")]
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in names}


def table(wheel: Path) -> str:
    """What the wheel holds, a line a folder: files, their bytes, and bytes in the wheel; then the largest files."""
    files, bytes_, packed = Counter(), Counter(), Counter()
    with zipfile.ZipFile(wheel) as archive:
        infos = archive.infolist()
    for info in infos:
        parts = info.filename.split("/")
        depth = 4 if ".data" in parts[0] else 2
        folder = "/".join(parts[: min(depth, len(parts) - 1)])
        files[folder] += 1
        bytes_[folder] += info.file_size
        packed[folder] += info.compress_size
    lines = ["| folder | files | kB | kB in the wheel |", "|---|---|---|---|"]
    for folder in sorted(files, key=lambda name: -packed[name]):
        lines.append(f"| `{folder}` | {files[folder]} | {bytes_[folder] / 1e3:.0f} | {packed[folder] / 1e3:.0f} |")
    lines.append(f"| all | {files.total()} | {bytes_.total() / 1e3:.0f} | {packed.total() / 1e3:.0f} |")
    largest = sorted(infos, key=lambda info: -info.compress_size)[:LARGEST]
    return "\n".join([*lines, "", *(f"{info.compress_size / 1e3:8.0f} kB  {info.filename}" for info in largest)])


def command_line(there: Environment) -> None:
    assert there.run("rodflow", "--version").split() == ["rodflow_widgets", __version__]
    listed = there.run("rodflow", "list")
    assert all(name in listed for name in ("digits_mlp", "GradientDescent", "rod"))
    there.run("rodflow", "run", "--set", "widths=6", "--set", "n=40", "--steps", "20", "--quiet", "--out", "run")
    assert "finished" in there.run("rodflow", "show", "run")


def extensions(there: Environment, wheel: Path) -> None:
    """Every extension of JupyterLab that the wheel holds is found, enabled and right."""
    marker = "/data/share/jupyter/labextensions/"
    names = [name.split(marker)[1] for name in contents(wheel) if marker in name and name.endswith("/package.json")]
    names = [str(Path(name).parent) for name in names if name.count("/") == 1 + name.startswith("@")]
    listed = there.run("jupyter", "labextension", "list")
    for name in names:
        (line,) = [line for line in listed.splitlines() if f"{name} v" in line]
        told(line.strip())
        assert "enabled" in line, line
        assert "OK" in line, line


def notebooks(there: Environment, wheel: Path) -> Path:
    """Copies of all notebooks, of which the first has been executed."""
    there.run("rodflow", "lab", "--copy-only")
    folder = there.work / "rodflow-notebooks"
    held = {Path(name).name for name in contents(wheel) if "/notebooks/" in name and name.endswith(".ipynb")}
    assert {path.name for path in folder.glob("*.ipynb")} == held
    assert FIRST in held
    out = ["--output-dir", there.work, "--output", "executed.ipynb"]
    there.run("jupyter", "nbconvert", "--to", "notebook", "--execute", *out, folder / FIRST)
    cells = json.loads((there.work / "executed.ipynb").read_text(encoding="utf-8"))["cells"]
    printed = "".join(
        "".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", []) if "text" in output
    )
    assert "status: finished" in printed, printed
    return folder


def on_the_page(there: Environment, folder: Path) -> None:
    """JupyterLab of the environment shows the first notebook with a line of every process."""
    executable = chromium.find()
    assert executable, chromium.ADVICE
    server = Server(there.work / "jupyter", folder, python=there.python, variables=there.variables)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=list(chromium.ARGUMENTS))
            page = browser.new_page(viewport={"width": 1280, "height": 1250}, reduced_motion="reduce")
            notebook = Notebook(page, server)
            notebook.open(FIRST)
            notebook.run_all()
            live = LiveView(notebook)
            live.state("finished", seconds=300)
            live.frames()
            for process, colour in COLOURS["light"].items():
                painted = max(live.painted(colour))
                told(f"{process}: {painted} pixels")
                assert painted > 40, process
            where = notebook.execute("print(rf.__file__)")
            assert Path(where).is_relative_to(there.bin.parent), where
            assert notebook.problems == [], notebook.problems
            notebook.screenshot("wheel-trial")
            browser.close()
    finally:
        server.close()


def timed(what: str, since: float) -> float:
    told(f"== {what}: {time.monotonic() - since:.0f} s")
    return time.monotonic()


def main(folder: Path) -> None:
    wheel, sdist = only(folder, "*.whl"), only(folder, "*.tar.gz")
    told(f"{wheel.name}: {wheel.stat().st_size / 1e3:.0f} kB; {sdist.name}: {sdist.stat().st_size / 1e3:.0f} kB")
    told(table(wheel))
    with tempfile.TemporaryDirectory(prefix="rodflow-trial-") as made:
        now = time.monotonic()
        there = Environment(Path(made).resolve())
        there.pip("wheel", "--no-deps", "--wheel-dir", "again", sdist)
        other = contents(only(there.work / "again", "*.whl"))
        mine = contents(wheel)
        differs = sorted(name for name in mine.keys() | other.keys() if mine.get(name) != other.get(name))
        assert differs == [], f"the wheel made of the sdist differs in {differs}"
        now = timed("the sdist becomes the same wheel without Node", now)
        there.pip("install", TORCH)
        there.pip("install", f"{wheel}[lab]")
        now = timed("wheel and everything that it needs installed", now)
        command_line(there)
        extensions(there, wheel)
        now = timed("command line and extensions of JupyterLab", now)
        copies = notebooks(there, wheel)
        now = timed("notebooks copied, and the first executed", now)
        on_the_page(there, copies)
        timed("curves in JupyterLab", now)
    told("The wheel works.")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist"))
