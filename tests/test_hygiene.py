"""What is easy to overlook in a change: long files, paths of one machine, notebooks with pictures in them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {".py", ".ts", ".mjs"}
TEXTS = SOURCES | {".css", ".md", ".toml", ".json", ".ipynb", ".txt", ""}
MACHINE = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/[a-z]|[A-Z]:\\Users|/tmp/\w")
LONGEST = 450


def tracked() -> list[Path]:
    """Files of the repository; outside git, everything but what is installed or built."""
    if (ROOT / ".git").exists():
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        files = [ROOT / name for name in done.stdout.split("\0") if name]
    else:
        built = {".venv", "node_modules", "static", "dist", "__pycache__"}
        files = [path for path in ROOT.rglob("*") if path.is_file() and not built & set(path.parts)]
    return [path for path in files if path.is_file() and path.suffix in TEXTS and path.name != "package-lock.json"]


def test_no_file_is_too_long() -> None:
    sources = [path for path in tracked() if path.suffix in SOURCES and "generated" not in path.parts]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_no_path_of_a_machine() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_hold_no_pictures(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert {kind for output in outputs for kind in output.get("data", {})} <= {"text/plain"}
    assert len(json.dumps(outputs)) < 5_000
