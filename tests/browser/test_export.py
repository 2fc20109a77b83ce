"""Files that the menu saves are what the recording is, and names of anybody's making stay text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from .live import COLOURS, LiveView
from .notebook import Notebook, Opener, written

NETWORK = """import rodflow_widgets as rf
problem = rf.problems.digits_mlp((8, 8), n=100)
processes = ("discrete", "rod", rf.flows.Stable(name='stable, "by itself"'))
live = rf.compare(problem, rf.optimizers.GradientDescent(0.6), processes, steps=60, eigenvalues=2)
live"""
HOSTILE = """</script><img src=x onerror="window.hacked=1">"""
NAMED = f"""import rodflow_widgets as rf
name = {HOSTILE!r}
problem = rf.Problem.from_function(lambda w: (w[0] * w[1] - 1) ** 2 / 2 + w[0] ** 4 / 40, [0.3, 2.2], name=name)
processes = ("discrete", rf.flows.Rod(name=name), rf.flows.Rod(name="second " + name))
live = rf.compare(problem, rf.optimizers.GradientDescent(0.3), processes, steps=60, eigenvalues=2)
live"""
GRID = "#ececec"
SVG = "{http://www.w3.org/2000/svg}"
TITLES = {
    "Compare": ["Loss", "Sharpness / edge", "Distance to the iterates", "Rod length"],
    "Trajectory": [],
    "Spectrum": ["Two largest eigenvalues", "At the edge"],
}


def finished(opener: Opener, path: Path, code: str) -> LiveView:
    notebook = opener(written(path, code))
    notebook.run_all()
    live = LiveView(notebook)
    live.state("finished")
    live.step(60)
    live.frames()
    return live


def saved(live: LiveView, item: str) -> tuple[str, bytes]:
    """Name and content of the file that an item of the menu saves."""
    with live.notebook.page.expect_download(timeout=20_000) as download:
        live.menu(item)
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def numbers(notebook: Notebook) -> dict[str, dict[str, np.ndarray]]:
    """The recording of the kernel, a column for every component."""
    code = """import json
columns = {}
for table in live.run.recording.tables:
    columns[table.name] = found = {}
    for column in table.described:
        values = table[column.name].reshape(len(table), -1)
        many = column.width > 1 or column.name == "eigenvalues"
        for part, one in enumerate(values.T):
            found[f"{column.name}_{part + 1}" if many else column.name] = [None if x != x else float(x) for x in one]
print(json.dumps(columns))"""
    found = json.loads(notebook.execute(code))
    return {
        process: {name: np.array(values, dtype=np.float64) for name, values in columns.items()}
        for process, columns in found.items()
    }


def elements(svg: bytes) -> Iterator[ElementTree.Element]:
    text = svg.decode()
    assert "<!" not in text
    yield from ElementTree.fromstring(text).iter()


def checked(svg: bytes) -> str:
    """All text of a picture that brings everything with it and runs nothing."""
    words, paths, grid = [], 0, 0
    for element in elements(svg):
        assert element.tag.removeprefix(SVG) in {
            "svg",
            "defs",
            "g",
            "path",
            "text",
            "rect",
            "clipPath",
            "image",
            "title",
        }
        paths += element.tag == f"{SVG}path"
        if element.get("stroke") == GRID:
            grid += len(re.findall("M", element.get("d", "")))
        words.append(element.text or "")
        for name, value in element.attrib.items():
            assert not re.match("on", name, re.IGNORECASE), (name, value)
            if name.endswith("href"):
                assert re.match("(#|data:image/png;)", value), value
            for place in re.findall(r"url\((.*?)\)", value):
                assert place.strip("\"'").startswith("#"), place
    assert paths > 10
    assert grid > 8, "lines of the axes"
    return "\n".join(words)


def test_values_and_pictures_are_saved(opener: Opener, tmp_path: Path) -> None:
    live = finished(opener, tmp_path / "saving.ipynb", NETWORK)
    name, content = saved(live, "Save values (CSV)")
    assert re.fullmatch(r"[\w-]+\.csv", name), name
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    recorded = numbers(live.notebook)
    assert set(recorded) == {"discrete", "rod", 'stable, "by itself"'}
    assert len(rows) == sum(len(columns["time"]) for columns in recorded.values())
    for process, columns in recorded.items():
        own = [row for row in rows if row["process"] == process]
        assert set(own[0]) == {"process"} | {column for table in recorded.values() for column in table}
        for column, values in columns.items():
            written_down = np.array([float(row[column] or "nan") for row in own])
            np.testing.assert_array_equal(written_down.astype(np.float32), values.astype(np.float32), err_msg=column)
        for column in set(own[0]) - {"process"} - set(columns):
            assert {row[column] for row in own} == {""}

    name, content = saved(live, "Save picture (PNG)")
    assert re.fullmatch(r"[\w-]+\.png", name), name
    picture = Image.open(io.BytesIO(content))
    picture.load()
    assert picture.format == "PNG"
    pixels = np.asarray(picture.convert("RGB"), dtype=int)
    assert pixels.shape[1] >= 2 * live.root.locator("canvas").first.evaluate("canvas => canvas.clientWidth") - 2
    for process, colour in COLOURS["light"].items():
        wanted = [int(colour[i : i + 2], 16) for i in (0, 2, 4)]
        count = int((np.abs(pixels - wanted).max(axis=2) <= 12).sum())
        assert count > 200, process

    for tab, titles in TITLES.items():
        live.root.get_by_role("tab", name=tab).click()
        live.frames(10)
        name, content = saved(live, "Save picture (SVG)")
        assert re.fullmatch(r"[\w-]+\.svg", name), name
        text = checked(content)
        for title in [*titles, "iterates", "rod flow", "digits"]:
            assert title in text, (tab, title)


def test_names_are_text_wherever_they_are_shown(opener: Opener, tmp_path: Path) -> None:
    live = finished(opener, tmp_path / "hostile.ipynb", NAMED)
    root, page = live.root, live.notebook.page
    expect(root.locator(".rf-problem")).to_have_text(HOSTILE)
    expect(root.locator("[data-panel=loss]")).to_contain_text(f"second {HOSTILE}")
    for tab in TITLES:
        root.get_by_role("tab", name=tab).click()
        live.frames(10)
        assert HOSTILE in checked(saved(live, "Save picture (SVG)")[1]), tab
        unharmed(page)
    for item, words in (("Table of values", HOSTILE), ("Panels", "Trajectory"), ("Fork …", "from step")):
        live.menu(item)
        expect(live.dialog()).to_contain_text(words)
        unharmed(page)
        live.dialog().get_by_role("button", name="Close").click()
    live.notebook.execute("live.fork(at=30, name=name[:60], learning_rate=0.2).wait()")
    chip = root.locator(".rf-chip").nth(1)
    expect(chip).to_contain_text(HOSTILE)
    chip.get_by_role("button").nth(1).click()
    expect(live.dialog().get_by_label("name")).to_have_value(HOSTILE)
    live.dialog().get_by_role("button", name="Close").click()
    expect(page.locator("[data-rodflow-picture]")).to_have_count(1, timeout=20_000)
    unharmed(page)
    live.notebook.screenshot("hostile-names", root)


def unharmed(page: Page) -> None:
    page.wait_for_timeout(50)
    assert page.evaluate("window.hacked") is None
    assert page.locator(".rodflow img").count() == 0
    assert page.locator("img[src='x']").count() == 0
