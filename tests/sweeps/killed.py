"""A process that sweeps into the folder that it is given, and kills itself in the middle."""

import os
import signal
import sys
from pathlib import Path

import rodflow_widgets as rf
from rodflow_widgets import store

KINDS = {
    "batches": dict(learning_rate=[0.01 * i for i in range(1, 9)], at_once=2, steps=100),
    "alone": dict(learning_rate=[0.1, 0.2], at_once=1, steps=1500),
}


def sweep(kind, **options):
    problem, optimizer = rf.problems.quartic(), rf.optimizers.GradientDescent(0.1)
    return rf.sweep(problem, optimizer, progress=False, **{**KINDS[kind], **options})


def main(kind, place):
    first = place / "runs" / "0000"
    going = sweep(kind, save=place, wait=False)

    def kill():
        if kind == "batches":
            middle = going.status.step >= 4 and len(going.recordings[4]["discrete"]) > 0
        else:
            middle = len(store.load(first)["discrete"]) > 50 and len(store.checkpoints(first)) > 0
        if middle:
            os.kill(os.getpid(), signal.SIGKILL)

    going.stop()  # in its first batch, so that the listener hears of all that follows
    going.on_change(kill)
    going.resume()
    going.wait()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
