"""A form in which problem, optimizer and flows are chosen, above the live view of the run that it makes."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets

from ..engine.catalogue import catalogue
from ..errors import ArgumentError, RodflowError, unknown
from ..session import Run, RunSpec
from ..session.spec import PROCESSES
from . import cells, parts
from .fields import STYLE, WIDTH, Field
from .live import Live
from .saved import EMPTY
from .still import Places

SMALL = "font-size: var(--jp-ui-font-size0, 11px); line-height: 1.35; color: var(--jp-ui-font-color2, #616161)"
ALERT = "border-left: 3px solid #b45309; padding: 2px 10px; line-height: 1.4; color: var(--jp-ui-font-color1, #212121)"


class Choice:
    """One entry of the catalogue by its label, with the fields of its parameters below.

    Args:
        title: of the column.
        entries: of the catalogue.
        chosen: name of the entry to begin with.
    """

    def __init__(self, title: str, entries: list[dict[str, Any]], chosen: str) -> None:
        self._entries = {entry["name"]: entry for entry in entries}
        if chosen not in self._entries:
            raise unknown(title.lower(), chosen, self._entries)
        self.menu = ipywidgets.Dropdown(
            options=[(entry["label"], entry["name"]) for entry in entries],
            value=chosen,
            description=title,
            style=STYLE,
            layout=ipywidgets.Layout(width=WIDTH),
        )
        self._summary = ipywidgets.HTML(layout=ipywidgets.Layout(width=WIDTH))
        self._below = ipywidgets.VBox()
        self.box = _column(self.menu, self._summary, self._below)
        self.menu.observe(lambda change: self._show(), names="value")
        self._show()

    @property
    def name(self) -> str:
        return str(self.menu.value)

    @property
    def values(self) -> dict[str, Any]:
        return {field.name: field.value for field in self.fields.values()}

    def _show(self) -> None:
        entry = self._entries[self.name]
        self.fields = {p["name"]: Field(p) for p in entry["parameters"]}
        self._summary.value = f'<div style="{SMALL}">{html.escape(entry["summary"])}</div>'
        before, self._below.children = self._below.children, [field.control for field in self.fields.values()]
        parts.close(*before)


class FlowChoice:
    """One flow: whether it runs, with the fields of its parameters, or why it cannot."""

    def __init__(self, entry: dict[str, Any], ticked: bool) -> None:
        self.entry = entry
        self.wished = ticked
        self.tick = ipywidgets.Checkbox(
            value=ticked, description=entry["name"], indent=False, layout=ipywidgets.Layout(width=WIDTH)
        )
        self.words = ipywidgets.HTML(layout=ipywidgets.Layout(margin="-6px 8px 2px 22px"))
        self.fields = {p["name"]: Field(p) for p in entry["parameters"]}
        self._below = ipywidgets.VBox([field.control for field in self.fields.values()])
        self.box = ipywidgets.VBox([self.tick, self.words, self._below])
        self.tick.observe(lambda change: self._ticked(), names="value")

    def suit(self, optimizer: str, make: Callable[[], Any]) -> None:
        """Offer the flow where it models the optimizer called `optimizer`; `make` gives one of these to ask why not."""
        models = optimizer in self.entry["for"]
        reason = "" if models else _reason(self.entry["name"], make)
        words = reason or f"{self.entry['label']}: {self.entry['detail']}"
        self.words.value = f'<div style="{SMALL}">{html.escape(words)}</div>'
        wished = self.wished
        self.tick.disabled = not models
        self.tick.value = wished and models
        self.wished = wished
        self._fold()

    def flow(self) -> Any:
        """The flow with its values; the registry's own where it has none."""
        from ..engine.registry import FLOWS

        if not self.fields:
            return self.entry["name"]
        make: Any = FLOWS[self.entry["name"]]
        return make(**{name: field.value for name, field in self.fields.items()}, name=self.entry["name"])

    def _ticked(self) -> None:
        self.wished = self.tick.value
        self._fold()

    def _fold(self) -> None:
        self._below.layout.display = "" if self.tick.value else "none"


