"""A small recording with the shape of a real one: below the edge, a raised learning rate, at the edge, below again."""

from __future__ import annotations

from typing import Any

import numpy as np

from rodflow_widgets.vocabulary import Column, Event, Status

KINDS = {
    "discrete": ("iterates", "iterates", ""),
    "rod": ("rod", "rod flow", "exact rates, dt ½"),
    "central": ("central", "central flow", "4 substeps"),
    "edge": ("edge", "edge flow", "8 substeps"),
    "stable": ("stable", "stable flow", "RK4"),
}


class Process:
    """Columns by name, and a status."""

    def __init__(self, columns: dict[str, np.ndarray], status: Status) -> None:
        self._arrays = columns
        self.columns = {name: Column(name, "", "made up") for name in columns}
        self.status = status

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]


class Recording(dict[str, Process]):
    """Processes by name, with what describes the run."""

    spec: dict[str, Any]
    status: Status
    events: list[Event]


def recording(steps: int = 600, names: tuple[str, ...] = ("discrete", "rod", "stable")) -> Recording:
    """A made-up run over `steps` steps with the processes `names`."""
    made = Recording()
    for seed, name in enumerate(names):
        start = 0 if name in ("discrete", "stable") else 2
        t = np.arange(start, steps + 1, dtype=float)
        wobble = np.random.default_rng(seed).normal(size=t.size)
        rate = np.where(t < 0.27 * steps, 0.6, np.where(t < 0.66 * steps, 0.85, 0.68))
        natural = 2.0 + 0.0031 * 600 / steps * t
        held = np.minimum(natural, 2 / rate * (1 + 0.01 * wobble))
        sharpness = natural if name == "stable" else held
        ratio = sharpness * rate / 2
        loss = 0.5 / (1 + 0.05 * 600 / steps * t) * (1 + 0.02 * wobble) + 0.01
        rod = 0.2 / (1 + 0.2 * t) + 0.04 * np.where(ratio > 0.9, 1.0, 0.0)
        columns = {
            "time": t,
            "loss": loss,
            "sharpness": sharpness,
            "edge_threshold": 2 / rate,
            "sharpness_ratio": ratio,
        }
        if name == "discrete":
            columns |= {"rod_length": rod, "oscillation": rod * 0.9, "midpoint_loss": loss * 0.95}
            columns |= {"critical_directions": np.ones(t.size), "distance_travelled": 5 * t / steps}
        else:
            distance = 0.3 / (1 + t) + 0.004 * (seed + 1) * (1 + t / steps)
            columns |= {"predicted_loss": loss, "relative_distance": distance, "cost": 12.0 * t}
            if name != "stable":
                columns |= {"rod_length": rod * 1.05, "oscillation": rod}
        made[name] = Process(columns, Status("finished", steps, f"Finished: {steps} steps."))
    made.spec = {
        "problem": {
            "name": "digits MLP 64-32-32-10",
            "dim": 3466,
            "device": "cpu",
            "dtype": "float64",
            "loss": "½ mean squared error",
        },
        "optimizer": {
            "name": "GradientDescent",
            "label": "gradient descent",
            "values": {"learning_rate": 0.68},
            "threshold": "2 / learning rate",
            "preconditioned": False,
            "parameters": [],
        },
        "steps": steps,
        "every": 1,
        "eigenvalues": 1,
        "seed": 0,
        "processes": [
            {"name": n, "kind": KINDS[n][0], "label": KINDS[n][1], "detail": KINDS[n][2], "columns": []} for n in names
        ],
    }
    made.status = Status("finished", steps, f"Finished: {steps} steps.")
    made.events = [
        Event(round(0.27 * steps), "learning_rate", 0.6, 0.85),
        Event(round(0.66 * steps), "learning_rate", 0.85, 0.68),
    ]
    return made
