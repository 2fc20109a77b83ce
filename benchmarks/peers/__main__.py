"""Measure this package beside its peers and print the page, or write it.

make bench-peers                                  # everything, in an environment of its own, to docs/benchmarks.md
.peers/bin/python -m benchmarks.peers --only tanh # one setting, printed
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import torch

from .installing import installation
from .page import page
from .rows import measured, warm_up
from .settings import SETTINGS

SEEDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", choices=list(SETTINGS), help="one setting; may be repeated")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many; default {SEEDS}")
    parser.add_argument("--pip", default="", metavar="OPTIONS", help="for the installation of torch that is measured")
    parser.add_argument("--write", type=Path, help="where to write the page, after each setting")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    installed = None if arguments.only else installation(shlex.split(arguments.pip))
    warm_up()
    found = []
    for name in arguments.only or SETTINGS:
        found.append(measured(SETTINGS[name], arguments.seeds))
        text = page(found, installed, arguments.seeds)
        if arguments.write is not None:
            arguments.write.write_text(text, encoding="utf-8")
    if arguments.write is None:
        print(text)


if __name__ == "__main__":
    main()
