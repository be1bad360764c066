"""What is drawn is what was given."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from toomre.evaluation import drawing, palette
from toomre.evaluation.bootstrap import Interval, roc_band
from toomre.evaluation.metrics import completeness, specificity
from toomre.evaluation.reliability import reliability
from toomre.evaluation.weighted import Scored


@pytest.fixture
def axes():
    return Figure().subplots()


@pytest.fixture
def scores(rng):
    label = rng.integers(0, 2, 300)
    return label, np.clip(0.3 + 0.4 * label + rng.normal(0, 0.2, 300), 0, 1)


def test_no_matplotlib_is_imported():
    tree = ast.parse(Path(drawing.__file__).read_text())
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert not [name for name in modules if name and name.startswith("matplotlib")]


def test_histogram_bins_hold_every_image_once(axes, scores):
    drawing.draw_histogram(axes, Scored.of(*scores, 0.4))
    outlines = [patch for patch in axes.patches if not patch.get_fill()]
    counts = [patch.get_data().values.sum() for patch in outlines]
    assert counts == [(scores[0] == 0).sum(), (scores[0] == 1).sum()]
    assert [len(patch.get_data().values) for patch in outlines] == [50, 50]
    colors = [patch.get_edgecolor()[:3] for patch in outlines]
    assert colors == [to_rgb(palette.NONMERGER), to_rgb(palette.MERGER)]


def test_threshold_stands_on_the_roc_curve(axes, scores, rng):
    values = {
        "completeness": Interval(completeness(*scores, 0.4), 0.8, 0.99),
        "specificity": Interval(specificity(*scores, 0.4), 0.5, 0.9),
    }
    band = roc_band(*scores, None, rng=rng, resamples=20)
    drawing.draw_roc(axes, band, values)
    point = axes.lines[2]
    (x,), (y,) = point.get_xdata(), point.get_ydata()
    assert y == pytest.approx(np.interp(x, band.fpr, band.tpr), abs=0.02)
    bars = axes.collections[1].get_segments()[0]
    np.testing.assert_allclose(bars[:, 0], [0.1, 0.5])


def test_confusion_prints_the_interval_of_both_cells_of_a_row(axes):
    metrics = {"completeness": Interval(0.9, 0.8, 0.95), "specificity": Interval(0.8, 0.7, 0.9)}
    drawing.draw_confusion(axes, np.array([[8, 2], [1, 9]]), metrics)
    texts = [text.get_text().splitlines() for text in axes.texts]
    assert texts == [
        ["0.800", "(0.700 to 0.900)", "8 images"],
        ["0.200", "(0.100 to 0.300)", "2 images"],
        ["0.100", "(0.050 to 0.200)", "1 image"],
        ["0.900", "(0.800 to 0.950)", "9 images"],
    ]


def test_confusion_without_a_class_shows_a_dash(axes):
    drawing.draw_confusion(axes, np.array([[8, 2], [0, 0]]), {})
    assert axes.texts[2].get_text() == "–\n0 images"


def test_reliability_bars_reach_from_lower_to_upper(scores):
    upper, lower = Figure().subplots(2, 1)
    curve = reliability(*scores)
    drawing.draw_reliability(upper, lower, curve)
    full = curve.images > 0
    ends = np.array(upper.collections[0].get_segments())[:, :, 1]
    np.testing.assert_allclose(ends, np.stack([curve.lower, curve.upper], axis=1)[full], atol=1e-12)
    assert lower.patches[0].get_data().values.tolist() == curve.images.tolist()


def test_value_outside_its_interval_is_drawn(axes):
    drawing.draw_metrics(axes, {"test": {"f1": Interval(0.5, 0.6, 0.7)}}, ["f1"])
    assert axes.patches[0].get_height() == 0.5
