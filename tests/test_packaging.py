"""The wheel holds what a user needs, installs without Node, and is refused when the bundle is missing or stale."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import rodflow_widgets
from rodflow_widgets.version import __version__

ROOT = Path(__file__).resolve().parent.parent
STATIC = "rodflow_widgets/widgets/static"
BUNDLE = tuple(f"{STATIC}/{name}" for name in ("live.js", "live.css", "still.js", "sweep.js", "sweep.css"))


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as it is, with its bundle, without what was installed into it."""
    copy = tmp_path_factory.mktemp("source") / "tree"
    for name in ("rodflow_widgets", "notebooks", "js/src"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    done = build(source, target)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(target.glob("*.whl"))


def test_wheel_holds_bundle_types_and_notebooks(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        sizes = {name: archive.getinfo(name).file_size for name in BUNDLE}
    assert {*BUNDLE, "rodflow_widgets/py.typed", "rodflow_widgets/notebooks/01_quickstart.ipynb"} <= names
    assert all(size > 1000 for size in sizes.values()), sizes
    assert not [name for name in names if name.endswith((".ts", ".map")) or name.startswith("tests/")]
    assert f"rodflow_widgets-{__version__}.dist-info/licenses/LICENSE" in names


def test_wheel_installs_without_node(wheel: Path, tmp_path: Path) -> None:
    """A clean environment that sees this one's libraries but not this checkout, and no Node on its path."""
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        where,
        str(wheel),
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
    environment["PATH"] = str(tmp_path / "env" / "bin")
    subprocess.run(install, env=environment, check=True)
    code = (
        "import sys, pathlib; sys.path.append(sys.argv[1]); import rodflow_widgets as rf; folder = "
        "pathlib.Path(rf.__file__).parent; rf.optimizers.GradientDescent(0.4); rf.compare;"
        "print(rf.__version__, folder, (folder / 'widgets/static/live.js').is_file())"
    )
    libraries = str(Path(next(p for p in sys.path if p.endswith("site-packages"))))
    # Read as plain paths, the libraries' .pth files stay unread: the editable install of this checkout is not seen.
    done = subprocess.run(
        [python, "-c", code, libraries], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    version, folder, bundle = done.stdout.split()
    assert version == __version__
    assert Path(folder).is_relative_to(tmp_path)
    assert bundle == "True"


@pytest.mark.parametrize("name", BUNDLE)
def test_a_missing_bundle_is_refused(source: Path, tmp_path: Path, name: str) -> None:
    aside = tmp_path / "aside"
    shutil.move(source / name, aside)
    try:
        done = build(source, tmp_path)
    finally:
        shutil.move(aside, source / name)
    assert done.returncode != 0
    assert f"{name} missing" in done.stderr
    assert "make build" in done.stderr


def test_a_stale_bundle_is_refused(source: Path, tmp_path: Path) -> None:
    entry = source / "js" / "src" / "index.ts"
    before = entry.stat()
    os.utime(entry, (before.st_atime, (source / BUNDLE[0]).stat().st_mtime + 10))
    try:
        done = build(source, tmp_path)
    finally:
        os.utime(entry, (before.st_atime, before.st_mtime))
    assert done.returncode != 0
    assert "older than js/src/index.ts" in done.stderr


def test_one_version() -> None:
    assert rodflow_widgets.__version__ == __version__ == importlib.metadata.version("rodflow_widgets")
    assert json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"] == __version__
