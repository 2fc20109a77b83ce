"""A thousand runs that were spoiled: nothing is executed, little is allocated, and each is equal, said to be damaged, or refused."""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import rodflow_widgets

from . import mutations

ROOT = Path(rodflow_widgets.__file__).parents[1]
COUNT, SEED = 1000, 6
logger = logging.getLogger(__name__)


@pytest.fixture
def folder(tmp_path):
    """Memory where there is some: fifty thousand small files are made."""
    shared = Path("/dev/shm")
    if not (shared.is_dir() and os.access(shared, os.W_OK)):
        yield tmp_path
        return
    made = Path(tempfile.mkdtemp(dir=shared))
    yield made
    shutil.rmtree(made)


def test_a_thousand_mutations(folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-m", "tests.store.fuzz", str(folder), str(COUNT), str(SEED)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert report["wrong"] == []
    assert report["actions"] == []
    assert report["over"] == []
    assert report["rss"] <= report["bound"]
    assert report["arrow"] <= report["bound"]
    outcomes = report["outcomes"]
    assert sum(outcomes.values()) == COUNT
    assert outcomes["journal: error"] + outcomes["zarr: error"] > COUNT / 3
    assert outcomes["journal: damage said"] > COUNT / 20
    assert COUNT // 2 // len(mutations.ALL) >= 20
    assert not (folder / "pickles-were-read").exists()
    logger.info("%s", {key: value for key, value in report.items() if value and not isinstance(value, list)})
