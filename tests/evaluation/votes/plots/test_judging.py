"""The figures show the true and the predicted votes, the errors and the histories."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.votes.metrics import rmse
from toomre.evaluation.votes.plots.judging import compare_histories, scatter_grid

HISTORY = pd.DataFrame(
    {
        "epoch": np.arange(1, 6),
        "train_loss": np.linspace(0.05, 0.01, 5),
        "valid_loss": np.linspace(0.06, 0.02, 5),
        "valid_accuracy": np.linspace(0.5, 0.7, 5),
    }
)
FIGURES = {
    "scatter": lambda d: scatter_grid(d.truth, d.predicted, "CNN"),
    "histories": lambda d: compare_histories({"CNN": HISTORY, "ResNet-50": HISTORY[:3]}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off_too_small_or_runs_into_another(name, drawn, check_layout):
    check_layout(FIGURES[name](drawn))


def test_scatter_prints_the_errors(drawn):
    truth, predicted = drawn.truth, drawn.predicted
    figure = FIGURES["scatter"](drawn)
    error = np.sqrt(np.mean((truth[:, 23] - predicted[:, 23]) ** 2))
    assert figure.axes[23].texts[0].get_text() == f"RMSE {error:.3f}"
    assert f"RMSE of all 37 answers {rmse(truth, predicted):.4f}" in figure.texts[0].get_text()
    with pytest.raises(ArgumentError, match=r"`predicted` to be of the shape \(40, 37\)"):
        scatter_grid(truth, predicted[1:])


def test_histories_stand_alone_and_together(drawn):
    figure = FIGURES["histories"](drawn)
    grid = np.array(figure.axes).reshape(2, 3)
    assert [axes.get_title() for axes in grid[0]] == ["CNN", "ResNet-50", "validation, all models"]
    assert [len(axes.lines) for axes in grid.ravel()] == [2, 2, 2, 1, 1, 2]
    np.testing.assert_allclose(grid[0, 2].lines[1].get_ydata(), HISTORY["valid_loss"][:3])
    alone = compare_histories({"CNN": HISTORY[["epoch", "train_loss"]]})
    assert [len(axes.lines) for axes in alone.axes] == [1, 0]


@pytest.mark.parametrize("histories", [{}, {"CNN": pd.DataFrame({"epoch": [1]})}])
def test_histories_need_something_to_draw(histories):
    with pytest.raises(ArgumentError, match="at least one of train_loss, valid_loss"):
        compare_histories(histories)
