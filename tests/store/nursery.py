"""Processes that journal a made-up recording until they are killed: forked from one that has imported everything.

Every line of standard input is a job in JSON; the child says on the pipe of the job what it has done, and when.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time

import numpy as np

from rodflow_widgets import store
from rodflow_widgets.vocabulary import Event, Status
from tests.store.made_up import column, empty, recording

BLOCK = 16


def fast():
    rec = empty(a=[column("clock")], b=[column("clock"), column("eigenvalues", 2)])
    rec.status = Status("running", 0, "Running.")
    return rec


def grow(rec, first):
    """Sixteen rows of every table, whose numbers say which row and when."""
    steps = np.arange(first, first + BLOCK, dtype=float)
    now = np.full(BLOCK, time.monotonic())
    rec["a"].append({"time": steps, "loss": 2 * steps, "clock": now}, {first: steps} if first % 4096 == 0 else None)
    rec["b"].append({"time": steps, "loss": 3 * steps, "clock": now, "eigenvalues": np.stack([steps, -steps], 1)})
    rec.status = Status("running", int(steps[-1]), "Running.")
    if first % 1024 == 0:
        rec.add_events([Event(first, "learning_rate", 0.1, 0.2)])


def journal(tell, path, rows, seconds=0.1, **_):
    """Journal until `rows` are there, then close."""
    rec = fast()
    made = store.Journal(rec, path, seconds=seconds)
    made.on_change(lambda: tell("saved", made._files.step))
    made.start()
    tell("begun", 0)
    for first in range(0, rows, BLOCK):
        grow(rec, first)
        if first % 256 == 0:
            made.offer(first, 0, lambda first=first: ({"row": first}, {"w": np.full(1000, float(first))}))
            made.note(first, "set", {"learning_rate": first})
        time.sleep(0.001)
    rec.status = Status("finished", rows, "Finished.")
    tell("closing", rows)
    made.close()
    tell("closed", rows)


def replace(tell, path, **_):
    """Save two recordings in turn over each other."""
    recordings = [recording(seed=seed) for seed in (0, 1)]
    recordings[0].save(path)
    tell("begun", 0)
    while True:
        for rec in reversed(recordings):
            rec.save(path, overwrite=True)


def end_with(parent):
    """No child outlives the nursery, whatever becomes of the test."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for module in ("filelock", "google_crc32c", "pyarrow", "safetensors.numpy"):
        importlib.import_module(module)
    for line in sys.stdin:
        job = json.loads(line)
        pipe = os.open(job.pop("pipe"), os.O_WRONLY)
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            threading.Thread(target=end_with, args=(parent,), daemon=True).start()

            def tell(word, step, pipe=pipe):
                os.write(pipe, f"{word} {step}\n".encode())

            try:
                globals()[job.pop("work")](tell, **job)
            finally:
                os._exit(0)
        os.close(pipe)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
