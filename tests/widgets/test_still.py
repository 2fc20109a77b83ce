"""A notebook that was executed, and what is left of it without a kernel."""

import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

import rodflow_widgets as rf
from rodflow_widgets.vocabulary import Status
from rodflow_widgets.widgets import still

MADE = """
import rodflow_widgets as rf
from rodflow_widgets.widgets import bundle
from pathlib import Path
bundle.STATIC = Path({static!r})
live = rf.compare(rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4), steps=20)
live
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """As nbconvert --execute leaves it: widget state stored."""
    static = tmp_path_factory.mktemp("static")
    (static / "live.js").write_text("export default {}")
    (static / "live.css").write_text("")
    cells = [MADE.format(static=str(static)), "live.run.wait()", "live.close(); display(live)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


@pytest.fixture
def saved(executed):
    """As JupyterLab saves it: without widget state."""
    notebook = nbformat.from_dict(executed)
    notebook.metadata.pop("widgets", None)
    return notebook


def test_the_picture_is_an_output_of_its_own_below_the_widget(executed):
    widget, picture = executed.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in widget.data
    assert widget.data["text/plain"].startswith("<Live: gradient descent on")
    assert "Finished: 20 steps." in picture.data["text/plain"]
    assert {"image/png", "text/html"} <= set(picture.data)


@pytest.mark.parametrize("kind", ["executed", "saved"])
def test_nbconvert_shows_the_picture(kind, request):
    html, _ = HTMLExporter().from_notebook_node(request.getfixturevalue(kind))
    images = re.findall(rf'<img[^>]*class="{still.STILL_CLASS}"[^>]*src="data:image/png;base64,[^"]{{1000,}}"', html)
    assert len(images) == 1


def test_a_closed_widget_is_displayed_as_text(executed):
    (output,) = executed.cells[2].outputs
    assert "closed: run the cell" in output.data["text/plain"]


def test_nothing_is_drawn_while_the_run_goes(make_run, monkeypatch):
    published = []
    monkeypatch.setattr("IPython.display.publish_display_data", lambda data, **kw: published.append((data, kw)))
    run = make_run()
    picture = still.Still(run)
    picture.display()
    assert published[0][0] == still.EMPTY
    run.step(3)
    picture.update()
    picture.update()
    assert len(published) == 2
    assert published[1][1] == {"transient": published[0][1]["transient"], "update": True}
    run.recording.status = Status("running", 3, "")
    picture.update()
    assert len(published) == 2
    picture.display()
    picture.close()
    assert published[2][0] == still.EMPTY


def test_without_matplotlib_there_is_text(make_run, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "rodflow_widgets.figures", None)
    recording = rf.simulate(
        rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4), steps=5, progress=False
    )
    assert still.bundle(recording) == {"text/plain": repr(recording)}


def test_a_picture_that_cannot_be_drawn_is_text_and_the_status_is_returned(make_run, monkeypatch, caplog):
    def fail(recording):
        raise ValueError("no font today")

    published = []
    monkeypatch.setattr("rodflow_widgets.figures.picture", fail)
    monkeypatch.setattr("IPython.display.publish_display_data", lambda data, **kw: published.append(data))
    run = make_run()
    picture = still.Still(run)
    picture.display()
    assert run.start().wait(60).state == "finished"
    picture.close()
    assert published[-1] == {"text/plain": repr(run.recording)}
    assert "no font today" in caplog.text
