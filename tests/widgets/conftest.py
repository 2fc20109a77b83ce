import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.session import Run, RunSpec
from rodflow_widgets.widgets import bundle
from rodflow_widgets.wire import codec
from rodflow_widgets.wire.messages import PROTOCOL


class Client:
    """What the page keeps: tables that may only grow at the end, and the latest of each trait."""

    def __init__(self, name="page"):
        self.name, self.run, self.tables, self.held, self.events = name, None, {}, {}, []
        self.messages, self.traits, self.gaps, self.seqs = [], {}, 0, []

    def send(self, content, buffers):
        self.messages.append(content)
        kind = content["kind"]
        if kind == "snapshot" and content["to"] == self.name:
            self.run, self.held = content["run"], dict(content["total_rows"])
            self.tables = self._decode(content, buffers)
            self.events = list(content["events"])
            self.seqs.append(content["seq"])
        elif kind == "frame":
            self.seqs.append(content["seq"])
            for block, columns in zip(content["blocks"], self._decode(content, buffers).values(), strict=True):
                name, first = block["table"], block["first_row"]
                held = self.held.get(name, 0)
                if first > held:
                    self.gaps += 1
                    continue
                fresh = {key: values[held - first :] for key, values in columns.items()}
                before = self.tables.get(name, {})
                self.tables[name] = {
                    key: np.concatenate([*filter(len, [before.get(key, ())]), new]) for key, new in fresh.items()
                }
                self.held[name] = first + block["rows"]
            self.events = self.events[: content["first_event"]] + content["events"]

    def show(self, branch, **traits):
        assert branch == 0
        self.traits |= traits

    def kinds(self):
        return [message["kind"] for message in self.messages]

    def hello(self):
        return {
            "kind": "hello",
            "branch": 0,
            "client": self.name,
            "protocol": PROTOCOL,
            "run": self.run,
            "rows": self.held,
        }

    def ack(self):
        return {"kind": "ack", "branch": 0, "client": self.name, "seq": self.seqs[-1]}

    @staticmethod
    def _decode(content, buffers):
        pairs = zip(content["blocks"], buffers, strict=True)
        return {block["table"]: codec.decode_block(block, buffer) for block, buffer in pairs}


@pytest.fixture(autouse=True)
def built(monkeypatch, tmp_path):
    """A bundle, whether the real one was built or not."""
    (tmp_path / "live.js").write_text("export default {}")
    (tmp_path / "live.css").write_text(".rodflow {}")
    (tmp_path / "still.js").write_text("draw('</script>')")
    monkeypatch.setattr(bundle, "STATIC", tmp_path)
    return tmp_path


@pytest.fixture
def client():
    return Client


@pytest.fixture
def make_run():
    """A run of gradient descent on the quadratic, or of another optimizer on another problem."""
    runs = []

    def make(problem=None, optimizer=None, **options):
        problem = problem or rf.problems.quadratic(sharpness=2.0)
        optimizer = optimizer or rf.optimizers.GradientDescent(0.4)
        run = Run(RunSpec(problem, optimizer, **{"steps": 40, **options}))
        runs.append(run)
        return run

    yield make
    for run in runs:
        run.stop()
