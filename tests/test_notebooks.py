"""The form that all notebooks share; that they run, and print what is stored, is nbval's to find out."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICKSTART = "01_quickstart.ipynb"
CHECKED = "nbval-check-output"
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"```python\n(.*?)```", re.DOTALL)
MENTIONED = re.compile(r"`((?:docs|benchmarks|notebooks)/[\w./-]+)`")
BEYOND_OUR_SOURCES = {"1810.06801", "2209.15594"}
"""Papers that only a tutorial cites: quasi-hyperbolic momentum, Ma and Yarats; self-stabilization, Damian et al."""


def is_checked(cell: Any) -> bool:
    return CHECKED in cell.metadata.get("tags", []) or "NBVAL_CHECK_OUTPUT" in cell.source


def sections(cells: list[Any]) -> list[tuple[str, list[Any]]]:
    """The headings of level two, each with the cells from it to the next."""
    at = [i for i, cell in enumerate(cells) if cell.cell_type == "markdown" and heading(cell)]
    return [(heading(cells[i]) or "", cells[i:j]) for i, j in pairwise([*at, len(cells)])]


def heading(cell: Any) -> str | None:
    found = re.search(r"^## (.+)$", cell.source, re.MULTILINE)
    return found.group(1).strip() if found else None


def test_numbers_lead_from_one_to_the_next() -> None:
    numbers = [int(path.name[:2]) for path in NOTEBOOKS]
    assert numbers == sorted(set(numbers))
    assert NOTEBOOKS[0].name == QUICKSTART


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_format(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    assert book.metadata.kernelspec.name == "python3"
    ids = [cell.id for cell in book.cells]
    assert len(set(ids)) == len(ids)
    assert re.match(r"# \S.*\n", book.cells[0].source), "the first cell begins with a title"
    assert not [cell for cell in book.cells if not cell.source.strip()]


def test_only_checked_cells_keep_what_they_print(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert any(is_checked(cell) for cell in cells)
    for cell in cells:
        kinds = [(output.output_type, output.get("name")) for output in cell.outputs]
        wanted = [("stream", "stdout")] if is_checked(cell) else []
        assert kinds == wanted, cell.id
        assert bool(cell.execution_count) == is_checked(cell), f"{cell.id}: nbval compares cells that were run alone"


def test_code_compiles(path: Path) -> None:
    """Cells, and the solutions of exercises, which nbval does not run; lines of magics and shells aside."""
    for cell in nbformat.read(path, as_version=4).cells:
        for code in [cell.source] if cell.cell_type == "code" else FENCED.findall(cell.source):
            if not code.startswith("%%"):
                ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", code, flags=re.MULTILINE))


def test_links_resolve(path: Path) -> None:
    """Notebooks link to notebooks and to the web; other files they name, which an installed package does not have."""
    papers = set(re.findall(r"eprint = {([\d.]+)}", (ROOT / "rodflow_widgets/sources.bib").read_text(encoding="utf-8")))
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "markdown":
            continue
        for target in LINK.findall(cell.source):
            if paper := re.fullmatch(r"https://arxiv\.org/abs/([\d.]+)", target):
                assert paper.group(1) in papers | BEYOND_OUR_SOURCES, target
            elif not target.startswith(("https://", "#")):
                assert target in {other.name for other in NOTEBOOKS}, target
        for name in MENTIONED.findall(cell.source):
            assert (ROOT / name).exists(), name


def test_a_tutorial_asks_and_answers(path: Path) -> None:
    """Each section asks one question, which a checked cell answers; the last is an exercise with hint and solution."""
    if path.name == QUICKSTART:
        return
    *asked, (last, exercise) = sections(nbformat.read(path, as_version=4).cells)
    assert len(asked) >= 3
    for title, cells in asked:
        assert title.endswith("?"), f"{title!r} is no question"
        assert any(cell.cell_type == "code" for cell in cells), f"nothing answers {title!r}"
    assert sum(any(is_checked(cell) for cell in cells if cell.cell_type == "code") for _, cells in asked) >= 3
    assert last.startswith("Exercise")
    text = "\n".join(cell.source for cell in exercise)
    assert re.search(r"hint", text, re.IGNORECASE)
    assert "<summary>Solution</summary>" in text
    assert text.index("<details>") < text.index("</details>")
