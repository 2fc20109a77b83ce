"""A run on its way to disk: a thread of its own writes what the recording gains, and nobody waits for it."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ArgumentError, RodflowError
from ..recording import Recording
from . import lines
from .beside import Beside
from .closing import close
from .continuing import Before, before, mark
from .folders import Making
from .lock import unsign
from .places import Damaged, reading, weight
from .states import Cadence, Keeper, Offer, Write
from .writing import Files, in_words

LONGEST_PAUSE = 8.0
LAST_TRIES, LAST_PAUSE = 3, 0.3
logger = logging.getLogger(__name__)
_open: weakref.WeakSet[Journal] = weakref.WeakSet()


@dataclass(frozen=True)
class JournalState:
    """Bytes on disk, how the writing stands, and whether it fails at present."""

    bytes: int
    sentence: str
    failing: bool = False


class Journal:
    """Writes a recording into a folder while it grows.

    Everything that the recording holds is on disk when this returns; from `start()` on what is new follows at least every
    `seconds`. Where the disk refuses, the run goes on, `state()` says so, and it tries again with growing pauses.

    Args:
        recording: that somebody else adds to.
        path: of the folder, which is made.
        overwrite: replace the run that is there.
        seconds: between two flushes.
        continues: row of a checkpoint of the run that is there, of which the recording is the continuation: its
            checkpoints up to that row and the changes that are applied in it stay.
        expected: the `token` of the run that is there, from when it was read.

    Raises:
        ArgumentError: something is there already, another process writes to it, it is not as `expected` any more, or no
            folder can be made there.
    """

    def __init__(
        self,
        recording: Recording,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        seconds: float = 0.5,
        continues: int | None = None,
        expected: str | None = None,
    ) -> None:
        making = Making(path, overwrite=overwrite or continues is not None)
        self.path = making.path
        self._making = making
        self._seconds = seconds
        try:
            with reading(self.path):
                if expected is not None and mark(self.path) != expected:
                    raise ArgumentError(
                        f"path={str(path)!r} has gone on elsewhere since it was read: rf.resume it again."
                    )
                former = Before() if continues is None else before(self.path, continues)
            making.lock.sign(making.folder)
            self._files = Files(recording, making.folder, former.id)
            self._keeper = Keeper(making.folder, self._files.id)
            try:
                self._begin(former)
                making.install(keep=continues is not None or expected is not None)
            except BaseException:
                self._files.close()
                raise
        except (OSError, Damaged) as error:
            making.drop()
            said = getattr(error, "strerror", None) or error
            raise ArgumentError(f"path={str(path)!r} cannot be written to: {said}.") from error
        except BaseException:
            making.drop()
            raise
        self._files.move(self.path)
        self._keeper.move(self.path)
        self._cadence = Cadence(time.monotonic())
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._offer: Offer | None = None
        self._written: tuple[int, int] | None = None
        self._urgent = False
        self._closing = self._ended = False
        self._pause = threading.Event()
        self._thread: threading.Thread | None = None
        self._disk = Beside(self._settle)
        self._listeners: list[Callable[[], None]] = []
        self._failed: list[Callable[[], None]] = []
        self._state = self._good()
        _open.add(self)

    def _begin(self, former: Before) -> None:
        """Write what there is, while the folder is still aside."""
        for checkpoint in former.checkpoints():
            self._keeper.put(*checkpoint)
        for text in former.changes:
            self._files.note(text)
        self._files.flush()

    def start(self) -> None:
        """Begin to write what is new."""
        with self._lock:
            if self._thread is None and not self._closing:
                thread = threading.Thread(target=self._work, name="rodflow-journal", daemon=True)
                thread.start()
                self._thread = thread

    def append(self) -> None:
        """Hand what is new to the system, in this thread: for somebody who keeps many journals and starts none of them."""
        try:
            self._files.append()
        except OSError as error:
            self._fail(error, "trying again with the next rows")
        else:
            self._say(self._good())

    def note(self, row: int, command: str, args: Mapping[str, Any]) -> None:
        """Keep a change that was made before `row`; any thread, returns at once.

        Raises:
            ArgumentError: `args` are no JSON.
        """
        try:
            self._files.note(lines.change_text(row, command, args))
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"args={args!r} of {command!r} cannot be kept: {error}.") from error

    def offer(self, row: int, applied: int, write: Write) -> None:
        """Offer a checkpoint, of which the newest is written when one is due; any thread, returns at once.

        Args:
            row: that comes next.
            applied: how many of the noted changes are in it.
            write: makes (JSON state, arrays), on the thread of the journal, or never.
        """
        with self._lock:
            self._offer = Offer(row, applied, write)
            if self._written is None:
                self._urgent = True
                self._wake.notify_all()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` on the thread of the journal whenever `state()` is another; returns a function that ends this."""
        self._listeners = [*self._listeners, listener]

        def end() -> None:
            self._listeners = [other for other in self._listeners if other is not listener]

        return end

    def state(self) -> JournalState:
        """How the writing stands; any thread."""
        return self._state

    def close(self) -> None:
        """Write all rows, the status and the newest checkpoint, then Zarr in place of the journal; give up the folder.

        What the disk refuses is in `state()`; the rows that were written before stay readable.
        """
        with self._lock:
            self._closing = True
            thread = self._thread
            self._wake.notify_all()
        if thread is not None:
            thread.join()
        self._end()

    # ------------------------------------------------------------------ the thread

    def _work(self) -> None:
        pause = self._seconds
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closing or self._urgent, pause)
                self._urgent = False
                closing = self._closing
            if closing:
                break
            good = self._round(pause)
            pause = self._seconds if good else min(LONGEST_PAUSE, 2 * max(pause, 0.25))
        self._end()

    def _round(self, pause: float) -> bool:
        """Write what is new; says whether that went well."""
        try:
            self._files.append()
            error = self._disk.error()
            if error is not None:
                raise error
            self._disk.begin()
        except Exception as error:
            self._fail(error, f"trying again in {min(LONGEST_PAUSE, 2 * max(pause, 0.25)):.2g} s")
            self._disk.begin()
            return False
        self._say(self._good())
        return True

    def _settle(self) -> None:
        """What waits for the disk, beside the thread that appends."""
        self._write(last=False)

    def _write(self, *, last: bool) -> None:
        """Rows, then a checkpoint that was offered before them: it is never ahead of what is surely there."""
        with self._lock:
            offer = self._offer
        self._files.flush()
        now = time.monotonic()
        if offer is None or not (last or self._cadence.due(now)):
            return
        try:
            if (offer.row, offer.applied) != self._written:
                self._keeper.write(offer)
                self._written = offer.row, offer.applied
        except OSError:
            self._cadence.took(time.monotonic() - now)
            raise  # and try it again
        except Exception:
            self._drop(offer)
            raise
        self._cadence.took(time.monotonic() - now)
        self._drop(offer)

    def _drop(self, offer: Offer) -> None:
        with self._lock:
            if self._offer is offer:
                self._offer = None

    def _end(self) -> None:
        """Everything that is left, as often as makes sense; once, by the thread or, had it none or died, by who closes."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
        self._disk.wait()
        left = LAST_TRIES
        while left:
            left -= 1
            try:
                self._write(last=True)
                break
            except Exception as error:
                self._fail(error, "trying again" if left else "the run has ended, save its recording elsewhere")
                self._pause.wait(LAST_PAUSE if left else 0)
        else:
            self._give_up()
            return
        sentence = f"Saved: {self._files.step:,} steps."
        try:
            close(self._files, closed=self._files.recording.status.ended)
        except Exception as error:
            if not isinstance(error, OSError):
                logger.warning("The journal %s stays a journal", self.path, exc_info=error)
            sentence = f"{sentence[:-1]}, as a journal, since they could not be written as Zarr."
        self._give_up()
        self._say(JournalState(weight(self.path), sentence))

    def _give_up(self) -> None:
        """Leave the folder to others."""
        self._files.close()
        unsign(self.path)
        self._making.lock.release()
        _open.discard(self)

    # ------------------------------------------------------------------ what is said

    def _good(self) -> JournalState:
        size = self._files.nbytes + self._keeper.bytes
        return JournalState(size, f"Saved up to step {self._files.step:,}.")

    def _fail(self, error: Exception, then: str) -> None:
        what = in_words(error) if isinstance(error, OSError) else f"Saving failed ({type(error).__name__}: {error})"
        if not isinstance(error, OSError | RodflowError):
            logger.warning("The journal %s failed", self.path, exc_info=error)
        good = self._good()
        self._say(
            JournalState(good.bytes, f"{what}: steps up to {self._files.step:,} are saved; {then}.", failing=True)
        )

    def _say(self, state: JournalState) -> None:
        if state == self._state:
            return
        self._state = state
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                if listener not in self._failed:  # once each: a run may go on for days
                    self._failed.append(listener)
                    logger.exception("A listener of the journal %s failed", self.path)


@atexit.register
def _close_all() -> None:
    """What a run that nobody has ended holds."""
    for journal in list(_open):
        with contextlib.suppress(Exception):
            journal.close()


if hasattr(os, "register_at_fork"):  # a child that ends must not close what is its parent's
    os.register_at_fork(after_in_child=_open.clear)
