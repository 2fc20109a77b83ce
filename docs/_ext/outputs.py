"""What a page without a kernel shows of the outputs of an executed notebook.

A live view leaves two outputs: the widget, which needs a kernel, and a picture in HTML that brings its data and the front
end with it. The page shows the picture. Other widgets (those of ipywidgets and bqplot) are drawn by the widget manager of
the page, from their state: they answer the pointer as far as that needs no Python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from nbformat import NotebookNode
from sphinx.errors import ExtensionError

from rodflow_widgets.widgets import saved

VIEW, STATE = "application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json"
HTML = "text/html"
LIVE = "rodflow_widgets.widgets.live.Live"
REFERENCE = re.compile(r"IPY_MODEL_(\w+)")
NOTHING = {
    "model_module": "@jupyter-widgets/controls",
    "model_module_version": "2.0.0",
    "model_name": "HTMLModel",
    "state": {"_view_module": "@jupyter-widgets/controls", "_view_module_version": "2.0.0", "_view_name": "HTMLView"},
}

Models = dict[str, Any]


def settle(notebook: NotebookNode, where: str) -> None:
    """Leave in an executed notebook what its page shows, and the state of the widgets that it draws.

    Raises:
        ExtensionError: a live view has no picture, because no cell waits for its run.
    """
    models: Models = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    drawn: list[str] = []
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = list(_shown(cell.outputs, models, where))
            drawn += [output.data[VIEW]["model_id"] for output in cell.outputs if VIEW in output.get("data", {})]
    state = _needed(drawn, models)
    if state:
        notebook.metadata["widgets"] = {STATE: {"version_major": 2, "version_minor": 0, "state": state}}
    _bring_front_end([output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output])


def _shown(outputs: Iterable[NotebookNode], models: Models, where: str) -> Iterator[NotebookNode]:
    live = drawn = False
    for output in outputs:
        data = output.get("data", {})
        data.pop(saved.MIME, None)  # JupyterLab's renderer knows it, and a page of its own has the HTML
        html = "".join(data.get(HTML, ""))
        if VIEW in data:
            kind = models.get(data[VIEW]["model_id"], {})
            live = _is_live(kind)
            if live or _is_progress(kind, models):
                continue
            drawn = bool(kind)
            if kind:
                data.pop(HTML, None)
            else:
                del data[VIEW]  # closed since
        elif saved.STILL_CLASS in html and "<img" not in html:
            if live:
                raise ExtensionError(f"{where}: a view was never drawn; let a cell wait for its run: live.run.wait().")
            continue
        elif saved.STILL_CLASS in html and drawn and not live:
            continue  # the picture that stands in for a widget which the page draws itself
        elif output.output_type == "stream" and output.name == "stderr" and "\r" in output.text:
            continue  # a progress bar
        yield output


def _is_live(model: Any) -> bool:
    return model.get("state", {}).get("_anywidget_id") == LIVE


def _is_progress(model: Any, models: Models) -> bool:
    """Whether it is a progress bar of tqdm."""
    children = REFERENCE.findall(json.dumps(model.get("state", {}).get("children", [])))
    return any(models.get(child, {}).get("model_name") == "FloatProgressModel" for child in children)


def _needed(drawn: Iterable[str], models: Models) -> Models:
    """Those of the models that `drawn` are made of; in place of a live view among them nothing, since its picture follows."""
    needed: Models = {}
    waiting = list(drawn)
    while waiting:
        name = waiting.pop()
        if name in needed or name not in models:
            continue
        needed[name] = NOTHING if _is_live(models[name]) else models[name]
        waiting += REFERENCE.findall(json.dumps(needed[name]))
    return needed


def _bring_front_end(outputs: list[NotebookNode]) -> None:
    """Let the first picture of the page carry the front end if none does."""
    pictures = [data for data in outputs if "data-rodflow-picture" in "".join(data.get(HTML, ""))]
    if pictures and not any("data-rodflow-bundle" in "".join(data[HTML]) for data in pictures):
        pictures[0].update(saved.with_code({**pictures[0], HTML: "".join(pictures[0][HTML])}))
