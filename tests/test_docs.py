"""The documentation: its code runs, its site is built without a warning, and its links lead somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import ipywidgets
import nbformat
import pytest
from sphinx.errors import ExtensionError

import rodflow_widgets as rf
from docs._ext import outputs
from rodflow_widgets.engine import registry
from rodflow_widgets.engine.probes import PROBES
from rodflow_widgets.engine.surveys import SURVEYS
from rodflow_widgets.widgets import saved

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(
    r"^```python[ \t]*(?P<kind>\S*)\n(?P<shown>.*?)^```$|^<!-- python\n(?P<hidden>.*?)^-->$", re.M | re.S
)
FENCE = re.compile(r"^```[ \t]*(\S*)", re.M)
ELSEWHERE = {"storage.md"}
"""Pages whose code needs damaged files: tests/store/test_documentation.py makes them."""
LANGUAGES = {"python", "text", ""}
VENDORED = {"tex-svg.js"}
"""What `make docs` brings from node_modules, and a draft does without."""
TABLES = (registry.PROBLEMS, registry.OPTIMIZERS, registry.FLOWS, registry.SCHEDULES, PROBES, SURVEYS)


def blocks(page: Path) -> list[tuple[int, str]]:
    """Line and text of every block of a page that is a program, shown or not."""
    text, found = page.read_text(encoding="utf-8"), []
    for match in BLOCK.finditer(text):
        assert match["kind"] in (None, "", "fragment"), f"{page.name}: 'python {match['kind']}' means nothing here"
        code = match["shown"] if match["hidden"] is None else match["hidden"]
        if match["kind"] != "fragment":
            found.append((text.count("\n", 0, match.start()) + 1, code))
    return found


PAGES = [page for page in (ROOT / "README.md", *sorted(DOCS.glob("*.md"))) if page.name not in ELSEWHERE]


@pytest.fixture
def program() -> Iterator[types.ModuleType]:
    """A module to run code in; what it registers is forgotten afterwards."""
    _ = rf.problems, rf.optimizers, rf.flows, rf.schedules  # fills the registries
    before = [dict(table) for table in TABLES]
    module = types.ModuleType("page_of_the_documentation")
    sys.modules[module.__name__] = module
    yield module
    ipywidgets.Widget.close_all()
    del sys.modules[module.__name__]
    for table, entries in zip(TABLES, before, strict=True):
        table.clear()
        table.update(entries)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path, program: types.ModuleType, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line, code in blocks(page):
        # As many empty lines before it, so that a traceback points into the page.
        exec(compile("\n" * line + code, page, "exec"), vars(program))


def test_code_that_is_shown_says_what_it_is() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for kind in FENCE.findall(text):
            assert kind in LANGUAGES or kind.startswith("{"), f"{page.name}: a block of {kind!r}"
        outside = re.sub(r"^(```|<!--).*?^(```|-->)$", "", text, flags=re.M | re.S)
        assert not re.search(r"^    (import |from \w+ import |\w+ = \w+\.|with rf)", outside, re.M), page.name


def widget(model_id: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", {outputs.VIEW: {"model_id": model_id}, "text/plain": "a widget"})


def html(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", {"text/html": text})


def executed(*shown: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A notebook of one cell, with the state of every kind of widget: a live view, a chart beside it, a progress bar."""
    box = {"model_name": "HBoxModel", "state": {"children": ["IPY_MODEL_part"]}}
    models = {
        "live": {"model_name": "AnyModel", "state": {"_anywidget_id": outputs.LIVE, "_esm": "code"}},
        "chart": {"model_name": "FigureModel", "state": {"layout": "IPY_MODEL_layout", "children": ["IPY_MODEL_live"]}},
        "layout": {"model_name": "LayoutModel", "state": {}},
        "bar": box,
        "part": {"model_name": "FloatProgressModel", "state": {}},
    }
    cell = nbformat.v4.new_code_cell(outputs=list(shown))
    return nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {outputs.STATE: {"state": models}}})


PICTURE = (
    f'<div class="{saved.STILL_CLASS}"><img src="x"><script data-rodflow-picture=""></script><script>1</script></div>'
)
UNDRAWN = saved.EMPTY["text/html"]


