"""Sums over the processes that share a problem, and what keeps these in step."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from ...errors import ParallelError
from ..host import Letter

T = TypeVar("T")

BITS = 2**20
"""Marks are whole numbers below it: sums of their squares over 4,096 processes are exact in float64."""
STRIDE = 1_000_003
LATE = 16
"""On a GPU marks and the clock are read so many sums later, since nobody should wait for the device."""


class Group:
    """The processes of one run, each with a part of every sum. All of them ask for the same sums in the same order.

    rank: number of this process, from 0; size: how many there are; collectives: sums that have gone over all of them;
    now: the clock of the first process at the last sum, in seconds, by which all of them may decide.

    Whether all ask for the same is found out with the sum itself: two more of its numbers hold a mark of what was asked for,
    and where. They are the same on every process, and so all of them stop at the same sum.

    Args:
        handle: of torch.distributed.
        seconds: how long a process waits for the others.
        whole: the handle is the default group of this process, begun for this.
    """

    def __init__(self, handle: Any, seconds: float, *, whole: bool) -> None:
        self.rank = dist.get_rank(handle)
        self.size = dist.get_world_size(handle)
        self.collectives = 0
        self.now = 0.0
        self._handle = handle
        self._seconds = seconds
        self._whole = whole
        self._left: str | None = None
        self._letters: deque[tuple[int, Letter]] = deque()

    def __deepcopy__(self, memo: dict[int, Any]) -> Group:
        return self

    def check(self) -> None:
        """Raise ParallelError if this process has left the others."""
        if self._left is not None:
            raise ParallelError(f"{self._left} The processes are no longer in step: start the script again.")

    def sums(self, parts: Sequence[Tensor], seen: Sequence[Tensor] = ()) -> tuple[Tensor, ...]:
        """The sums of `parts` over all processes, in float64 and one message; bit for bit the same on all of them.

        Args:
            parts: of the same shapes on all; the sums come back in their dtypes.
            seen: what must be the same on all for that to have a meaning, e.g. the parameter vector.

        Raises:
            ParallelError: another process asked for something else, has ended, or did not answer.
        """
        self.check()
        self.collectives += 1
        mark = self._mark(parts, seen)
        clock = torch.full_like(mark, time.monotonic() if self.rank == 0 else 0.0)
        flat = torch.cat([*(part.detach().reshape(-1).to(torch.float64) for part in parts), mark, mark * mark, clock])
        self._call(lambda: dist.all_reduce(flat, group=self._handle))
        self._compare(flat[-3:])
        pieces = flat[:-3].split([part.numel() for part in parts])
        return tuple(piece.to(part.dtype).reshape(part.shape) for piece, part in zip(pieces, parts, strict=True))

    def gather(self, thing: Any) -> list[Any]:
        """What each process gives, by rank; plain data."""
        self.check()
        found: list[Any] = [None] * self.size
        self._call(lambda: dist.all_gather_object(found, thing, group=self._handle))
        return found

    def first(self, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Floating tensors as the first process has them, on all."""
        self.check()
        flat = torch.cat([t.detach().reshape(-1).to(torch.float64) for t in tensors])
        self._call(lambda: dist.broadcast(flat, group_src=0, group=self._handle))
        pieces = flat.split([t.numel() for t in tensors])
        return tuple(piece.to(t.dtype).reshape(t.shape) for piece, t in zip(pieces, tensors, strict=True))

    def led(self, make: Callable[[], T]) -> T | None:
        """What `make` gives on the first process, None on the others; where it fails all raise."""
        made, failure = None, None
        if self.rank == 0:
            try:
                made = make()
            except Exception as error:
                failure = error
        said = self.gather(None if failure is None else f"{type(failure).__name__}: {failure}")[0]
        if failure is not None:
            raise failure
        if said is not None:
            raise ParallelError(f"Process 0 could not go on. {said}")
        return made

    def leave(self, why: str) -> None:
        """Let go of the others, who hear of it at once if they wait; nothing can be summed any more."""
        if self._left is None:
            self._left = why
            self.end()

    def end(self) -> None:
        """Give back what torch holds."""
        handle, self._handle = self._handle, None
        if handle is not None and dist.is_initialized():
            with contextlib.suppress(RuntimeError, ValueError):  # the others may have gone first
                dist.destroy_process_group(None if self._whole else handle)

    def _call(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except RuntimeError as error:
            line = (str(error).splitlines() or [""])[0].split("] ", 1)[-1].split(". ")[0]
            self.leave("Another process has ended, or did not answer.")
            raise ParallelError(
                f"Process {self.rank} waited for the others in vain: one has ended, or did not answer within "
                f"{self._seconds:g} s. The output of that process says why. What torch says: {line}"
            ) from error
        except BaseException:
            self.leave("A sum over the processes was interrupted.")
            raise

    def _mark(self, parts: Sequence[Tensor], seen: Sequence[Tensor]) -> Tensor:
        """A whole number [1] below BITS, of what is asked for: how many numbers, after how many sums, and where."""
        asked = sum(part.numel() for part in parts) + STRIDE * self.collectives
        bits = torch.full((1,), asked, dtype=torch.int64, device=parts[0].device)
        for tensor in seen:
            whole = tensor.detach().contiguous()
            kind = torch.int64 if whole.element_size() == 8 else torch.int32
            bits = STRIDE * bits + whole.view(kind).sum(dtype=torch.int64)
        return (bits % BITS).to(torch.float64)

    def _compare(self, marks: Tensor) -> None:
        """Whether all marks were the same, from their sum and the sum of their squares."""
        if marks.device.type == "cpu":
            self._judge(self.collectives, *marks.tolist())
            return
        self._letters.append((self.collectives, Letter(marks.clone())))
        if len(self._letters) > LATE:
            number, letter = self._letters.popleft()
            self._judge(number, *letter.read().tolist())

    def _judge(self, number: int, total: float, squares: float, now: float) -> None:
        self.now = now
        if int(total) ** 2 == self.size * int(squares):  # all marks are equal only then
            return
        self.leave(f"The processes asked for different things at sum {number:,}.")
        raise ParallelError(
            f"The {self.size} processes do not agree at sum {number:,}: their parameter vectors differ, or one went another "
            "way. Let all run the same script with the same seeds, decide nothing by a clock or by the number of the process, "
            "and use the same kind of processor for all."
        )
