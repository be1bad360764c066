from __future__ import annotations

import numpy as np
import pandas as pd

from toomre.evaluation import palette
from toomre.evaluation.appearance.difference import difference_table
from toomre.evaluation.appearance.features import FEATURES
from toomre.evaluation.appearance.plots import comparison_figure


def test_a_panel_a_feature_with_name_unit_and_both_sets(rng):
    both = [pd.DataFrame(rng.normal(size=(50, 3)), columns=["sky", "radius", "gini"])] * 2
    table = difference_table(*both)
    figure = comparison_figure(*both, table)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_xlabel() for axes in shown] == [FEATURES[name] for name in table["feature"]]
    assert all("distance 0.00" in axes.get_title() for axes in shown)
    assert [text.get_text() for text in shown[0].get_legend().get_texts()] == ["simulated", "real"]
    assert {palette.MERGER, palette.NONMERGER} == {
        each.get_edgecolor() if isinstance(each.get_edgecolor(), str) else name
        for each, name in zip(shown[0].patches, (palette.MERGER, palette.NONMERGER), strict=True)
    }


def test_a_feature_without_values_is_drawn_empty():
    both = [pd.DataFrame({"sky": [1.0, 2.0], "radius": [np.nan, np.nan]})] * 2
    comparison_figure(*both, difference_table(*both)).canvas.draw()
