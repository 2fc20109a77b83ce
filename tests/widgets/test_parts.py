"""What is closed leaves nothing open."""

import ipywidgets
from ipywidgets.widgets.widget import _instances

import rodflow_widgets as rf
from rodflow_widgets.widgets import Live, host
from rodflow_widgets.widgets.sender import SENDER


def test_a_closed_view_leaves_no_comm(make_run):
    before = set(_instances)
    lives = [Live(make_run()) for _ in range(20)]
    assert len(set(_instances) - before) == 40
    shared = lives[0].layout = ipywidgets.Layout(width="80%")
    for live in lives:
        live.close()
    assert set(_instances) - before == {shared.model_id}
    assert not [branch for live in lives for branch in live._branches if branch.feed in SENDER._feeds]
    shared.close()


def test_a_closed_form_leaves_no_comm():
    before = set(_instances)
    for _ in range(3):
        form = rf.Explorer("valley", steps=8)
        form.start()
        form.optimizer.menu.value = "Adam"
        form.start()
        form.close()
        form.close()
    assert set(_instances) == before


def test_another_choice_leaves_none_of_the_fields_before():
    form = rf.Explorer("valley", steps=8)
    count = []
    for name in ("Adam", "GradientDescent") * 5:
        form.optimizer.menu.value = name
        count.append(len(_instances))
    form.close()
    assert count == count[:2] * 5


def test_a_comm_closed_by_its_host_tells_the_widget_once():
    class Comm:
        closed = 0

        def close(self, deleting=False):
            self.closed += 1

    for module, heard in (("marimo._plugins.comm", 1), ("somebody.else", 0)):
        Comm.__module__ = module
        comm, told = Comm(), []

        def close(comm=comm, told=told):
            told.append(comm.closed)
            comm.close()  # as a widget does that closes

        host.on_close(comm, close)
        comm.close(deleting=True)
        assert told == [1] * heard
        assert comm.closed == 1 + heard
