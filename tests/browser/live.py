"""The live view in a page, as its tests read it: by what it draws and by the hook on its root element."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator

from .notebook import Notebook

# Colours of look.md, light and dark, that lines on the canvases must have.
COLOURS = {
    "light": {"iterates": "858b94", "rod": "c63b08", "stable": "1a70f2"},
    "dark": {"iterates": "7d848d", "rod": "ff7433", "stable": "4b8efd"},
}


class LiveView:
    """One of the live views of a notebook, by default the first."""

    def __init__(self, notebook: Notebook, index: int = 0) -> None:
        self.notebook = notebook
        self.root: Locator = notebook.widget(index)
        self._found = f"document.querySelectorAll('.rodflow')[{index}]"

    def state(self, *wanted: str, seconds: float = 90) -> None:
        """Wait until the view shows one of the states `wanted`."""
        names = ", ".join(f"'{name}'" for name in wanted)
        self.notebook.until(f"[{names}].includes({self._found}?.dataset.state)", seconds)

    def step(self, at_least: int, seconds: float = 90) -> None:
        """Wait until `at_least` steps are shown and their rows are there."""
        self.notebook.until(
            f"(() => {{ const root = {self._found};"
            f" return root?.rodflow && (root.rodflow.times().discrete ?? []).at(-1) >= {at_least}; }})()",
            seconds,
        )

    def hook(self, expression: str) -> Any:
        """Value of `root.rodflow.EXPRESSION`."""
        return self.root.evaluate(f"root => root.rodflow.{expression}")

    def times(self) -> dict[str, list[float]]:
        found: dict[str, list[float]] = self.hook("times()")
        return found

    def of_branch(self, branch: int, process: str, column: str) -> list[float]:
        """A column that the page holds of one of the runs of the view."""
        values: list[float] = self.root.evaluate(
            """(root, [branch, process, column]) => {
              const client = root.rodflow.runs.all.find(client => client.branch.id === branch);
              return [...client.store.table(process).column(column).toArray()];
            }""",
            [branch, process, column],
        )
        return values

    def shown_step(self) -> int:
        return int(self.root.get_attribute("data-step") or 0)

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def menu(self, item: str) -> None:
        """Choose an item of the menu, which begins so."""
        self.button("Menu").click()
        self.root.get_by_role("menu").locator("button", has_text=item).click()

    def dialog(self) -> Locator:
        return self.root.get_by_role("dialog")

    def frames(self, count: int = 3) -> None:
        """Let the page draw `count` times."""
        self.notebook.page.evaluate(
            """count => new Promise(done => {
              const next = left => left ? requestAnimationFrame(() => next(left - 1)) : done();
              next(count);
            })""",
            count,
        )

    def painted(self, colour: str) -> list[int]:
        """Number of pixels of `colour` (rrggbb, within 12 of 255) on each canvas, from top to bottom."""
        counts: list[int] = self.root.evaluate(
            """(root, colour) => {
              const wanted = [0, 2, 4].map(i => parseInt(colour.slice(i, i + 2), 16));
              return [...root.querySelectorAll('canvas')].map(canvas => {
                if (!canvas.width || !canvas.height) return 0;
                const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                let count = 0;
                for (let i = 0; i < data.length; i += 4)
                  if (data[i + 3] > 200 && wanted.every((value, k) => Math.abs(data[i + k] - value) <= 12)) count++;
                return count;
              });
            }""",
            colour,
        )
        return counts

    def drag_rate(self, fraction: float) -> None:
        """Drag the thumb of the learning rate's slider to a fraction of its track, as a hand does it."""
        slider = self.root.locator(".rf-rate input[type=range]")
        box = slider.bounding_box()
        assert box is not None
        value = slider.evaluate("input => (input.value - input.min) / (input.max - input.min)")
        thumb = 8.0
        y = box["y"] + box["height"] / 2

        def at(share: float) -> float:
            return float(box["x"] + thumb + share * (box["width"] - 2 * thumb))

        mouse = self.notebook.page.mouse
        mouse.move(at(value), y)
        mouse.down()
        mouse.move(at((value + fraction) / 2), y, steps=4)
        mouse.move(at(fraction), y, steps=4)
        mouse.up()