def test_a_page_shows_the_picture_of_a_live_view_with_one_front_end() -> None:
    notebook = executed(widget("live"), html(PICTURE), widget("live"), html(PICTURE))
    notebook.cells[0].outputs[1].data[saved.MIME] = {"protocol": 1}
    outputs.settle(notebook, "a notebook")
    shown = notebook.cells[0].outputs
    assert [list(output.data) for output in shown] == [["text/html"], ["text/html"]]
    assert ["data-rodflow-bundle" in output.data["text/html"] for output in shown] == [True, False]
    assert "widgets" not in notebook.metadata


def test_a_page_keeps_other_widgets_with_their_state_and_no_progress_bar() -> None:
    notebook = executed(widget("chart"), html(UNDRAWN), widget("bar"), widget("closed"))
    outputs.settle(notebook, "a notebook")
    first, last = notebook.cells[0].outputs
    assert first.data[outputs.VIEW] == {"model_id": "chart"}
    assert list(last.data) == ["text/plain"]
    state = notebook.metadata["widgets"][outputs.STATE]["state"]
    assert set(state) == {"chart", "layout", "live"}
    assert state["live"] == outputs.NOTHING, "its picture is what the page shows of it"


def test_the_picture_that_stands_in_for_a_widget_is_left_out_where_the_widget_is_drawn() -> None:
    notebook = executed(widget("chart"), html(PICTURE), widget("closed"), html(PICTURE))
    outputs.settle(notebook, "a notebook")
    assert [list(output.data) for output in notebook.cells[0].outputs] == [
        [outputs.VIEW, "text/plain"],
        ["text/plain"],
        ["text/html"],
    ]


def test_a_live_view_that_was_never_drawn_is_an_error_of_the_build() -> None:
    with pytest.raises(ExtensionError, match="03_some: a view was never drawn; let a cell wait for its run"):
        outputs.settle(executed(widget("live"), html(UNDRAWN)), "03_some")


class Links(HTMLParser):
    """Everything that a page names, everything in it that can be named, and what its own scripts would load."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors.update(value for name in ("id", "name") if (value := given.get(name)))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if tag in ("script", "img", "source", "iframe") and given.get("src"):
            self.loaded.append(given["src"] or "")
        if tag == "link" and given.get("rel") != "canonical" and given.get("href"):
            self.loaded.append(given["href"] or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site without its slowest pages, with one notebook as an earlier build left it."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, root / "docs", ignore=shutil.ignore_patterns("node_modules", "tutorials", "states"))
    for page in ("validation.md", "benchmarks.md", "front-end.md"):
        (root / "docs" / page).write_text(f"# {page}\n", encoding="utf-8")
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy2(ROOT / name, root)
    (root / "notebooks").mkdir()
    cells = [nbformat.v4.new_markdown_cell("# A notebook\n\n$x^2$"), nbformat.v4.new_code_cell("print(1)")]
    for cell, name in zip(cells, ("words", "code"), strict=True):
        cell.id = name
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    nbformat.write(notebook, root / "notebooks" / "01_quickstart.ipynb")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-t", "draft", "-b", "html"]
    done = subprocess.run([*command, "docs", "built"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "built"


def test_links_lead_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = {path: Links(path) for path in site.rglob("*.html") if "_static" not in path.parts}
    assert len(pages) > 20
    inner = 0
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme in ("https", "mailto"), f"{path.name}: {link}"
                assert re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", parts.netloc), f"{path.name}: {link}"
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            assert target.is_file(), f"{path.name}: {link} leads nowhere"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].anchors, f"{path.name}: {link} is not on the page"
            inner += 1
        for link in page.loaded:
            parts = urlsplit(link)
            assert not parts.netloc, f"{path.name} loads {link} from elsewhere"
            if parts.scheme != "data" and Path(parts.path).name not in VENDORED:
                assert (path.parent / unquote(parts.path)).exists(), f"{path.name}: {link}"
    assert inner > 500


def test_the_site_says_what_the_code_registers(site: Path) -> None:
    columns = (site / "columns.html").read_text(encoding="utf-8")
    for name in ("sharpness_ratio", "mismatch", "complementarity", "training_loss"):
        assert f">{name}<" in columns, name
    options = (site / "options.html").read_text(encoding="utf-8")
    api = (site / "api.html").read_text(encoding="utf-8")
    for table in (registry.PROBLEMS, registry.OPTIMIZERS, registry.FLOWS):
        for name in table:
            assert f">{name}<" in options, name
    for name in registry.OPTIMIZERS:
        assert f">{name}</span>" in api, name
