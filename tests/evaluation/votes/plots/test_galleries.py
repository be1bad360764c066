"""The figures show the images and names that were given, and say where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.plots.galleries import (
    image_sheet,
    merger_sheet,
    prototype_grid,
    prototype_rows,
    random_mergers,
)

FIGURES = {
    "sheet": lambda d: image_sheet(d.pictures, range(25), d.names[:25], "25 random images"),
    "prototypes": lambda d: prototype_grid(d.pictures, d.truth, d.names),
    "prototype_rows": lambda d: prototype_rows(d.pictures, d.truth, d.predicted, name="CNN"),
    "mergers": lambda d: random_mergers(d.pictures, d.truth[:, 23], rng=np.random.default_rng(5)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off_too_small_or_runs_into_another(name, drawn, check_layout):
    check_layout(FIGURES[name](drawn))


@pytest.mark.parametrize("count", range(4))
def test_the_title_of_few_mergers_has_room(drawn, rng, check_layout, count):
    """Also where the set is as large as the challenge's."""
    many = Pictures(drawn.pictures.images, rows=np.zeros(79_975, dtype=np.intp))
    p = np.zeros(len(many))
    p[:count] = 0.5
    figure = random_mergers(many, p, rng=rng)
    check_layout(figure)
    shown = [axes.get_position() for axes in figure.axes if axes.get_visible()]
    middle = (min(place.x0 for place in shown) + max(place.x1 for place in shown)) / 2
    assert middle == pytest.approx(0.5)
    sizes = [np.array(place.size) * figure.get_size_inches() for place in shown]
    np.testing.assert_allclose(sizes, 2.2)


def test_a_sheet_shows_the_rows_in_order(drawn):
    figure = image_sheet(drawn.pictures, [7, 3], ["seven", "three"])
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["seven", "three"]
    for axes, row in zip(shown, (7, 3), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), drawn.pictures.rgb(row))


def test_prototypes_are_the_greatest_and_none_is_said(drawn):
    votes = drawn.truth.copy()
    votes[:, 19] = 0
    figure = prototype_grid(drawn.pictures, votes, drawn.names)
    row = int(drawn.truth[:, 23].argmax())
    assert figure.axes[23].get_xlabel() == f"{drawn.truth[row, 23]:.2f}\n{drawn.names[row]}"
    shown = figure.axes[23].images[0].get_array()
    np.testing.assert_array_equal(shown, drawn.pictures.rgb(row))
    assert figure.axes[19].texts[0].get_text() == "no votes"
    assert not figure.axes[19].images


def test_prototype_rows_are_true_left_and_predicted_right(drawn):
    truth, predicted, pictures = drawn.truth, drawn.predicted, drawn.pictures
    figure = prototype_rows(pictures, truth, predicted, answers=["Class8.6"], n=2)
    left = np.argsort(-truth[:, 23], kind="stable")[:2]
    right = np.argsort(-predicted[:, 23], kind="stable")[:2]
    shown = [axes for axes in figure.axes if axes.images]
    for axes, row in zip(shown, [*left, *right], strict=True):
        assert axes.get_title() == f"t {truth[row, 23]:.2f}  p {predicted[row, 23]:.2f}"
        np.testing.assert_array_equal(axes.images[0].get_array(), pictures.rgb(row))
    assert figure.axes[0].get_ylabel() == "8.6 odd feature\nmerger"


def test_mergers_that_were_chosen_elsewhere(drawn):
    pictures = Pictures(drawn.pictures.images[:2])
    figure = merger_sheet(pictures, [0.4, 0.9], 0.3, (2110, 79_975))
    words = "2 of the 2110 images with p(merger) ≥ 0.30\n(all: 79975 images; 0.026 of them)"
    assert figure.texts[0].get_text() == words
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["p(merger) 0.40", "p(merger) 0.90"]
    np.testing.assert_array_equal(shown[1].images[0].get_array(), pictures.rgb(1))
    with pytest.raises(ArgumentError, match="one row an image"):
        merger_sheet(pictures, [0.4], 0.3, (1, 2))


def test_mergers_are_counted_and_none_is_said(drawn, rng):
    p = np.r_[[0.3] * 4, [0.2] * 36]
    figure = random_mergers(drawn.pictures, p, n=3, rng=rng)
    assert "3 of the 4 images with p(merger) ≥ 0.30" in figure.texts[0].get_text()
    assert "40 images; 0.100 of them" in figure.texts[0].get_text()
    empty = random_mergers(drawn.pictures, p, 0.9, rng=rng)
    assert empty.axes[0].texts[0].get_text() == "no image"


@pytest.mark.parametrize(
    "draw",
    [
        lambda d, rng: prototype_grid(d.pictures, d.truth[1:], d.names),
        lambda d, rng: prototype_grid(d.pictures, d.truth, d.names[1:]),
        lambda d, rng: prototype_rows(d.pictures, d.truth[1:], d.predicted[1:]),
        lambda d, rng: random_mergers(d.pictures, d.truth[1:, 23], rng=rng),
        lambda d, rng: image_sheet(d.pictures, [1, 2], ["one"]),
    ],
)
def test_each_image_needs_its_row(draw, drawn, rng):
    with pytest.raises(ArgumentError, match="one row an image|one a row"):
        draw(drawn, rng)
