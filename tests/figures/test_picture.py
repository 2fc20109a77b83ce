from __future__ import annotations

import io
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matplotlib.transforms import Bbox
from PIL import Image

from rodflow_widgets.errors import ArgumentError
from rodflow_widgets.figures import picture
from rodflow_widgets.figures.palette import THEMES
from rodflow_widgets.figures.panels import facts, panels
from rodflow_widgets.figures.picture import _Page
from rodflow_widgets.vocabulary import Event, Status
from tests.figures.made_up import KINDS, Recording, recording


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def holds(image: np.ndarray, colour: str, within: int = 16) -> bool:
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return bool((np.abs(image - wanted).max(axis=-1) <= within).sum() > 50)


@pytest.fixture(scope="module")
def made() -> Recording:
    return recording(names=tuple(KINDS))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_picture_is_small_and_holds_every_process(made: Recording, theme: str) -> None:
    png = picture(made, theme=theme)
    image = pixels(png)
    assert png.startswith(b"\x89PNG")
    assert len(png) < 200_000
    assert image.shape[1] == 1440
    assert np.abs(image[400, 20] - image[400, 20].mean()).max() < 3
    for kind, colour in THEMES[theme].kinds.items():
        assert holds(image, colour), f"{kind} was not drawn"


def test_a_process_that_is_absent_is_not_drawn() -> None:
    image = pixels(picture(recording(names=("discrete", "stable"))))
    assert not holds(image, THEMES["light"].kinds["rod"])


def test_threads_draw_the_same_bytes(made: Recording) -> None:
    alone = picture(made)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: picture(made), range(8))) == {alone}


def test_pyplot_stays_out() -> None:
    picture(recording(steps=20))
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("steps", [1, 2, 3, 20_000])
def test_short_and_long_runs(steps: int) -> None:
    assert picture(recording(steps=steps)).startswith(b"\x89PNG")


def test_values_that_cannot_be_drawn() -> None:
    made = recording(steps=40)
    made["rod"]["predicted_loss"][10:] = np.nan
    made["discrete"]["loss"][20] = np.inf
    made["stable"]["sharpness_ratio"][:] = 1e9
    made["rod"]["rod_length"][:] = 0.0
    made.status = Status("diverged", 20, "Diverged.")
    assert picture(made).startswith(b"\x89PNG")


@pytest.mark.parametrize("first", [1e-16, 0.0])
def test_the_rounding_error_at_the_start_of_the_rod_is_not_drawn(first: float) -> None:
    made = recording(steps=40)
    made["rod"]["relative_distance"][0] = np.nan
    gap = picture(made)
    made["rod"]["relative_distance"][0] = first
    assert picture(made) == gap
    made["rod"]["relative_distance"][0] = 0.2
    assert picture(made) != gap


@pytest.mark.parametrize(
    ("number", "tracked", "words"),
    [(1, 1, "1"), (3, 1, "3"), (4, 1, "at least 4"), (4, 6, "4"), (6, 6, "at least 6"), (np.nan, 1, "–")],
)
def test_critical_directions_are_those_recorded(number: float, tracked: int, words: str) -> None:
    made = recording(steps=40)
    made.spec["eigenvalues"] = tracked
    made["discrete"]["critical_directions"][-1] = number
    ratio = next(panel for panel in panels(made.spec) if panel.name == "ratio")
    assert dict(facts(made, ratio))["critical directions"] == words


def test_no_more_directions_than_parameters() -> None:
    made = recording(steps=40)
    made.spec["problem"]["dim"] = 4
    made["discrete"]["critical_directions"][-1] = 4
    assert ("critical directions", "4") in [fact for panel in panels(made.spec) for fact in facts(made, panel)]


def test_nothing_recorded_yet() -> None:
    made = recording(steps=5)
    for process in made.values():
        for name in process.columns:
            process._arrays[name] = process[name][:0]
    assert picture(made).startswith(b"\x89PNG")


def test_unknown_theme() -> None:
    with pytest.raises(ArgumentError, match="theme='sepia'"):
        picture(recording(steps=5), theme="sepia")


def test_a_loss_below_zero_is_drawn() -> None:
    made = recording(names=("discrete",), steps=60)
    made["discrete"]["loss"][:] -= 1.0
    assert holds(pixels(picture(made))[60:250, 120:1100], THEMES["light"].kinds["iterates"])


def written(made: Recording) -> dict[str, Bbox]:
    """Every text of the picture, with where it stands in pixels."""
    page = _Page(made, THEMES["light"])
    page.draw()
    renderer = page.canvas.get_renderer()
    texts = [*page.figure.texts, *(text for axes in page.figure.axes for text in axes.texts)]
    return {text.get_text(): text.get_window_extent(renderer) for text in texts}


def test_changes_near_one_another_are_written_below_one_another() -> None:
    made = recording(names=("discrete",))
    made.events = [
        Event(280, "learning_rate", 0.6, 0.9),
        Event(450, "learning_rate", 0.9, 0.6, "undone"),
        Event(0, "learning_rate", 0.6, 0.6, "cosine to 0.05 over 100 steps"),
    ]
    found = written(made)
    said = ("learning rate 0.6 → 0.9", "learning rate 0.9 → 0.6, undone", "learning rate cosine to 0.05 over 100 steps")
    first, second, schedule = (found[text] for text in said)
    assert second.x0 < first.x1, "this makes no sense where there is room beside one another"
    assert not first.overlaps(second)
    assert first.y1 == schedule.y1


def test_a_threshold_with_a_long_name_does_not_lie_on_its_value() -> None:
    made = recording(names=("discrete",))
    made.spec["optimizer"]["threshold"] = "2(1 + β₁)(1 − β₁ⁿ) / ((1 − β₁) learning rate)"
    found = written(made)
    name = next(text for text in found if text.startswith("edge 2(1"))
    values = [place for text, place in found.items() if text == "2.94"]
    assert values
    assert not any(found[name].overlaps(place) for place in values)
