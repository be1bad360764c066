from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from toomre.errors import ArgumentError
from toomre.evaluation import palette
from toomre.evaluation.embedding.plots import distances_figure, embedding_figure


@pytest.fixture
def table(rng):
    return pd.DataFrame(
        {
            "x": rng.normal(0, 1, 30),
            "y": rng.normal(0, 1, 30),
            "domain": ["source"] * 20 + ["target"] * 10,
            "label": pd.array([0, 1] * 13 + [None] * 4, "Int8"),
        }
    )


def test_colour_is_the_class_and_marker_the_domain(table):
    figure = embedding_figure({"before training": table, "epoch 20": table}, {"epoch 20": "MMD 0"})
    first, second = figure.axes
    assert second.get_title() == "epoch 20\nMMD 0"
    source, target = first.collections
    colors = {"nonmerger": palette.NONMERGER, "merger": palette.MERGER, "none": palette.REFERENCE}
    wanted = {0: colors["nonmerger"], 1: colors["merger"]}
    for drawn, domain in ((source, "source"), (target, "target")):
        mine = table[table["domain"] == domain].set_index("x")
        for (x, _), color in zip(drawn.get_offsets(), drawn.get_facecolors(), strict=True):
            label = mine.loc[x, "label"]
            hexed = colors["none"] if pd.isna(label) else wanted[label]
            assert to_hex(color).upper() == hexed.upper()
    assert source.get_alpha() < target.get_alpha() == 1
    assert not np.array_equal(source.get_paths()[0].vertices, target.get_paths()[0].vertices)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["nonmerger", "merger", "no label", "source", "target"]
    figure.draw_without_rendering()


def test_many_epochs_go_on_several_rows_and_none_is_refused(table):
    figure = embedding_figure({f"epoch {n}": table for n in range(4)})
    assert [axes.get_visible() for axes in figure.axes] == [True] * 4 + [False] * 2
    with pytest.raises(ArgumentError, match="name -> table"):
        embedding_figure({})


def test_the_lines_are_the_numbers():
    table = pd.DataFrame(
        {
            "epoch": [0, 20, 40],
            "domain_accuracy": [0.9, 0.7, 0.6],
            "domain_accuracy_lower": [0.8, 0.6, 0.5],
            "domain_accuracy_upper": [0.95, 0.8, 0.7],
            "mmd": [0.5, 0.1, 0.0],
            "silhouette_domain": [0.3, 0.1, 0.0],
            "silhouette_class_source": [0.0, 0.1, 0.2],
            "silhouette_class_target": [np.nan, np.nan, np.nan],
        }
    )
    figure = distances_figure(table)
    accuracy, mmd, silhouette = figure.axes
    np.testing.assert_array_equal(
        accuracy.lines[0].get_xydata(), table[["epoch", "domain_accuracy"]]
    )
    assert accuracy.lines[1].get_ydata()[0] == 0.5
    np.testing.assert_array_equal(mmd.lines[0].get_ydata(), table["mmd"])
    assert len(silhouette.lines) == 4
    assert silhouette.get_xlabel() == "epoch"
    figure.draw_without_rendering()
