"""What will come of a training loop, as a run of its own that begins at its present state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Never

from ..errors import RunError
from .runner import Run

if TYPE_CHECKING:
    from ..engine import Simulation
    from ..engine.watching import Present

NOTES = (
    "A forecast by rod flow of what full-batch training on the probe batch would do from here: in evaluation mode, with the "
    "learning rate as it is now.",
    "It does not model the noise of minibatches, dropout, clipping of gradients, or a schedule of the learning rate.",
)


@dataclass(frozen=True)
class Forecast:
    """The plan of a run from the present of a training loop: rod flow, and the iterates on the probe batch if asked for."""

    present: Present
    steps: int
    iterates: bool
    eigenvalues: int
    seed: int
    past: ClassVar[None] = None

    def simulation(self) -> Simulation:
        from ..engine import Origin, Simulation

        present = self.present
        return Simulation(
            present.problem(),
            present.optimizer,
            processes=("discrete", "rod") if self.iterates else ("rod",),
            steps=self.steps,
            eigenvalues=self.eigenvalues,
            seed=self.seed,
            origin=Origin(present.w, present.moments, present.step),
        )

    def starting_at(self, start: object) -> Never:
        raise RunError("A forecast begins at the state that the training loop had: ask for another one.")

    def run(self, name: str) -> Run:
        """As a run that has not been started."""
        run = Run(self)
        run.notes = NOTES
        run.recording.spec["parent"] = {"name": name, "step": self.present.step}
        return run
