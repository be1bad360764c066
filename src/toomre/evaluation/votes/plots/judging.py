"""What predicted votes are worth: beside the true ones, by epoch, and as galaxies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation import drawing as common
from toomre.evaluation.votes import drawing
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.fractions import TITLES, answer_index, as_votes
from toomre.evaluation.votes.metrics import per_answer, rmse
from toomre.evaluation.votes.plots import panels
from toomre.evaluation.votes.prototypes import SHOWN, top

__all__ = ["compare_histories", "prototype_rows", "scatter_grid"]

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
    >>> votes = np.full((4, 37), 0.5)
    >>> scatter_grid(votes, votes + 0.1).axes[0].texts[0].get_text()
    'RMSE 0.100'
    """
    true, guess = _both(truth, predicted)
    figure, grid = panels.make_grid(len(TITLES), panels.COLUMNS, panels.SQUARES, shared=True)
    errors = per_answer(true, guess)["rmse"].tolist()
    for number, (axes, title) in enumerate(zip(grid, TITLES, strict=False)):
        drawing.draw_scatter(axes, true[:, number], guess[:, number], errors[number])
        panels.dress(axes, title)
        axes.set_aspect("equal")
    grid[0].set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    text = f"{name}: " if name else ""
    text += f"{len(true)} images, RMSE of all 37 answers {rmse(true, guess):.4f}; grey: equality"
    panels.name_figure(figure, text, f"true {panels.FRACTION}", f"predicted {panels.FRACTION}")
    panels.tick_fractions(grid)
    grid[0].set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
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
            common.dress(axes, "", "")
        line[0].set_ylabel(_MEANINGS[name], fontsize=common.LABEL)
    figure.align_ylabels(grid[:, 0])
    for axes, title in zip(grid[0], [*histories, "validation, all models"], strict=True):
        axes.set_title(title, fontsize=common.TITLE)
    for axes in grid[-1]:
        axes.set_xlabel("epoch", fontsize=common.LABEL)
    grid[-1, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    if grid[0, -1].get_legend_handles_labels()[0]:
        common.legend(grid[0, -1])
    handles = [Line2D([], [], color=c, ls=s, lw=2, label=n) for n, c, s in panels.PARTS]
    figure.legend(handles=handles, loc="outside upper center", **panels.LEGEND)
    return figure


def prototype_rows(
    pictures: Pictures,
    truth: ArrayLike,
    predicted: ArrayLike,
    *,
    answers: Sequence[str] = SHOWN,
    n: int = 5,
    name: str = "the model",
) -> Figure:
    """Show the images with the greatest fractions for some answers: true left, predicted right.

    Above each image stand its true and its predicted fraction.

    Parameters
    ----------
    pictures
        The images.
    truth, predicted
        Vote fractions, (galaxy, 37), one row an image.
    answers
        Such as ``("Class8.6",)``.
    n
        Images in each row, left and right.
    name
        Of the model, for the title.

    Raises
    ------
    ArgumentError
        If the shapes differ, or an answer does not exist.
    """
    true, guess = _both(truth, predicted)
    panels.check_counts(pictures, truth=true)
    figure, places = panels.ROWS.place(len(answers), 2 * n + 1)
    ratios = [1.08] * n + [0.2] + [1.08] * n
    shape = (len(answers), 2 * n + 1)
    grid = figure.subplots(*shape, squeeze=False, width_ratios=ratios, gridspec_kw=places)
    for line, answer in zip(grid, answers, strict=True):
        column = answer_index(answer)
        for values, axes in ((true, line[:n]), (guess, line[n + 1 :])):
            rows = top(values, answer, n).tolist()
            _prototype_line(axes, pictures, rows, (true[:, column], guess[:, column]))
        line[n].set_axis_off()
        line[0].set_axis_on()
        common.name_row(line[0], TITLES[column], empty=False)
    panels.name_figure(figure, f"t: true, p: predicted {panels.FRACTION}")
    for text, block in (("the volunteers", grid[0, :n]), (name, grid[0, n + 1 :])):
        first, last = block[0].get_position(), block[-1].get_position()
        place = ((first.x0 + last.x1) / 2, first.y1 + 0.3 / figure.get_size_inches()[1])
        figure.text(
            *place, f"greatest fraction according to {text}", fontsize=common.TITLE, ha="center"
        )
    return figure


def _prototype_line(
    line: NDArray[Any],
    pictures: Pictures,
    rows: Sequence[int],
    fractions: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    for axes in line:
        axes.set_axis_off()
    for axes, row in zip(line, rows, strict=False):
        axes.set_axis_on()
        text = f"t {fractions[0][row]:.2f}  p {fractions[1][row]:.2f}"
        drawing.draw_picture(axes, pictures, row, text)
    if not rows:
        line[0].set_axis_on()
        drawing.draw_nothing(line[0], "", "no votes")


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


def _both(
    truth: ArrayLike, predicted: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    true, guess = as_votes(truth, "truth"), as_votes(predicted, "predicted")
    if true.shape != guess.shape:
        raise ArgumentError.expected("predicted", f"of the shape {true.shape}", guess.shape)
    return true, guess
