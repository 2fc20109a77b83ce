"""`%load_ext rodflow_widgets`: runs of this kernel and on disk, and a training loop in a cell that is watched."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class

from .. import store
from ..errors import ArgumentError, unknown
from ..figures import listing
from .continuing import view
from .live import Live, lives

COMMANDS = {
    "runs": "%rodflow runs [FOLDER]",
    "open": "%rodflow open PATH",
    "watch": "%%rodflow watch model, optimizer, loss, inputs, targets, share=0.1",
}


@magics_class
class Rodflow(Magics):
    """The magic `rodflow`, of a line and of a cell."""

    @line_cell_magic
    def rodflow(self, line: str, cell: str | None = None) -> Any:
        """Runs, and training loops that are watched.

        %rodflow runs [FOLDER]: the runs of this kernel, and those on disk in FOLDER, by default the present one.
        %rodflow open PATH: the run in the folder PATH, in the live view.
        %%rodflow watch model, optimizer, loss, inputs, targets, …: `rf.watch` with these arguments, for the loop in the
        cell; afterwards it is the variable `watch`.
        """
        word, _, rest = line.strip().partition(" ")
        if not word:
            raise ArgumentError(f"%rodflow alone does nothing: write {', '.join(COMMANDS.values())}.")
        if word not in COMMANDS:
            raise unknown("command of %rodflow", word, COMMANDS)
        if (cell is None) == (word == "watch") or (word != "runs" and not rest.strip()):
            raise ArgumentError(f"%rodflow {word} is not usable like that: write {COMMANDS[word]}.")
        return {"runs": self._runs, "open": self._open, "watch": self._watch}[word](rest.strip(), cell or "")

    def _runs(self, folder: str, cell: str) -> Runs:
        return Runs(folder or ".")

    def _open(self, path: str, cell: str) -> Live:
        return view(path.strip("'\""))

    def _watch(self, arguments: str, cell: str) -> None:
        from .watching import watch

        shell = self.shell
        assert shell is not None
        watching = eval(f"_watch({arguments})", {**shell.user_ns, "_watch": watch})
        shell.user_ns["watch"] = watching
        source = shell.transform_cell(cell)
        code = shell.compile(source, shell.compile.cache(source), "exec")
        with watching:
            exec(code, shell.user_ns)


class Runs:
    """What there is to look at: of this kernel, and on disk in a folder."""

    def __init__(self, folder: str) -> None:
        self._here = [(name, run.recording, run.status) for live in lives() for name, run in live.runs.items()]
        self._disk, self._wrong = store.find(folder)
        self._folder = folder

    def __repr__(self) -> str:
        here = [
            f"{name}: {recording.spec['optimizer']['label']} on {recording.spec['problem']['name']}; {status}"
            for name, recording, status in self._here
        ]
        there = listing(self._disk) or f"There is no run in {self._folder}."
        wrong = [str(error) for error in self._wrong]
        return "\n".join(["In this kernel:", *(here or ["no run."]), "", "On disk:", there, *wrong])
