"""Learning-rate schedules: what `Run.schedule`, `simulate` and `compare` take."""

from .engine.rates import Cosine, Drawn, Steps, WarmUp

__all__ = ["Cosine", "Drawn", "Steps", "WarmUp"]
