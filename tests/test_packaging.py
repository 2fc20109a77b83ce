"""The wheel holds what a user needs, installs without Node, and is refused when the bundle is missing or stale.

`make wheel-trial` does what takes longer: it installs the wheel with everything that it needs, and uses it.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import rodflow_widgets
from rodflow_widgets.version import __version__
from tests.release import trial, version

ROOT = Path(__file__).resolve().parent.parent
STATIC = "rodflow_widgets/widgets/static"
EXTENSION = "build/labextension"
BUNDLE = (f"{STATIC}/live.js", f"{STATIC}/live.css", f"{STATIC}/still.js", f"{EXTENSION}/package.json")
INSTALLED = f"rodflow_widgets-{__version__}.data/data/share/jupyter/labextensions/rodflow-widgets"


def build(source: Path, target: Path, kind: str = "wheel") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as it is, with its bundle, without what was installed into it."""
    copy = tmp_path_factory.mktemp("source") / "tree"
    for name in ("rodflow_widgets", "notebooks", "js/src", "js/extension", EXTENSION):
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


def test_wheel_holds_bundle_types_notebooks_and_extension(wheel: Path, source: Path) -> None:
    bundle = [name.replace(EXTENSION, INSTALLED) for name in BUNDLE]
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        sizes = {name: archive.getinfo(name).file_size for name in bundle}
        metadata = json.loads(archive.read(f"{INSTALLED}/package.json"))
        tutorials = json.loads(archive.read(f"{INSTALLED}/tutorials/index.json"))
    assert {*bundle, "rodflow_widgets/py.typed"} <= names
    notebooks = [path.name for path in (source / "notebooks").glob("*.ipynb")]
    held = {
        f"{folder}/{name}" for folder in ("rodflow_widgets/notebooks", f"{INSTALLED}/tutorials") for name in notebooks
    }
    assert {name for name in names if name.endswith(".ipynb")} == held
    assert {f"{INSTALLED}/install.json", f"{INSTALLED}/{metadata['jupyterlab']['_build']['load']}"} <= names
    assert [each["file"] for each in tutorials] == sorted(notebooks)
    assert all(each["title"] for each in tutorials)
    assert all(size > 1000 for size in sizes.values()), sizes
    assert not [name for name in names if name.endswith((".ts", ".map")) or name.startswith("tests/")]
    assert f"rodflow_widgets-{__version__}.dist-info/licenses/LICENSE" in names


def test_an_sdist_becomes_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    done = build(source, tmp_path, "sdist")
    assert done.returncode == 0, done.stdout + done.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / f"rodflow_widgets-{__version__}"
    assert (unpacked / "PKG-INFO").is_file()
    done = build(unpacked, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert trial.contents(next(tmp_path.glob("*.whl"))) == trial.contents(wheel)


def test_wheel_installs_without_node(wheel: Path, tmp_path: Path) -> None:
    """A clean environment that sees this one's libraries but not this checkout, and no Node on its path."""
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
    environment["PATH"] = str(tmp_path / "env" / "bin")
    subprocess.run([*install, str(wheel)], env=environment, check=True)
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
    listing = [sys.executable, "-m", "jupyter", "labextension", "list"]
    environment["JUPYTER_PATH"] = str(tmp_path / "env" / "share" / "jupyter")
    listed = subprocess.run(listing, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    (line,) = [line for line in listed.splitlines() if "rodflow-widgets" in line]
    assert f"rodflow-widgets v{__version__}" in line
    assert "OK" in line
    assert "(python, rodflow_widgets)" in line


def test_an_sdist_builds_the_same_wheel_without_node(
    source: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = build(source, tmp_path, "sdist")
    assert done.returncode == 0, done.stdout + done.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = build(tmp_path / f"rodflow_widgets-{__version__}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as second:
        assert {i.filename: i.CRC for i in first.infolist() if "RECORD" not in i.filename} == {
            i.filename: i.CRC for i in second.infolist() if "RECORD" not in i.filename
        }


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
    assert version.wrong() == []


def test_a_release_of_another_version_is_refused(tmp_path: Path) -> None:
    for name in version.said():
        path = name.split(",")[0]
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    (tmp_path / "CHANGELOG.md").write_text(f"## {__version__}\n## 9.9.9rc1 - 2026-01-02\n", encoding="utf-8")
    assert version.wrong(__version__, tmp_path) == [f"CHANGELOG.md has no heading '## {__version__} - YYYY-MM-DD'"]
    assert version.wrong("9.9.9rc1", tmp_path) == [
        f"{name} says {__version__}, not 9.9.9rc1" for name in version.said()
    ]
    (tmp_path / "CITATION.cff").write_text("version: 9.9.9rc1\n", encoding="utf-8")
    assert version.wrong(root=tmp_path) == [f"CITATION.cff says 9.9.9rc1, not {__version__}"]
    assert version.plain("9.9.9-rc.1") == "9.9.9rc1"
    assert "next is no version of the form 1.2.3 or 1.2.3rc1" in version.wrong("next", tmp_path)


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ("github-workflows", [".github/workflows/ci.yml", ".github/workflows/release.yml"]),
        ("citation-file-format", ["CITATION.cff"]),
    ],
)
def test_files_for_others_have_their_form(schema: str, names: list[str]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def workflow(name: str) -> dict:
    return yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))


def test_nothing_is_published_that_was_not_tested_and_tried() -> None:
    release = workflow("release")
    jobs = release["jobs"]
    assert list(release[True]) == ["workflow_dispatch"]  # YAML reads "on" as a truth
    assert set(jobs["publish"]["needs"]) == {"test", "build"}
    assert {jobs[name]["needs"] for name in ("test", "build")} == {"version"}
    assert [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})] == ["publish"]
    said = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    assert said == {
        "version": ['python -m tests.release.version "$VERSION"'],
        "test": [".ci/run"],
        "build": ["make wheel-trial"],
        "publish": [],
    }
    assert [step["run"] for step in workflow("ci")["jobs"]["test"]["steps"] if "run" in step] == [".ci/run"]
    # What somebody types into the form reaches a shell as a variable only.
    assert "${{" not in "".join(line for lines in said.values() for line in lines)
