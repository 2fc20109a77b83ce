"""Somebody's own training loop, looked at through the hooks of its optimizer."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from ..errors import ArgumentError, RunError
from ..recording import Recording
from ..vocabulary import Event, Status
from .attached import Attached, scaled
from .cadence import Cadence
from .forecasting import Forecast
from .keeping import Destination
from .listeners import Listener
from .orders import EVERY, SHARE, order
from .runner import ANSWER_SECONDS, Run
from .shown import Failure, Shown

IDLE_SECONDS = 10.0
"""A loop that has made no step for so long is over, or busy with something else: commands are applied without it."""


class Watch(Attached, Shown):
    """An ordinary PyTorch loop, measured on a probe batch while it trains.

    It is attached when it is made, and ends with `close()` or the end of its `with` block. Everything is done in the thread that
    calls `optimizer.step()`, in hooks around the step: looking, and applying what other threads ask for. A look that fails
    leaves a row without numbers and never disturbs training.

    Args:
        model, optimizer: what is trained, and by which of torch.optim SGD, RMSprop, Adam, AdamW, NAdam.
        loss: `loss(model(inputs), targets)` is a scalar.
        inputs, targets: the probe batch.
        share: of the time of training that looking may take.
        every: look at every so many steps instead.
        eigenvalues: how many of the largest are measured.
        tolerance: relative error of the eigenvalues aimed at.
        hessian: "autodiff", or "finite-difference" of gradients.
        seed: of the tracker's random vectors.
        name: of what is trained; None takes the class of the model and its size.
        save: the folder that the recording goes to while it grows.

    Raises:
        ArgumentError, ProblemError, UnknownNameError, RunError: before training, where it cannot work.
    """

    commands = ("set", "forecast", "measure", "pause", "resume", "stop")

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        loss: Callable[[Any, Any], Any],
        inputs: Any,
        targets: Any,
        *,
        share: float = 0.1,
        every: int | None = None,
        eigenvalues: int = 1,
        tolerance: float | None = None,
        hessian: str = "autodiff",
        seed: int = 0,
        name: str | None = None,
        save: Destination | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        from ..engine.checks import whole
        from ..engine.curvature.operator import share as fraction
        from ..engine.watching import TOLERANCE, Batch, Looker, Subject, described, made_steps, notes

        cadence = Cadence(SHARE.check(share), EVERY.check(every))
        if not callable(loss):
            raise ArgumentError(f"loss={loss!r} is not callable: give loss(output, targets), e.g. nn.MSELoss().")
        self._seed = whole("seed", seed, 0, 2**32 - 1)
        self._eigenvalues = whole("eigenvalues", eigenvalues, 1)
        subject = Subject(model, optimizer)
        _, first, _ = subject.candidates()[0]
        looker = Looker(
            subject,
            loss,
            Batch.of(inputs, targets, first.device, first.dtype),
            eigenvalues=self._eigenvalues,
            tolerance=TOLERANCE if tolerance is None else fraction("tolerance", tolerance),
            hessian=hessian,
            seed=self._seed,
        )
        self.notes = notes(looker)
        self._forecast_listeners: tuple[Callable[[Run], None], ...] = ()
        spec = described(looker, self._eigenvalues, self._seed, every, name)
        super().__init__(looker, cadence, spec, made_steps(subject.optimizer), clock, save)

    # ------------------------------------------------------------------ what it is and does

    @property
    def recording(self) -> Recording:
        """What was measured."""
        return self._recording

    @property
    def problem(self) -> Any:
        raise RunError("A training loop has no fixed problem: forecast(steps).problem is that of its probe batch.")

    @property
    def status(self) -> Status:
        """ready, running, paused, finished, stopped, diverged or error; the steps made; a sentence."""
        return Status(self._state, self._step, self._ended or self._sentence())

    @property
    def steps(self) -> None:
        """Nobody knows how many there will be."""
        return None

    @property
    def step(self) -> int:
        """Steps that the optimizer has made, those before watching included where it counts them."""
        return self._step

    @property
    def values(self) -> dict[str, float]:
        """The learning rate of the first parameter group, as torch has it."""
        return {"learning_rate": self._rates.rate}

    @property
    def edge_factor(self) -> float:
        """Edge threshold × learning rate as last looked at, with torch's learning rate."""
        return self._factor

    @property
    def edge(self) -> int | None:
        """The step since which training is at its edge of stability, or None."""
        return self._stays.since

    @property
    def stays(self) -> tuple[tuple[int, int | None], ...]:
        """From which step to which it was at its edge; None while it still is.

        A stay begins with the first look at 0.975 of the threshold or more, and ends with the first one after it below 0.9.
        """
        return self._stays.all

    @property
    def events(self) -> tuple[Event, ...]:
        """Every change of the learning rate, whoever made it; of a movement from step to step its start, jumps and rest."""
        return self._recording.events

    @property
    def speed(self) -> float | None:
        return self._stopwatch.speed

    @property
    def seconds(self) -> float:
        return self._stopwatch.seconds

    @property
    def failure(self) -> Failure | None:
        return self._failure

    def __repr__(self) -> str:
        return f"<Watch of {self._recording.spec['problem']['name']}: {self.status}>"

    # ------------------------------------------------------------------ for people

    def set(self, *, learning_rate: float) -> tuple[Event, ...]:
        """Let the optimizer go on with another learning rate, all groups by the same factor; returns the event.

        A scheduler that computes learning rates from its own start, such as LambdaLR, sets it back at its next step.
        """
        return self._tell("set", learning_rate=learning_rate)

    def measure(self, *, share: float | None = None, every: int | None = None) -> None:
        """Look as often as a share of the time of training allows, or every so many steps, from now on."""
        self._tell("measure", share=share, every=every)

    def forecast(self, steps: int = 200, *, iterates: bool = False) -> Run:
        """Run a rod flow forward from the present state, on a thread of its own; returns the run, which has been started.

        It is what full-batch training on the probe batch would do: in evaluation mode, with the learning rate of now, without
        the noise of minibatches.

        Args:
            steps: optimizer steps.
            iterates: record the iterates on the probe batch too.

        Raises:
            ArgumentError, ProblemError, RunError: there is none, e.g. since the model cannot be copied.
        """
        run: Run = self._tell("forecast", steps=steps, iterates=iterates).run(self.name or "run")
        for listener in self._forecast_listeners:
            listener(run)
        return run.start()

    def pause(self) -> None:
        """Hold the training thread before its next step, until `resume()` or an interrupt."""
        self._tell("pause")

    def resume(self) -> None:
        """Let training go on."""
        self._tell("resume")

    def stop(self) -> None:
        """End watching; training goes on, and the recording is kept."""
        self._tell("stop")

    def tell(self, training_loss: Any) -> None:
        """Say what the loop itself computed as the loss of its batch; it is recorded with the next look, and waits for nothing.

        A closure that is given to `optimizer.step` says it by itself.
        """
        self._told = training_loss.detach() if hasattr(training_loss, "detach") else training_loss

    def close(self) -> None:
        """The loop is over: take the hooks off the optimizer. A second time does nothing."""
        self._detach()
        if self._ended is not None:
            return
        if self._lost is not None:
            self._finish("diverged", f"Training ended at step {self._step:,}. {self._lost_words()}")
        else:
            standing = self._stays.words and f"Last seen {self._stays.words}."
            told = [f"Finished: {self._step - self._first:,} steps.", standing, self._blind]
            self._finish("finished", " ".join(filter(None, told)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """The loop has raised: say so, and take the hooks off. An interrupt counts as a stop."""
        self._detach()
        if self._ended is not None:
            return
        if isinstance(error, KeyboardInterrupt | GeneratorExit):
            self._finish("stopped", f"Interrupted at step {self._step:,}. The recording up to there is kept.")
            return
        text = "".join(traceback.format_exception(error))
        self._failure = Failure(error, str(error) or type(error).__name__, text)
        message = f"Training failed at step {self._step:,}: {type(error).__name__}: {self._failure.message}"
        self._finish("error", message)

    def on_change(self, listener: Listener, *, before_return: bool = False) -> Callable[[], None]:
        """Call `listener` in the training thread whenever rows or the state are new; it must return at once."""
        return (self._before_return if before_return else self._listeners).add(listener)

    def on_forecast(self, listener: Callable[[Run], None]) -> Callable[[], None]:
        """Call `listener` with every forecast, before it is started; returns a function that ends this."""
        self._forecast_listeners = (*self._forecast_listeners, listener)

        def remove() -> None:
            self._forecast_listeners = tuple(other for other in self._forecast_listeners if other is not listener)

        return remove

    # ------------------------------------------------------------------ commands

    def refuse_after_failure(self) -> None:
        """Raise RunError where no hyperparameter can be changed."""
        if self._ended is not None:
            raise RunError(f"The learning rate cannot be changed any more: {self._ended}")

    def _refusal(self, what: str) -> RunError:
        return RunError(f"A training loop that is watched cannot be {what} from here: its own code runs it.")

    def submit(self, name: str, args: Mapping[str, Any]) -> Future[Any]:
        """Hand a command over, to be applied in the training thread before its next step; returns at once.

        In that thread itself, and where no step has been made for a while, it is applied at once.
        """
        made = order(name, args)
        idle = self._clock() - self._seen > IDLE_SECONDS and not self._inside and not self._held
        self._queue.append(made)
        self._wake.set()
        if self._ended is not None or threading.get_ident() == self._thread:
            self._attend()
        elif idle:
            with self._lock:  # from here on no step can begin
                if not self._inside:
                    self._attend()
        return made.done

    def _tell(self, name: str, **args: Any) -> Any:
        future = self.submit(name, args)
        try:
            return future.result(ANSWER_SECONDS)
        except TimeoutError:
            if future.done():
                return future.result()
        if name == "forecast" and future.cancel():
            raise RunError(f"There is no forecast: the training loop made no step for {ANSWER_SECONDS:g} seconds.")
        raise RunError(
            f"{name}() was not applied within {ANSWER_SECONDS:g} seconds: the training loop made no step. It stays queued."
        )

    def _attend(self) -> None:
        """Apply what was asked for."""
        with self._lock:
            while self._queue:
                made = self._queue.popleft()
                if not made.done.set_running_or_notify_cancel():
                    continue
                try:
                    answer = getattr(self, f"_on_{made.name}")(**made.args)
                except BaseException as error:
                    made.done.set_exception(error)
                else:
                    made.done.set_result(answer)

    def _on_set(self, learning_rate: float) -> tuple[Event, ...]:
        self.refuse_after_failure()
        scaled(self._groups, learning_rate)
        events = self._rates.set(self._step, self._subject.learning_rate)
        self._recording.add_events(events)
        self._say()
        return tuple(events)

    def _on_measure(self, share: float | None = None, every: int | None = None) -> tuple[Event, ...]:
        if share is not None:
            self._cadence.share, self._cadence.every = share, None
        else:
            self._cadence.every = every
        self.cost = self._cadence.cost(self._clock())
        self._failures, self._blind = 0, ""
        self._say()
        return ()

    def _on_forecast(self, steps: int, iterates: bool) -> Forecast:
        from ..engine.watching import present

        looker = self._looker
        held = present(self._subject, looker.loss, looker.batch, looker.probe, self._step)
        return Forecast(held, steps, iterates, self._eigenvalues, self._seed)

    def _on_pause(self) -> tuple[Event, ...]:
        self.refuse_after_failure()
        self._held = True
        self._move("paused")
        return ()

    def _on_resume(self) -> tuple[Event, ...]:
        self.refuse_after_failure()
        self._held = False
        self._move("running" if self._cadence.begun else "ready")
        return ()

    def _on_stop(self) -> tuple[Event, ...]:
        self._held = False
        if self._ended is None:
            self._finish("stopped", f"Watching was stopped at step {self._step:,}; training went on without it.")
        return ()
