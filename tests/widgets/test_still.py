"""A notebook that was executed, and what is left of it without a kernel."""

import base64
import gzip
import json
import re
import struct

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

import rodflow_widgets as rf
from rodflow_widgets.vocabulary import Status
from rodflow_widgets.widgets import Live, cells, saved, still
from rodflow_widgets.wire import codec

MADE = """
import rodflow_widgets as rf
from rodflow_widgets.widgets import bundle
from pathlib import Path
bundle.STATIC = Path({static!r})
live = rf.compare(rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4), steps=20)
live
"""
PART = r"<script [^>]*data-rodflow-{}=[^>]*>([^<]*)</script>"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """As nbconvert --execute leaves it: widget state stored."""
    static = tmp_path_factory.mktemp("static")
    (static / "live.js").write_text("export default {}")
    (static / "live.css").write_text("")
    (static / "still.js").write_text("draw('</script>')")
    sources = [MADE.format(static=str(static)), "live.run.wait()", "live.close(); display(live)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


@pytest.fixture
def stored(executed):
    """As JupyterLab saves it: without widget state."""
    notebook = nbformat.from_dict(executed)
    notebook.metadata.pop("widgets", None)
    return notebook


@pytest.fixture
def published(monkeypatch):
    """What was published: MIME data, and where; the first widget here carries the code."""
    heard = []
    monkeypatch.setattr("IPython.display.publish_display_data", lambda data, **more: heard.append((data, more)))
    monkeypatch.setattr(saved, "CARRIER", saved.Carrier())
    return heard


@pytest.fixture
def make_still(make_run):
    made = []

    def make(run=None):
        live = Live(run or make_run())
        made.append(live)
        return live._still

    yield make
    for live in made:
        live.close()


def parts(html, name):
    return [gzip.decompress(base64.b64decode(found)) for found in re.findall(PART.format(name), html)]


def carrying(published):
    """Of the outputs, by identity: how often the last thing shown in each brings the code."""
    shown = {more["transient"]["display_id"]: data["text/html"] for data, more in published}
    return [html.count("data-rodflow-bundle=") for html in shown.values()]


def test_the_picture_is_an_output_of_its_own_below_the_widget(executed):
    widget, picture = executed.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in widget.data
    assert widget.data["text/plain"].startswith("<Live: gradient descent on")
    assert "Finished: 20 steps." in picture.data["text/plain"]
    assert {"image/png", "text/html"} <= set(picture.data)


@pytest.mark.parametrize("kind", ["executed", "stored"])
def test_nbconvert_shows_the_picture(kind, request):
    html, _ = HTMLExporter().from_notebook_node(request.getfixturevalue(kind))
    images = re.findall(rf'<img[^>]*class="{saved.STILL_CLASS}"[^>]*src="data:image/png;base64,[^"]{{1000,}}"', html)
    assert len(images) == 1
    assert [len(parts(html, name)) for name in ("picture", "bundle")] == [1, 1]


def test_a_closed_widget_is_displayed_as_text(executed):
    (output,) = executed.cells[2].outputs
    assert "closed: run the cell" in output.data["text/plain"]


def test_what_the_front_end_draws_is_in_the_picture(make_still, published):
    picture = make_still()
    run = picture.run
    run.step(3)
    picture.display()
    ((data, _),) = published
    (packed,) = parts(data["text/html"], "picture")
    (length,) = struct.unpack_from("<I", packed)
    head = json.loads(packed[4 : 4 + length])
    assert head["traits"]["recorded"] is True
    assert head["traits"]["statuses"]["0"]["state"] == "paused"
    assert head["traits"]["branches"][0]["spec"] == json.loads(json.dumps(run.recording.spec))
    assert list(head["sizes"].values()) == [len(packed) - 4 - length]
    snapshot, buffers = codec.unpack(packed[4 + length :])
    (loss,) = (
        codec.decode_block(block, buffer)["loss"]
        for block, buffer in zip(snapshot["blocks"], buffers, strict=True)
        if block["table"] == "discrete"
    )
    np.testing.assert_allclose(loss, run.recording["discrete"]["loss"], rtol=1e-6)


def test_forks_are_saved_with_the_run_and_drawn_again_when_they_hold_still(make_run, published):
    live = Live(make_run())
    live.run.step(3)
    live._still.display()
    fork = live.fork(learning_rate=0.3)
    assert fork.wait(60).state == "finished"
    live._still.update()
    assert len(published) == 2
    (packed,) = parts(published[-1][0]["text/html"], "picture")
    (length,) = struct.unpack_from("<I", packed)
    traits = json.loads(packed[4 : 4 + length])["traits"]
    assert [branch["name"] for branch in traits["branches"]] == list(live.runs)
    assert {key: status["state"] for key, status in traits["statuses"].items()} == {"0": "paused", "1": "finished"}
    live.remove(list(live.runs)[1])
    live.close()


def test_scripts_cannot_end_early_and_labels_are_text(make_still, published, built):
    picture = make_still()
    picture.run.recording.spec["problem"]["name"] = '"><script>alert(1)</script>'
    picture.run.step(3)
    picture.display()
    html = published[0][0]["text/html"]
    assert r"draw('<\/script>')" in html
    assert "alert(1)</script>" not in html
    assert [html.count("<script"), html.count("</script>")] == [3, 3]


def test_nothing_is_drawn_while_the_run_goes(make_still, published):
    picture = make_still()
    picture.display()
    assert published[0][0] == saved.EMPTY
    picture.run.step(3)
    picture.update()
    picture.update()
    assert len(published) == 2
    assert published[1][1] == {"transient": published[0][1]["transient"], "update": True}
    picture.run.recording.status = Status("running", 3, "")
    picture.update()
    assert len(published) == 2
    picture.display()
    assert published[2][0] == saved.EMPTY


def test_what_changes_while_the_run_holds_still_is_drawn(make_run, published):
    live = Live(make_run())
    picture = live._still
    live.run.step(3)
    picture.display()
    fork = live.fork(name="other")
    assert fork.wait(60).state == "finished"
    picture.update()
    live.run.set(learning_rate=0.3)
    picture.update()
    assert len(published) == 3
    picture._timer = None
    live.remove("other")
    assert picture._timer is not None
    picture.update()
    with_fork, without = (parts(published[i][0]["text/html"], "picture")[0] for i in (2, 3))
    assert b'"name":"other"' in with_fork
    assert b'"name":"other"' not in without
    live.close()


def test_one_of_all_pictures_carries_the_code(make_still, published):
    pictures = [make_still() for _ in range(3)]
    for picture in pictures:
        picture.display()
        picture.display()
        picture.run.step(3)
        picture.update()
    assert carrying(published) == [1, 0, 0, 0, 0, 0]
    assert len(parts(published[-1][0]["text/html"], "picture")) == 1

    # The carrier is closed for good: the next one that is updated carries it, in one of its outputs.
    pictures[0].close()
    pictures[2].run.step(1)
    pictures[2].update()
    assert carrying(published)[2:] == [0, 0, 1, 0]


def test_a_cell_that_runs_again_carries_the_code_again_and_its_old_outputs_are_forgotten(
    make_still, published, monkeypatch
):
    place = ["cell", "1"]
    monkeypatch.setattr(cells, "current", lambda: tuple(place))
    picture = make_still()
    picture.run.step(3)
    for execution in range(20):
        place[1] = str(execution)
        picture.display()
    assert [data["text/html"].count("data-rodflow-bundle=") for data, _ in published] == [1] * 20
    published.clear()
    picture.run.step(1)
    picture.update()
    assert carrying(published) == [1]


def test_without_matplotlib_there_is_text(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "rodflow_widgets.figures", None)
    recording = rf.simulate(
        rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4), steps=5, progress=False
    )
    assert saved.data(recording, {}) == saved.with_code(saved.data(recording, {})) == {"text/plain": repr(recording)}


def test_a_picture_that_cannot_be_drawn_is_text_and_the_status_is_returned(make_still, published, monkeypatch, caplog):
    def fail(recording):
        raise ValueError("no font today")

    monkeypatch.setattr("rodflow_widgets.figures.picture", fail)
    picture = make_still()
    picture.display()
    assert picture.run.start().wait(60).state == "finished"
    assert published[-1][0] == {"text/plain": repr(picture.run.recording)}
    assert "no font today" in caplog.text
    assert isinstance(picture, still.Still)
