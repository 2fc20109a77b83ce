"""A process that sweeps into the folder that it is given, until somebody kills it."""

import sys

import rodflow_widgets as rf

KINDS = {
    # Batches of two, of which many fit into the time; and runs alone, with checkpoints.
    "batches": dict(learning_rate=[0.01 * i for i in range(1, 9)], at_once=2, steps=300),
    "alone": dict(learning_rate=[0.1, 0.2], at_once=1, steps=2000),
}


def sweep(kind, **options):
    problem, optimizer = rf.problems.quartic(), rf.optimizers.GradientDescent(0.1)
    return rf.sweep(problem, optimizer, progress=False, **{**KINDS[kind], **options})


if __name__ == "__main__":
    sweep(sys.argv[1], save=sys.argv[2])
