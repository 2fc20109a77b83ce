"""Shared by all tests: one torch thread, so that numbers do not depend on the machine's load."""

from __future__ import annotations

import os
import subprocess

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of two megabytes."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
