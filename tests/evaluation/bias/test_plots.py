from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from toomre.errors import ArgumentError
from toomre.evaluation import palette
from toomre.evaluation.bias.association import bias_tests
from toomre.evaluation.bias.cameras import camera_agreement
from toomre.evaluation.bias.columns import Column
from toomre.evaluation.bias.curves import performance
from toomre.evaluation.bias.plots import (
    agreement_figure,
    association_figure,
    performance_figure,
    score_density_figure,
    state_histogram_figure,
)

MASS = Column("mass", "stellar mass", log=True)
KIND = Column("kind", "kind", "category")


@pytest.fixture
def table(rng):
    label = np.arange(240) % 2
    score = np.clip(0.3 + 0.4 * label + rng.normal(0, 0.2, 240), 0, 1)
    state = np.where(label == 0, "nonmerger", np.where(np.arange(240) % 4 == 1, "past", "future"))
    state = pd.Series(state).replace({"past": "past merger", "future": "future merger"})
    return pd.DataFrame(
        {
            "label": label,
            "p_merger": score,
            "group": range(240),
            "state": state,
            "mass": 10 ** rng.normal(10, 0.3, 240),
            "kind": rng.choice(["a", "a rather long name", "another rather long name"], 240),
        }
    )


def test_curves_are_drawn_where_the_table_has_them(table, rng, check_texts):
    curves = performance(table, MASS, threshold=0.5, rng=rng, bins=3, resamples=30)
    upper, middle, lower = check_texts(performance_figure(curves, MASS, "p 0.2")).axes
    assert lower.get_xscale() == "log"
    assert lower.get_xlabel() == "stellar mass"
    drawn = {line.get_label(): line for line in upper.containers}
    assert set(drawn) == {"accuracy", "completeness", "specificity", "purity"}
    for name, container in drawn.items():
        mine = curves[curves["metric"] == name]
        line = container.lines[0]
        np.testing.assert_allclose(line.get_xydata(), mine[["middle", "value"]])
        for segment, row in zip(
            container.lines[2][0].get_segments(), mine.itertuples(), strict=True
        ):
            np.testing.assert_allclose(segment[:, 1], [row.lower, row.upper])
    assert to_hex(drawn["completeness"].lines[0].get_color()).upper() == palette.MERGER
    assert len(middle.containers) == 2
    assert sum(bar.get_height() for bar in lower.patches) == 240


def test_categories_have_their_names(table, rng, check_texts):
    curves = performance(table, KIND, threshold=0.5, rng=rng, resamples=30)
    axes = check_texts(performance_figure(curves, KIND)).axes[2]
    assert [text.get_text() for text in axes.get_xticklabels()] == sorted(set(table["kind"]))


def test_a_test_that_found_something_is_filled(table, rng, check_texts):
    table["mass"] = np.where(table["label"] == 1, table["p_merger"], table["mass"] / 1e10)
    tests = bias_tests(table, [MASS, KIND], rng=rng, permutations=999)
    figure = check_texts(association_figure(tests, {"mass": "stellar mass", "kind": "kind"}))
    points = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    filled = {line.get_xdata()[0] for line in points if line.get_markerfacecolor() != "white"}
    assert filled == set(tests.loc[tests["p_holm"] < 0.05, "value"])
    assert filled
    assert len(points) == len(tests) == 4
    check_texts(association_figure(tests.iloc[:0], {}))


def test_wrong_answers_are_crosses_in_the_panel_of_their_state(table, check_texts):
    figure = check_texts(score_density_figure(table, Column("mass", "mass"), 0.5))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        "nonmerger: 120 images", "past merger: 60 images", "future merger: 60 images",
    ]  # fmt: skip
    for axes, state in zip(figure.axes, ("nonmerger", "past merger", "future merger"), strict=True):
        mine = table[table["state"] == state]
        wrong = mine[(mine["p_merger"] >= 0.5) == (state == "nonmerger")]
        crosses = axes.collections[-1].get_offsets()
        np.testing.assert_allclose(crosses, wrong[["mass", "p_merger"]])


def test_too_few_images_for_contours_are_points(table, check_texts):
    few = table[table["state"] == "past merger"].iloc[:5]
    (axes,) = check_texts(score_density_figure(few, Column("mass", "mass"), 0.5)).axes
    assert len(axes.collections[0].get_offsets()) == 5
    for same in ({"p_merger": 0.0}, {"mass": table["p_merger"]}):
        check_texts(score_density_figure(table.assign(**same), Column("mass", "mass"), 0.5))
    with pytest.raises(ArgumentError, match="images with a score and mass"):
        score_density_figure(table.assign(mass=np.nan), Column("mass", "mass"), 0.5)


def test_histograms_hold_every_image_of_each_state(table, check_texts):
    figure = check_texts(state_histogram_figure(table["state"], table["p_merger"], 0.5))
    (axes,) = figure.axes
    shares = [patch.get_data().values for patch in axes.patches]
    assert [len(each) for each in shares] == [50] * 3
    np.testing.assert_allclose([each.sum() for each in shares], 1)
    styles = [patch.get_linestyle() for patch in axes.patches]
    assert styles == ["-", "-", "--"]


def test_sides_stand_beside_what_is_expected(table, check_texts):
    called, galaxy = table["p_merger"] > 0.5, pd.Series(np.arange(240) // 4)
    found = camera_agreement(called, galaxy)
    figure = check_texts(agreement_figure({"mergers": found, "nonmergers": found}))
    for axes in figure.axes:
        heights = [bar.get_height() for bar in axes.patches]
        np.testing.assert_allclose(heights, found.table["fraction"])
        line = next(line for line in axes.lines if "independent" in str(line.get_label()))
        np.testing.assert_allclose(line.get_ydata(), found.table["expected"])
