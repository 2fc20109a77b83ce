"""Whether every file that says the version says this one: `python -m tests.release.version 0.1.0`.

Needs nothing but Python. Without a version it takes that of `rodflow_widgets/version.py`, and does not ask for a heading in
the changelog, which comes with the release.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)((a|b|rc)\d+)?")


def said(root: Path = ROOT) -> dict[str, str]:
    """What each file says."""
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    return {
        "rodflow_widgets/version.py": found(root / "rodflow_widgets/version.py", r'__version__ = "(.*)"'),
        "CITATION.cff": found(root / "CITATION.cff", r"version: (.*)"),
        "package.json": plain(json.loads((root / "package.json").read_text(encoding="utf-8"))["version"]),
        "package-lock.json": plain(lock["version"]),
        "package-lock.json, packages": plain(lock["packages"][""]["version"]),
    }


def plain(version: str) -> str:
    """A version as npm writes it, as Python does: 1.2.3-rc.1 is 1.2.3rc1."""
    return re.sub(r"-(a|b|rc)\.(\d+)$", r"\1\2", version)


def found(path: Path, pattern: str) -> str:
    """The one line of a file that fits."""
    (version,) = re.findall(rf"^{pattern}$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return str(version).strip("\"'")


def wrong(version: str | None = None, root: Path = ROOT) -> list[str]:
    """A sentence for everything that stands against a release as `version`."""
    files = said(root)
    wanted = version or files["rodflow_widgets/version.py"]
    sentences = [f"{name} says {other}, not {wanted}" for name, other in files.items() if other != wanted]
    if not SEMANTIC.fullmatch(wanted):
        sentences.append(f"{wanted} is no version of the form 1.2.3 or 1.2.3rc1")
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if version and not re.search(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE):
        sentences.append(f"CHANGELOG.md has no heading '## {version} - YYYY-MM-DD'")
    return sentences


if __name__ == "__main__":
    sentences = wrong(sys.argv[1] if len(sys.argv) > 1 else None)
    sys.stdout.write("".join(f"{sentence}\n" for sentence in sentences) or "Every file says the same version.\n")
    sys.exit(bool(sentences))
