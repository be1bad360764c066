"""What is drawn is what was given, and images are read one by one."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from toomre.errors import ArgumentError
from toomre.evaluation.votes import drawing
from toomre.evaluation.votes.drawing import Pictures


@pytest.fixture
def axes():
    return Figure().subplots()


class Counting(np.ndarray):
    """An array that remembers what was asked of it."""

    asked: list

    def __getitem__(self, index):
        self.asked.append(index)
        return np.asarray(super().__getitem__(index))


def test_no_matplotlib_is_imported():
    tree = ast.parse(Path(drawing.__file__).read_text())
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in modules if name and name.startswith("matplotlib")]


def test_only_the_shown_image_is_read(axes):
    images = np.zeros((5, 3, 4, 4), np.uint8).view(Counting)
    images.asked = []
    pictures = Pictures(images, rows=np.array([4, 2]))
    drawing.draw_picture(axes, pictures, 1, "above", "below")
    assert images.asked == [2]
    assert len(pictures) == 2
    assert (axes.get_title(), axes.get_xlabel()) == ("above", "below")


@pytest.mark.parametrize(("encoding", "origin"), [("linear", "lower"), ("display", "upper")])
def test_the_right_way_up(axes, encoding, origin):
    drawing.draw_picture(axes, Pictures(np.ones((1, 3, 4, 4), np.float32), encoding), 0, "")
    assert axes.images[0].origin == origin


def test_bands_are_colours():
    images = np.zeros((1, 3, 2, 2), np.uint8)
    images[0, 0] = 255
    assert Pictures(images, bands=("g", "r", "i")).rgb(0)[0, 0].tolist() == [0, 0, 255]


def test_pictures_need_four_dimensions():
    with pytest.raises(ArgumentError, match=r"shape \(n, band, y, x\), but got \(3, 4, 4\)"):
        Pictures(np.zeros((3, 4, 4)))


def test_scatter_has_a_dot_a_galaxy(axes, rng):
    truth, predicted = rng.random((2, 30))
    drawing.draw_scatter(axes, truth, predicted, 0.1234)
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.c_[truth, predicted])
    assert axes.texts[0].get_text() == "RMSE 0.123"


def test_cells_hold_the_values(axes):
    drawing.write_cells(axes, np.array([[1, -0.614, np.nan], [0.07, -0.001, -1]]))
    texts = {text.get_position(): text for text in axes.texts}
    found = [texts[column, row].get_text() for row in (0, 1) for column in (0, 1, 2)]
    assert found == ["1", "−.61", "–", ".07", ".00", "−1"]
    assert texts[1, 0].get_color() == "white"
    assert texts[0, 1].get_color() == "black"


def test_missing_correlations_are_grey(axes):
    shown = drawing.draw_matrix(axes, np.array([[1, np.nan], [np.nan, np.nan]]), ("a", "b"))
    assert shown.get_clim() == (-1, 1)
    assert shown.get_array().mask.tolist() == [[False, True], [True, True]]
    red, green, blue, _ = axes.get_facecolor()
    assert red == green == blue < 0.6


def test_models_look_different():
    styles = [tuple(drawing.model_style(number).values()) for number in range(20)]
    assert len(set(styles)) == 20
