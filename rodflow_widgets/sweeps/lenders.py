"""Who lends processes to a sweep: this machine, an executor of one's own, or a Dask cluster."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from typing import Any

from .away import Broken, Gone
from .carried import Outcome, Parcel, computed
from .jobs import Job

RECONNECT_SECONDS = 0.1
_stopping: Any = None
_parcel: Parcel | None = None


class Processes:
    """Processes of this machine, begun afresh (spawn), with as many threads as there are processors for each."""

    here = True

    def __init__(self, workers: int) -> None:
        self.hands = workers
        self._context = multiprocessing.get_context("spawn")
        self._pool: ProcessPoolExecutor | None = None
        self._parcel: Parcel | None = None
        self._stopping = self._context.Event()

    def open(self, parcel: Parcel) -> None:
        self._parcel = parcel
        self._stopping.clear()

    def submit(self, parcel: Parcel, job: Job) -> Future[Outcome]:
        if self._pool is None:
            threads = max(1, (os.cpu_count() or 1) // self.hands)
            arguments = (threads, self._stopping, self._parcel)
            self._pool = ProcessPoolExecutor(self.hands, self._context, _begin, arguments)  # type: ignore[arg-type]
        return self._pool.submit(_computed, job)

    def outcome(self, future: Future[Outcome]) -> Outcome:
        try:
            return future.result()
        except BrokenExecutor as error:
            if self._pool is not None:
                self._pool.shutdown(wait=False)
                self._pool = None
            raise Broken(
                "its process ended before it did (killed, or out of memory; a script has to begin its work under "
                'if __name__ == "__main__":)'
            ) from error

    def check(self) -> None:
        """They are begun again when they end."""

    def stop(self) -> None:
        self._stopping.set()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _begin(threads: int, stopping: Any, parcel: Parcel) -> None:
    """A process begins: an interrupt is its parent's to hear."""
    import torch

    global _stopping, _parcel
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    _stopping, _parcel = stopping, parcel


def _computed(job: Job) -> Outcome:
    assert _parcel is not None
    return computed(_parcel, job, _stopping)


class Lent:
    """An executor of one's own, which stays open; jobs that are under way when it is stopped are waited for."""

    here = True

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.hands = int(getattr(executor, "_max_workers", 0) or os.cpu_count() or 1)

    def open(self, parcel: Parcel) -> None:
        """It is."""

    def submit(self, parcel: Parcel, job: Job) -> Future[Outcome]:
        try:
            return self._executor.submit(computed, parcel, job)
        except RuntimeError as error:  # shut down, or broken
            raise Gone(_gone(f"The executor takes no jobs any more ({error})")) from error

    def outcome(self, future: Future[Outcome]) -> Outcome:
        try:
            return future.result()
        except (BrokenExecutor, CancelledError) as error:
            raise Gone(_gone(f"The executor has given up ({type(error).__name__}: {error})")) from error

    def check(self) -> None:
        """What becomes of it is said by its futures."""

    def stop(self) -> None:
        """They cannot be told."""

    def close(self) -> None:
        """It is not ours."""


class Cluster:
    """A Dask cluster: a job whose worker dies is computed by another one, and its result is given up on arrival."""

    here = False

    def __init__(self, client: Any) -> None:
        self._client = client
        self._address = str(getattr(getattr(client, "scheduler", None), "address", "an unknown address"))

    @property
    def hands(self) -> int:
        """Threads of all workers."""
        try:
            return max(1, sum(self._client.nthreads().values()))
        except Exception:
            return 1

    def open(self, parcel: Parcel) -> None:
        self.check()

    def submit(self, parcel: Parcel, job: Job) -> Any:
        name = f"rodflow-{parcel.name[:8]}-{job.runs[0]}-{len(job.runs)}"
        try:
            return self._client.submit(computed, parcel, job, key=(name, os.urandom(4).hex()), pure=False, retries=2)
        except Exception:
            self.check()  # it may have been closed
            raise

    def outcome(self, future: Any) -> Outcome:
        try:
            found: Outcome = future.result()
            return found
        except (CancelledError, OSError) as error:
            while self._client.status == "connecting":  # it gives up by itself
                time.sleep(RECONNECT_SECONDS)
            self.check()
            raise Broken(f"the connection to its worker was lost ({error})") from error
        finally:
            with contextlib.suppress(Exception):  # of a client that is closed
                future.release()

    def check(self) -> None:
        if self._client.status in ("closing", "closed"):
            raise Gone(_gone(f"The Dask scheduler at {self._address} has gone away"))

    def stop(self) -> None:
        """They cannot be told."""

    def close(self) -> None:
        """It is not ours."""


def _gone(what: str) -> str:
    return (
        f"{what}: runs that have ended are kept, resume(workers=1) goes on in this process, resume(client=…) elsewhere."
    )
