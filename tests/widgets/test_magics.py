"""The magics in an IPython shell."""

from __future__ import annotations

import pytest
from IPython.testing.globalipapp import start_ipython

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError, UnknownNameError

GD = rf.optimizers.GradientDescent


@pytest.fixture(scope="module")
def shell():
    shell = start_ipython()
    shell.run_line_magic("load_ext", "rodflow_widgets")
    return shell


def test_runs_lists_those_of_the_kernel_and_those_on_disk(shell, tmp_path):
    rf.simulate(rf.problems.quadratic(), GD(0.5), ("discrete",), steps=5, progress=False, save=tmp_path / "one")
    live = rf.compare(rf.problems.quartic(), GD(0.5), ("discrete",), steps=5)
    live.run.wait(60)
    said = repr(shell.run_line_magic("rodflow", f"runs {tmp_path}"))
    assert "gradient descent on quartic" in said
    assert str(tmp_path / "one") in said
    live.close()
    assert "gradient descent on quartic" not in repr(shell.run_line_magic("rodflow", f"runs {tmp_path}"))


def test_open_shows_a_run(shell, tmp_path):
    rf.simulate(rf.problems.quadratic(), GD(0.5), ("discrete",), steps=5, progress=False, save=tmp_path / "one")
    live = shell.run_line_magic("rodflow", f"open {tmp_path / 'one'}")
    assert (live.step, live.status) == (5, "finished") or live.run.status.step == 5
    assert live.branches[0]["commands"] == []
    live.close()


def test_a_loop_in_a_cell_is_watched(shell):
    shell.run_cell(
        "import torch\n"
        "torch.manual_seed(0)\n"
        "x = torch.randn(40, 3); y = x.sum(1, keepdim=True)\n"
        "model = torch.nn.Linear(3, 1)\n"
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
        "loss = torch.nn.functional.mse_loss\n"
    ).raise_error()
    loop = "for i in range(30):\n    optimizer.zero_grad()\n    loss(model(x), y).backward()\n    optimizer.step()\n"
    shell.run_cell_magic("rodflow", "watch model, optimizer, loss, x, y, every=1", loop)
    watch = shell.user_ns["watch"]
    assert shell.user_ns["i"] == 29
    assert watch.status.state == "finished"
    assert len(watch.recording["discrete"]) >= 29


@pytest.mark.parametrize(
    ("line", "cell", "error", "words"),
    [
        ("run", None, UnknownNameError, "did you mean 'runs'"),
        ("watch model", None, ArgumentError, "%%rodflow watch"),
        ("runs", "x = 1", ArgumentError, "%rodflow runs"),
        ("open nowhere", None, ArgumentError, "nowhere"),
    ],
)
def test_bad_lines_say_what_to_write(shell, line, cell, error, words):
    run = shell.run_line_magic if cell is None else shell.run_cell_magic
    with pytest.raises(error, match=words):
        run("rodflow", line, *([] if cell is None else [cell]))
