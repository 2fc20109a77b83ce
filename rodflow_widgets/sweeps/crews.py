"""Who computes a sweep."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

from ..errors import ArgumentError
from ..vocabulary import Whole
from .away import Away
from .here import Crew, Here
from .lenders import Cluster, Lent, Processes

WORKERS = Whole("workers", "processes", 1, 1, 1024)


def crew_of(workers: int | None, client: Any, executor: Any) -> Crew | None:
    """The crew that was asked for; None where nothing was.

    Raises:
        ArgumentError: more than one was, or something that cannot compute.
    """
    asked = {"workers": workers not in (None, 1), "client": client is not None, "executor": executor is not None}
    several = [name for name, wanted in asked.items() if wanted]
    if len(several) > 1:
        raise ArgumentError(f"{' and '.join(several)} were given: give one of them.")
    if client is not None:
        if not all(hasattr(client, name) for name in ("submit", "nthreads", "status")):
            raise ArgumentError(f"client={client!r} is no Dask client: give distributed.Client(…).")
        return Away(Cluster(client))
    if executor is not None:
        if not isinstance(executor, Executor):
            raise ArgumentError(
                f"executor={executor!r} is no concurrent.futures.Executor: give, e.g., a ProcessPoolExecutor."
            )
        return Away(Lent(executor))
    if workers is None:
        return None
    number = WORKERS.check(workers)
    return Here() if number == 1 else Away(Processes(number))
