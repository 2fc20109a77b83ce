"""Imports point one way, and what is light stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "rodflow_widgets"
GROUND = {"errors", "vocabulary", "version"}
ALLOWED = {
    **{name: set() for name in GROUND},
    "engine": set(),
    "schedules": {"engine"},
    "citations": {"engine", "recording"},
    "recording": set(),
    "wire": set(),
    "figures": {"recording"},
    "store": {"recording"},
    "session": {"engine", "recording", "store"},
    "sweeps": {"engine", "recording", "store", "session"},
    "validation": {"engine", "recording", "store", "session"},
    "widgets": {"engine", "recording", "wire", "figures", "store", "session", "sweeps"},
    "cli": {"engine", "recording", "wire", "figures", "store", "session", "sweeps", "validation", "widgets"},
    "callbacks": {"widgets"},
}
HEAVY = ("anywidget", "traitlets", "IPython", "zarr", "pandas", "matplotlib")
LAZY = (
    "jupyterlab",
    "bqplot",
    "zarr",
    "pandas",
    "anywidget",
    "matplotlib",
    "xarray",
    "ipywidgets",
    "lightning",
    "transformers",
    "accelerate",
)


def layer_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Layers of this package that a file imports, wherever in the file, with the line."""
    package = ["rodflow_widgets", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "rodflow_widgets":
                yield (parts[1] if len(parts) > 1 else "__init__"), node.lineno


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    layer = layer_of(path)
    if layer == "__init__":
        return  # the public names, imported lazily: see the tests of what is loaded
    assert layer in ALLOWED, f"{layer} is a new layer: say in this test what it may import"
    public = {"__init__", "compare", "simulate", "load"} if layer == "cli" else set()
    allowed = ALLOWED[layer] | GROUND | {layer} | public
    wrong = [f"line {line}: {name}" for name, line in imported(path) if name not in allowed]
    assert not wrong, f"{layer} may import {sorted(ALLOWED[layer])}, but {path.name} imports {wrong}"


def loaded_by(statement: str, names: tuple[str, ...]) -> list[str]:
    code = f"import sys; {statement}; print(*[n for n in {names!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_engine_loads_nothing_of_jupyter() -> None:
    assert loaded_by("import rodflow_widgets.engine", HEAVY) == []


@pytest.mark.parametrize(
    "module", ["rodflow_widgets", "rodflow_widgets.recording", "rodflow_widgets.wire", "rodflow_widgets.callbacks"]
)
def test_importing_the_package_is_light(module: str) -> None:
    assert loaded_by(f"import {module}", LAZY) == []


def test_the_wire_needs_neither_torch_nor_traitlets() -> None:
    assert loaded_by("import rodflow_widgets.wire", ("torch", "traitlets")) == []


def test_the_command_line_starts_without_torch() -> None:
    assert loaded_by("from rodflow_widgets.cli.main import parser; parser()", ("torch", *LAZY)) == []
