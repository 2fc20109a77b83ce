import json

import pytest

import rodflow_widgets as rf
from rodflow_widgets.engine.catalogue import catalogue
from rodflow_widgets.errors import ArgumentError, UnknownNameError


@pytest.fixture
def explorer():
    """A form with a toy and few steps chosen."""
    made = rf.Explorer("valley", steps=8)
    yield made
    made.close()


def said(explorer):
    return explorer.message.value


def test_it_offers_what_the_registry_holds(explorer):
    known = json.loads(json.dumps(catalogue()))
    for choice, entries in ((explorer.problem, known["problems"]), (explorer.optimizer, known["optimizers"])):
        assert [name for _, name in choice.menu.options] == [entry["name"] for entry in entries]
        for entry in entries:
            choice.menu.value = entry["name"]
            assert list(choice.fields) == [p["name"] for p in entry["parameters"]]
            for parameter in entry["parameters"]:
                value = choice.fields[parameter["name"]].value
                assert (list(value) if isinstance(value, tuple) else value) == parameter["default"]
    assert list(explorer.flows) == [entry["name"] for entry in known["flows"]]


def test_start_makes_the_run_that_is_chosen(explorer):
    explorer.optimizer.menu.value = "HeavyBall"
    explorer.optimizer.fields["learning_rate"].control.value = 0.05
    explorer.optimizer.fields["beta"].control.value = 0.8
    explorer.problem.fields["w0"].control.value = "0.05, 5.4"
    for flow in explorer.flows.values():
        flow.tick.value = False
    explorer.button.click()
    assert said(explorer) == ""
    assert explorer.children[-1] is explorer.live
    assert explorer.run.wait(60).state == "finished"
    recording = explorer.run.recording
    assert list(recording) == ["discrete"]
    assert recording.spec["optimizer"]["values"] == {"learning_rate": 0.05, "beta": 0.8}
    alone = rf.simulate(
        rf.problems.valley(w0=(0.05, 5.4)), rf.optimizers.HeavyBall(0.05, 0.8), ("discrete",), steps=8, progress=False
    )
    assert recording["discrete"]["loss"].tolist() == alone["discrete"]["loss"].tolist()


def test_flows_take_their_parameters(explorer):
    explorer.flows["rod"].fields["substeps"].control.value = 4
    explorer.start().run.wait(60)
    details = {p["name"]: p["detail"] for p in explorer.run.recording.spec["processes"]}
    assert details["rod"] == rf.flows.Rod(substeps=4).detail
    assert details["stable"] == rf.flows.Stable().detail


def test_starting_again_replaces_the_run(explorer):
    first = explorer.start()
    explorer.problem.menu.value = "quadratic"
    second = explorer.start()
    assert first.comm is None
    assert first.run.wait(60).ended
    assert explorer.live is second
    assert explorer.children[-1] is second
    assert second.run.recording.spec["problem"]["name"].startswith("quadratic")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda form: setattr(form.optimizer.fields["learning_rate"].control, "value", -1.0), "learning_rate=-1.0"),
        (lambda form: setattr(form.problem.fields["w0"].control, "value", "0.05, up"), "w0="),
        (lambda form: setattr(form.problem.fields["epsilon"].control, "value", 7.0), "epsilon=7.0"),
        (lambda form: setattr(form.steps.control, "value", 0), "steps=0"),
        (lambda form: setattr(form.flows["rod"].fields["substeps"].control, "value", 3), "substeps=3"),
    ],
)
def test_a_choice_that_cannot_work_is_a_sentence_and_leaves_the_run_before(explorer, spoil, words):
    before = explorer.start()
    spoil(explorer)
    explorer.button.click()
    assert 'role="alert"' in said(explorer)
    assert words in said(explorer)
    assert "is not usable" in said(explorer)
    assert explorer.live is before
    assert before.comm is not None
    assert not explorer.button.disabled


def test_flows_that_do_not_model_the_optimizer_are_off_and_say_why(monkeypatch):
    def check(flow, optimizer):
        if optimizer.label != "gradient descent":
            raise ArgumentError(f"stable flow does not model {optimizer.label}: take another.")

    monkeypatch.setattr(rf.flows.Stable, "check", check)
    explorer = rf.Explorer("valley")
    stable = explorer.flows["stable"]
    assert (stable.tick.value, stable.tick.disabled) == (True, False)
    explorer.optimizer.menu.value = "Adam"
    assert (stable.tick.value, stable.tick.disabled) == (False, True)
    assert "stable flow does not model Adam: take another." in stable.words.value
    assert not explorer.flows["rod"].tick.disabled
    explorer.optimizer.menu.value = "GradientDescent"
    assert (stable.tick.value, stable.tick.disabled) == (True, False)
    explorer.close()


def test_the_names_to_begin_with_are_checked():
    with pytest.raises(UnknownNameError, match="did you mean 'quartic'"):
        rf.Explorer("quartik")
    with pytest.raises(UnknownNameError, match="did you mean 'Adam'"):
        rf.Explorer(optimizer="Adan")


def test_a_closed_form_stops_its_run(explorer):
    live = explorer.start()
    explorer.close()
    assert live.comm is None
    assert live.run.wait(60).ended


def test_the_picture_of_a_saved_notebook_follows_the_run(explorer, monkeypatch):
    published = []
    monkeypatch.setattr(
        "IPython.display.publish_display_data", lambda data, **more: published.append((data, more.get("transient")))
    )
    explorer._ipython_display_()
    identity = published[-1][1]["display_id"]
    live = explorer.start()
    live.run.wait(60)
    assert any(more == {"display_id": identity} and "image/png" in data for data, more in published)


def test_the_form_is_cited_as_the_run_that_it_made(explorer):
    with pytest.raises(ArgumentError, match="has been started"):
        rf.cite(explorer)
    live = explorer.start()
    live.run.wait(60)
    text = rf.cite(explorer)
    assert "Rod Flow" in text
    assert "Multiple Timescales" in text
    assert text == rf.cite(live) == rf.cite(live.run) == rf.cite(live.run.recording)


def test_a_folder_that_is_not_there_is_a_sentence(explorer, tmp_path):
    explorer.problem.menu.value = "fashion_mlp"
    folder = explorer.problem.fields["folder"]
    assert folder.value is None
    folder.control.value = f" {tmp_path / 'nowhere'} "
    assert folder.value == str(tmp_path / "nowhere")
    assert explorer.start() is None
    assert "is not usable: give a folder that exists, or None." in said(explorer)
    folder.control.value = str(tmp_path)
    assert explorer.start() is None
    assert "dataset-fashion-mnist" in said(explorer)