class Explorer(ipywidgets.VBox):
    """A form to choose problem, optimizer, flows and their parameters; Start shows the live comparison below it.

    Starting again replaces the run before; `live` is the view of the present one, and `run` its run, to be steered from
    Python as those of `compare` are. A choice that cannot work is answered by a sentence, and nothing runs.

    Args:
        problem: name of the problem to begin with, of `rodflow_widgets.problems`.
        optimizer: name of the optimizer to begin with, of `rodflow_widgets.optimizers`.
        steps: optimizer steps.

    Raises:
        UnknownNameError: no such problem or optimizer.
    """

    def __init__(self, problem: str = "digits_mlp", optimizer: str = "GradientDescent", *, steps: int = 400) -> None:
        known = catalogue()
        self.live: Live | None = None
        self._places = Places()
        self.flows = {entry["name"]: FlowChoice(entry, entry["name"] in PROCESSES) for entry in known["flows"]}
        self.problem = Choice("Problem", known["problems"], problem)
        self.optimizer = Choice("Optimizer", known["optimizers"], optimizer)
        self.optimizer.menu.observe(lambda change: self._suit(), names="value")
        self._suit()
        whole = {"kind": "whole", "meaning": ""}
        self.steps = Field({"name": "steps", "label": "steps", "default": steps, **whole})
        self.seed = Field({"name": "seed", "label": "seed of the run", "default": 0, **whole})
        self.button = ipywidgets.Button(description="Start", button_style="primary", icon="play")
        self.message = ipywidgets.HTML()
        self.button.on_click(lambda button: self.start())
        title = ipywidgets.HTML(f'<div style="{SMALL}">Flows beside the iterates</div>')
        columns = ipywidgets.HBox(
            [
                self.problem.box,
                self.optimizer.box,
                _column(title, *(flow.box for flow in self.flows.values())),
            ],
            layout=ipywidgets.Layout(flex_flow="row wrap", align_items="flex-start", width="100%"),
        )
        last = ipywidgets.HBox(
            [self.steps.control, self.seed.control, self.button],
            layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center", width="100%"),
        )
        for field in (self.steps, self.seed):
            field.control.layout.width = "260px"
        self._form = (columns, last, self.message)
        super().__init__(self._form)
        self._own = (*self._form, self.layout)
        self.add_class("rodflow-form")
        cells.replace(self)

    @property
    def run(self) -> Run | None:
        run = None if self.live is None else self.live.run
        return run if isinstance(run, Run) else None

    def start(self) -> Live | None:
        """Make the run that is chosen in place of the one before, and begin; None where the choice cannot work."""
        self.button.disabled = True
        try:
            run = Run(self._chosen())
        except RodflowError as error:
            self._say(str(error))
            return None
        finally:
            self.button.disabled = False
        self._say("")
        before, self.live = self.live, Live(run)
        self.live.follow(self._places)
        self.children = [*self._form, self.live]
        if before is not None:
            before.close()
        self.button.description = "Start again"
        run.start()
        return self.live

    def close(self) -> None:
        """Take the form and its view off the page and stop the run; `run.recording` stays."""
        live = self.__dict__.get("live")
        if live is not None:
            live.close()
        parts.close(*self.__dict__.get("_own", ()))
        super().close()

    def _chosen(self) -> RunSpec:
        from ..engine.registry import PROBLEMS

        values = self.problem.values
        try:
            problem = PROBLEMS[self.problem.name](**values)
        except RodflowError:
            raise
        except (TypeError, ValueError, RuntimeError) as error:
            raise ArgumentError(f"the problem {self.problem.name!r} cannot be made with {values}: {error}.") from error
        flows = [flow.flow() for flow in self.flows.values() if flow.tick.value]
        return RunSpec(problem, self._optimizer(), ("discrete", *flows), steps=self.steps.value, seed=self.seed.value)

    def _optimizer(self) -> Any:
        values = self.optimizer.values
        return _default_optimizer(self.optimizer.name).replace(**values)

    def _suit(self) -> None:
        name = self.optimizer.name
        for flow in self.flows.values():
            flow.suit(name, lambda: _default_optimizer(name))

    def _say(self, sentence: str) -> None:
        self.message.value = f'<div role="alert" style="{ALERT}">{html.escape(sentence)}</div>' if sentence else ""

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        data = self._repr_mimebundle_() if self.comm is not None else None
        if data is None:
            publish_display_data({"text/plain": f"{self!r}, closed: run the cell that made it again"})
            return
        publish_display_data(data)
        self._places.publish(EMPTY)

    def __repr__(self) -> str:
        return f"<Explorer: {self.optimizer.name} on {self.problem.name}; {self.live!r}>"


def _default_optimizer(name: str) -> Any:
    from ..engine.registry import OPTIMIZERS

    cls = OPTIMIZERS[name]
    return cls(next(p.default for p in cls.parameters if p.name == "learning_rate"))


def _reason(flow: str, make: Callable[[], Any]) -> str:
    """Why a flow does not model an optimizer, in its own words."""
    from ..engine.registry import FLOWS

    try:
        FLOWS[flow]().check(make())
    except RodflowError as error:
        return str(error)
    return "This flow does not model the optimizer."


def _column(*children: Any) -> ipywidgets.VBox:
    return ipywidgets.VBox(children, layout=ipywidgets.Layout(flex="1 1 270px", min_width="260px", max_width="440px"))
