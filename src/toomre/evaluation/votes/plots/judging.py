"""What predicted votes are worth: beside the true ones, and by epoch."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from toomre.errors import ArgumentError
from toomre.evaluation.drawing import LABEL, TITLE, dress, legend
from toomre.evaluation.votes import drawing
from toomre.evaluation.votes.fractions import TITLES, vote_pair
from toomre.evaluation.votes.metrics import per_answer, rmse
from toomre.evaluation.votes.plots import panels

__all__ = ["compare_histories", "scatter_grid"]

_HISTORIES = {
    "loss": ("train_loss", "valid_loss"),
    "accuracy": ("train_accuracy", "valid_accuracy"),
}
_MEANINGS = {"loss": "loss (mean squared error)", "accuracy": "accuracy of the largest answer"}


def scatter_grid(truth: ArrayLike, predicted: ArrayLike, name: str = "") -> Figure:
    """Draw predicted against true fractions, a panel an answer, with its RMSE.

    Parameters
    ----------
    truth, predicted
        Vote fractions, (galaxy, 37).
    name
        Of the model, for the title.

    Raises
    ------
    ArgumentError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> votes = np.full((4, 37), 0.5)
    >>> scatter_grid(votes, votes + 0.1).axes[0].texts[0].get_text()
    'RMSE 0.100'
    """
    true, guess = vote_pair(truth, predicted)
    figure, grid = panels.make_grid(len(TITLES), panels.COLUMNS, panels.SQUARES, shared=True)
    errors = per_answer(true, guess)["rmse"].tolist()
    for number, (axes, title) in enumerate(zip(grid, TITLES, strict=False)):
        drawing.draw_scatter(axes, true[:, number], guess[:, number], errors[number])
        panels.title_panel(axes, title)
        axes.set_aspect("equal")
    grid[0].set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    text = f"{name}: " if name else ""
    text += f"{len(true)} images, RMSE of all 37 answers {rmse(true, guess):.4f}; grey: equality"
    panels.name_figure(figure, text, f"true {panels.FRACTION}", f"predicted {panels.FRACTION}")
    for axis in (grid[0].xaxis, grid[0].yaxis):
        panels.tick_fractions(axis)
    return figure


def compare_histories(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw losses and accuracies by epoch: a column a model, and in the last one all of them.

    Parameters
    ----------
    histories
        Name of the model -> a row an epoch: `epoch`, and any of `train_loss`, `valid_loss`,
        `train_accuracy`, `valid_accuracy`. All models have the same axes.

    Raises
    ------
    ArgumentError
        If there is no model, or one without `epoch` or without anything to draw.

    Examples
    --------
    >>> history = pd.DataFrame({"epoch": [1, 2], "train_loss": [0.2, 0.1], "valid_loss": 0.2})
    >>> [axes.get_title() for axes in compare_histories({"CNN": history}).axes]
    ['CNN', 'validation, all models']
    """
    rows = _history_rows(histories)
    shape = (len(rows), len(histories) + 1)
    figure = Figure(figsize=(3.6 * shape[1], 0.9 + 2.9 * shape[0]), layout="constrained")
    grid = figure.subplots(*shape, sharex=True, sharey="row", squeeze=False)
    for line, name in zip(grid, rows, strict=True):
        for number, (model, history) in enumerate(histories.items()):
            for column, (_, color, style) in zip(_HISTORIES[name], panels.PARTS, strict=True):
                drawing.draw_column(line[number], history, column, color=color, ls=style)
            look = drawing.model_style(number)
            drawing.draw_column(line[-1], history, _HISTORIES[name][1], label=model, **look)
        for axes in line:
            dress(axes, "", "")
        line[0].set_ylabel(_MEANINGS[name], fontsize=LABEL)
    figure.align_ylabels(grid[:, 0])
    for axes, title in zip(grid[0], [*histories, "validation, all models"], strict=True):
        axes.set_title(title, fontsize=TITLE)
    for axes in grid[-1]:
        axes.set_xlabel("epoch", fontsize=LABEL)
    grid[-1, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    if grid[0, -1].get_legend_handles_labels()[0]:
        legend(grid[0, -1])
    handles = [Line2D([], [], color=c, ls=s, lw=2, label=n) for n, c, s in panels.PARTS]
    figure.legend(handles=handles, loc="outside upper center", **panels.LEGEND)
    return figure


def _history_rows(histories: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return which of loss and accuracy there is to draw."""
    wanted = [column for columns in _HISTORIES.values() for column in columns]
    allowed = f"a model -> a table with `epoch` and at least one of {', '.join(wanted)}"
    if not histories:
        raise ArgumentError.expected("histories", allowed, {})
    for name, history in histories.items():
        if "epoch" not in history or not set(wanted) & set(history):
            raise ArgumentError.expected("histories", allowed, {name: list(history.columns)})
    return [
        name
        for name, columns in _HISTORIES.items()
        if any(set(columns) & set(history) for history in histories.values())
    ]
