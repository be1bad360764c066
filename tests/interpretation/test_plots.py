"""The figures show what they are given: maps, titles, rings, one colour bar for all."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from toomre.errors import ArgumentError
from toomre.evaluation import palette
from toomre.evaluation.gallery import KINDS
from toomre.interpretation.plots import (
    answers_figure,
    classes_figure,
    layers_figure,
    pointing_figure,
)
from toomre.interpretation.shown import Shown


@pytest.fixture
def shown(rng):
    def make(score=0.8, truth=1, names=("merger",), companion=(12.0, 3.0)) -> Shown:
        maps = {name: rng.uniform(size=(20, 20)).astype(np.float32) for name in names}
        picture = rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)
        return Shown(picture, score, truth, maps, {names[-1]: 0.25}, companion)

    return make


def texts(figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png", dpi=20)
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_answers(shown):
    kinds = {kind: [shown(0.1 + 0.2 * label, label)] * 2 for kind, (label, _) in KINDS.items()}
    kinds["false negative"] = []
    figure = answers_figure({"source": kinds, "target": kinds}, 3, "sure ones")
    legend = texts(figure)
    assert any("a nonmerger" in text for text in legend)
    assert "ring: the companion" in legend
    assert len(figure.axes) == 4 * 2 * 3 * 2 + 1
    drawn = [axes for axes in figure.axes[:-1] if axes.images]
    assert len(drawn) == 3 * 2 * 2 * 2
    first, its_map = drawn[:2]
    assert (first.get_title(), its_map.get_title()) == ("0.300", "merger")
    assert to_hex(first.title.get_color()) == palette.MERGER.lower()
    assert its_map.images[0].get_clim() == (0, 1)
    ring = its_map.lines[0].get_xydata()
    np.testing.assert_allclose(np.hypot(*(ring - [12, 3]).T), 0.08 * 20)
    assert [text.get_text() for axes in figure.axes for text in axes.texts].count("none") == 2


def test_classes(shown):
    names = ("before\nmerger", "after\nmerger")
    images = [shown(names=names, companion=None), shown(0.2, 0, names, None)]
    figure = classes_figure({"source": images, "target": images}, "both")
    assert "ring: the companion" not in texts(figure)
    assert [axes.get_ylabel() for axes in figure.axes[:12:4]] == ["image", *names]
    # The score of the network that a map explains stands above the map.
    assert [axes.get_title() for axes in figure.axes[8:12]] == ["0.250"] * 4


def test_layers(shown, rng):
    layers = ("layers.0", "layers.4")
    activations = {name: rng.normal(size=(4, 10, 10)).astype(np.float32) for name in layers}
    filters = {name: [1, 3, 5, 7] for name in layers}
    figure = layers_figure(shown(names=layers), activations, filters)
    texts(figure)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles.count("Grad-CAM") == 2
    assert titles.count("filter 5") == 2
    values = figure.axes[6].images[0].get_array()
    np.testing.assert_allclose(np.abs(values).max(), 1)
    np.testing.assert_allclose(
        values, activations["layers.0"][0] / np.abs(activations["layers.0"][0]).max()
    )


def test_pointing():
    row = {"hit": 0.4, "lower": 0.3, "upper": 0.55, "chance": 0.02, "turned": 0.05}
    rows = [
        {"group": group, "peaks": peaks, "name": name, **row}
        for group in ("a: source", "a: target")
        for name in ("Grad-CAM", "light")
        for peaks in ("anywhere", "beside the middle")
    ]
    figure = pointing_figure(pd.DataFrame(rows))
    legend = texts(figure)
    assert set(legend) == {"peaks, 95 % interval", "a random peak", "the region turned"}
    assert len(figure.axes) == 4
    bars = [bar.get_width() for bar in figure.axes[0].patches]
    assert bars == [0.4, 0.4]
    error = figure.axes[0].collections[0].get_segments()[0]
    np.testing.assert_allclose(error[:, 0], [0.3, 0.55])


def test_nothing_to_show():
    with pytest.raises(ArgumentError, match="Expected `domains` to be at least one image"):
        answers_figure({"source": {kind: [] for kind in KINDS}}, 3, "none")
