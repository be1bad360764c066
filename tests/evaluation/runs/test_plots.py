from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from toomre.errors import ArgumentError
from toomre.evaluation import drawing, palette
from toomre.evaluation.bootstrap import Interval, roc_band
from toomre.evaluation.runs.plots import certainty_figure, roc_runs_figure, runs_figure


def metrics(value):
    return {name: Interval(value, value - 0.05, value + 0.04) for name in drawing.SIX}


@pytest.fixture
def scores(rng):
    label = rng.integers(0, 2, 300)
    return label, np.clip(0.3 + 0.4 * label + rng.normal(0, 0.2, 300), 0, 1)


def test_source_is_dashed_and_target_solid_in_the_colour_of_the_run():
    runs = {
        "noDA": {"source": metrics(0.85), "target": metrics(0.6)},
        "MMD": {"source": metrics(0.87), "target": metrics(0.77)},
    }
    figure = runs_figure(runs)
    (axes,) = figure.axes
    bars = [container for container in axes.containers if hasattr(container, "patches")]
    assert [bar.patches[0].get_height() for bar in bars] == [0.85, 0.6, 0.87, 0.77]
    assert [bar.patches[0].get_linestyle() for bar in bars] == ["--", "-", "--", "-"]
    edges = [to_hex(bar.patches[0].get_edgecolor()) for bar in bars]
    assert edges[0] == edges[1] != edges[2] == edges[3]
    assert to_hex(bars[1].patches[0].get_facecolor()) == edges[1]
    assert to_rgb(bars[0].patches[0].get_facecolor()) == (1, 1, 1)
    lower, upper = bars[1].errorbar.lines[2][0].get_segments()[0][:, 1]
    assert (lower, upper) == pytest.approx((0.55, 0.64))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["noDA", "MMD", "source", "target"]
    figure.draw_without_rendering()


def test_a_run_without_a_target_leaves_a_gap():
    figure = runs_figure({"noDA": {"source": metrics(0.8)}})
    heights = [patch.get_height() for patch in figure.axes[0].patches]
    assert np.isnan(heights[len(drawing.SIX) :]).all()
    figure.draw_without_rendering()
    with pytest.raises(ArgumentError, match="domain -> metrics"):
        runs_figure({"noDA": {"source": {}}})


def test_every_seed_is_a_line_and_their_mean_a_thick_one(scores, rng):
    bands = [roc_band(*scores, None, rng=rng, resamples=20, points=51) for _ in range(2)]
    other = roc_band(scores[0], 1 - scores[1], None, rng=rng, resamples=20, points=51)
    axes = roc_runs_figure({"MMD": [bands[0], other], "alone": [bands[1]]}).axes[0]
    named = {line.get_label(): line for line in axes.lines}
    mean = named["MMD, mean of 2 seeds"]
    np.testing.assert_allclose(mean.get_ydata(), (bands[0].tpr + other.tpr) / 2)
    thin = [line for line in axes.lines if line.get_linewidth() < 1]
    assert len(thin) == 2
    assert {to_hex(line.get_color()) for line in thin} == {to_hex(mean.get_color())}
    assert len(axes.collections) == 1  # the band of the run with one seed
    for runs in ({}, {"MMD": []}):
        with pytest.raises(ArgumentError, match="a ROC curve or more"):
            roc_runs_figure(runs)


def test_the_score_of_the_true_class(scores):
    label, score = scores
    figure = certainty_figure({"source": scores, "target": scores}, 0.4)
    first, second = figure.axes
    edges = np.linspace(0, 1, 51)
    wanted = [1 - score[label == 0], score[label == 1]]
    for patch, values, color in zip(
        first.patches, wanted, (palette.NONMERGER, palette.MERGER), strict=True
    ):
        share = np.histogram(values, edges)[0] / len(values)
        np.testing.assert_allclose(patch.get_data().values, share)
        assert to_hex(patch.get_edgecolor()).upper() == color
    assert [line.get_xdata()[0] for line in first.lines] == [0.6, 0.4]
    assert second.get_title() == "target: 300 images"
    figure.draw_without_rendering()
    with pytest.raises(ArgumentError, match="labels and scores"):
        certainty_figure({}, 0.5)
