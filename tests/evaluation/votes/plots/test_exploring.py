"""The figures are the data: histograms, distances of the parts, correlations."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.evaluation.votes.correlation import correlation
from toomre.evaluation.votes.plots.exploring import (
    correlation_figure,
    histogram_grid,
    parts_grid,
    question_correlations,
)


def holes(votes):
    """Return the correlations as if the tenth answer had the same fraction everywhere."""
    return np.where(np.arange(37) == 9, np.nan, correlation(votes))


FIGURES = {
    "histograms": lambda d: histogram_grid(d.truth),
    "parts": lambda d: parts_grid(d.truth[:25], d.truth[25:]),
    "correlations": lambda d: correlation_figure(holes(d.truth)),
    "question_correlations": lambda d: question_correlations(holes(d.truth)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off_too_small_or_runs_into_another(name, drawn, check_layout):
    check_layout(FIGURES[name](drawn), ticks="correlations" in name)


def test_histograms_are_the_data(drawn):
    figure = FIGURES["histograms"](drawn)
    values = figure.axes[23].patches[-1].get_data().values
    expected = np.histogram(drawn.truth[:, 23], 25, (0, 1), density=True)[0]
    np.testing.assert_allclose(values, expected)
    assert {axes.get_yscale() for axes in figure.axes[:37]} == {"log"}


def test_parts_carry_their_distance(drawn):
    figure = FIGURES["parts"](drawn)
    a, b = drawn.truth[:25, 23], drawn.truth[25:, 23]
    distance = max(abs((a <= x).mean() - (b <= x).mean()) for x in np.r_[a, b])
    assert figure.axes[23].texts[0].get_text().startswith(f"KS {distance:.2f}, p ")
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries == ["training (25 images)", "validation (15 images)"]


def test_grey_is_explained_only_where_there_is_some(drawn):
    matrices = (holes(drawn.truth), correlation(drawn.truth))
    for draw in (correlation_figure, question_correlations):
        texts = [[text.get_text() for text in draw(matrix).texts] for matrix in matrices]
        assert [text.split(":")[0] for text in texts[0] if text][-1] == "Grey"
        assert not any(texts[1])
