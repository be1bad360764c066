from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.training.lr_scan import scan_table, suggest
from toomre.training.plots import gradient_flow_figure, lr_scan_figure, trials_figure


def scan(rng, steps=200):
    rate = np.linspace(1e-6, 0.1, steps)
    loss = 0.3 + 0.1 * np.log(rate / 0.02) ** 2 / 10 + rng.normal(0, 0.01, steps)
    return scan_table(rate, loss)


def test_the_minimum_is_marked_where_the_table_has_it(rng):
    table = scan(rng)
    found = suggest(table)
    axes = lr_scan_figure(table, found).axes[0]
    marks = {
        line.get_label(): line.get_xydata()[0] for line in axes.lines if len(line.get_xydata()) == 1
    }
    lowest = next(xy for label, xy in marks.items() if label.startswith("minimum"))
    assert lowest == pytest.approx([found.highest, table["smoothed_loss"].min()])
    assert len(marks) == 2
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel()
    assert axes.get_ylabel()


def test_a_loss_that_ran_away_does_not_flatten_the_rest(rng):
    table = scan(rng)
    table.loc[195:, ["loss", "smoothed_loss"]] = 1e6
    axes = lr_scan_figure(table, suggest(table)).axes[0]
    assert axes.get_ylim()[1] < 10


def test_a_flat_scan_is_drawn():
    table = scan_table([0.01 * k for k in range(1, 21)], [1.0] * 20)
    lr_scan_figure(table, suggest(table)).draw_without_rendering()


def test_the_best_trial_is_marked_in_every_panel(rng):
    table = pd.DataFrame(
        {
            "trial": range(12),
            "value": rng.uniform(0.2, 0.8, 12),
            "optimizer.learning_rate": 10 ** rng.uniform(-5, -1, 12),
            "optimizer.name": ["adam", "sgd"] * 6,
        }
    )
    table.loc[3, "value"] = np.nan
    table.loc[7, "value"] = 0.1
    figure = trials_figure(table, ["optimizer.learning_rate", "optimizer.name"], "total_loss")
    first, rate, _ = figure.axes
    assert rate.get_xscale() == "log"
    assert first.get_ylabel() == "total loss"
    assert first.collections[2].get_offsets()[:, 0].tolist() == [3]  # ended early
    for axes, x in ((first, 7), (rate, table["optimizer.learning_rate"][7])):
        np.testing.assert_allclose(axes.collections[1].get_offsets()[0], [x, 0.1])
    assert len(rate.collections[0].get_offsets()) == 11
    assert first.lines[0].get_ydata()[-1] == 0.1
    figure.draw_without_rendering()


def test_the_best_trial_may_be_the_largest():
    table = pd.DataFrame(
        {"trial": range(4), "value": [0.5, 0.9, np.nan, 0.7], "seed": [4, 5, 6, 7]}
    )
    figure = trials_figure(table, ["seed"], "target_snd", larger_is_better=True)
    first, seeds = figure.axes
    np.testing.assert_allclose(first.lines[0].get_ydata(), [0.5, 0.9, 0.9, 0.9])
    for axes, x in ((first, 1), (seeds, 5)):
        np.testing.assert_allclose(axes.collections[1].get_offsets(), [[x, 0.9]])


def test_gradients_of_every_layer_from_image_to_answer():
    table = pd.DataFrame(
        {"layer": ["conv1.weight", "head.weight"], "mean": [1e-3, 0.0], "largest": [1e-2, 0.0]}
    )
    figure = gradient_flow_figure(table)
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["conv1", "head"]
    mean, largest = axes.lines
    np.testing.assert_allclose(mean.get_xdata(), [1e-3, 1e-12])
    np.testing.assert_allclose(largest.get_xdata(), [1e-2, 1e-12])
    assert axes.yaxis_inverted()
    figure.draw_without_rendering()
