"""What installing this package, and a peer, does to a torch that is already there: pip itself is asked."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TORCH = "torch==2.13.0"
PEER = "curvlinops-for-pytorch==3.0.1"
STATE = """
import hashlib, importlib.metadata as m
torch = m.distribution("torch")
print(torch.version, hashlib.sha256(torch.read_text("RECORD").encode()).hexdigest())
"""


@dataclass(frozen=True)
class Installation:
    """What pip would add beside torch for this package and for a peer, and whether torch was the same after ours."""

    torch: str
    ours: dict[str, str]
    peer: dict[str, str]
    unchanged: bool

    @property
    def goal(self) -> str:
        kept = self.unchanged and "torch" not in self.ours
        measured = f"torch {self.torch} {'unchanged' if kept else 'changed'}, {len(self.ours)} packages added"
        other = f"torch {self.peer['torch']} instead" if "torch" in self.peer else "torch unchanged"
        return (
            f"| installing beside {TORCH} | torch unchanged | {measured} | curvlinops: {other}, {len(self.peer)} packages "
            f"added | {'met' if kept else '**missed**: torch'} |"
        )

    @property
    def section(self) -> str:
        def listed(packages: dict[str, str]) -> str:
            return ", ".join(f"{name} {number}" for name, number in sorted(packages.items()))

        return f"""## Installing beside torch

A new environment with `pip install {TORCH}`; what pip adds for this package, which was then installed there (version and list
of files of torch compared), and what `pip install --dry-run {PEER}` would add to torch alone.

- rodflow_widgets: {listed(self.ours)}
- curvlinops: {listed(self.peer)}
"""


def installation(options: Sequence[str]) -> Installation:
    """Make an environment with torch, with these options of pip, ask what would be installed, and install this package."""
    with tempfile.TemporaryDirectory(prefix="rodflow-installing-") as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = str(Path(folder, "bin", "python"))

        def run(*arguments: str) -> str:
            return subprocess.run(
                [python, *arguments], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
            ).stdout

        def pip(*arguments: str) -> str:
            return run("-m", "pip", "--quiet", "--disable-pip-version-check", "install", *options, *arguments)

        def planned(*arguments: str) -> dict[str, str]:
            report = json.loads(pip("--dry-run", "--report", "-", *arguments))
            added = {item["metadata"]["name"]: item["metadata"]["version"] for item in report["install"]}
            return {name.lower(): number for name, number in added.items()}

        pip(TORCH)
        before = run("-c", STATE)
        ours, peer = planned("--editable", str(ROOT)), planned(PEER)
        pip("--editable", str(ROOT))
        return Installation(before.split()[0], ours, peer, before == run("-c", STATE))
