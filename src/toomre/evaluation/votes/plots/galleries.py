"""Galaxies with their votes: a sheet of images, each answer's prototype, likely mergers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.drawing import TITLE, name_row
from toomre.evaluation.votes import drawing
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.fractions import TITLES, answer_index, as_votes, vote_pair
from toomre.evaluation.votes.plots import panels
from toomre.evaluation.votes.prototypes import SHOWN, prototypes, random_above, top

__all__ = ["image_sheet", "merger_sheet", "prototype_grid", "prototype_rows", "random_mergers"]


def image_sheet(
    pictures: Pictures, rows: ArrayLike, names: Sequence[str], caption: str = "", columns: int = 5
) -> Figure:
    """Show some images, each with its name above.

    Parameters
    ----------
    pictures
        The images.
    rows
        Which of them.
    names
        One for each of the rows.
    caption
        A line above all.
    columns
        Images in a row.

    Raises
    ------
    ArgumentError
        If there is not one name for each row.
    """
    chosen = np.asarray(rows, dtype=np.intp)
    if len(chosen) != len(names):
        raise ArgumentError.expected("names", f"{len(chosen)}, one a row", len(names))
    figure, grid = panels.make_grid(max(len(chosen), 1), columns, panels.SHEET)
    panels.name_figure(figure, caption)
    if not len(chosen):
        drawing.draw_nothing(grid[0], "", "no image")
    for axes, index, name in zip(grid, chosen.tolist(), names, strict=False):
        drawing.draw_picture(axes, pictures, index, name)
    return figure


def prototype_grid(pictures: Pictures, values: ArrayLike, names: Sequence[str]) -> Figure:
    """Show for each answer the image with the greatest fraction of votes for it.

    Parameters
    ----------
    pictures
        The images.
    values
        Vote fractions, (galaxy, 37), one row an image.
    names
        Of the images; written below with the fraction.

    Raises
    ------
    ArgumentError
        If there is not one row and name for each image.
    """
    votes = as_votes(values)
    panels.check_counts(pictures, values=votes, names=names)
    figure, grid = panels.make_grid(len(TITLES), panels.COLUMNS, panels.NAMED)
    for number, (axes, row) in enumerate(zip(grid, prototypes(votes).tolist(), strict=False)):
        if row < 0:
            drawing.draw_nothing(axes, TITLES[number], "no votes")
            continue
        below = f"{votes[row, number]:.2f}\n{names[row]}"
        drawing.draw_picture(axes, pictures, row, TITLES[number], below)
    text = f"The image with the greatest {panels.FRACTION} for each answer, out of {len(votes)}"
    panels.name_figure(figure, text)
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
    true, guess = vote_pair(truth, predicted)
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
        name_row(line[0], TITLES[column], empty=False)
    panels.name_figure(figure, f"t: true, p: predicted {panels.FRACTION}")
    for text, block in (("the volunteers", grid[0, :n]), (name, grid[0, n + 1 :])):
        first, last = block[0].get_position(), block[-1].get_position()
        place = ((first.x0 + last.x1) / 2, first.y1 + 0.3 / figure.get_size_inches()[1])
        figure.text(*place, f"greatest fraction according to {text}", fontsize=TITLE, ha="center")
    return figure


def random_mergers(
    pictures: Pictures,
    p: ArrayLike,
    threshold: float = 0.30,
    n: int = 9,
    *,
    rng: np.random.Generator,
) -> Figure:
    """Show some random images whose merger fraction reaches a threshold, and how many do.

    Parameters
    ----------
    pictures
        The images.
    p
        True or predicted fraction of the votes for merger, (galaxy,), one an image.
    threshold, n, rng
        As for `toomre.evaluation.votes.prototypes.random_above`.

    Raises
    ------
    ArgumentError
        If there is not one fraction for each image, or `random_above` refuses.
    """
    value = np.asarray(p, dtype=np.float64)
    rows = random_above(value, threshold, n, rng=rng)
    panels.check_counts(pictures, p=value)
    counts = int((value >= threshold).sum()), len(value)
    chosen = rows if pictures.rows is None else pictures.rows[rows]
    return merger_sheet(replace(pictures, rows=chosen), value[rows], threshold, counts)


def merger_sheet(
    pictures: Pictures, p: ArrayLike, threshold: float, counts: tuple[int, int]
) -> Figure:
    """Show images whose merger fraction reaches a threshold, and say out of how many they are.

    Parameters
    ----------
    pictures
        The images to show.
    p
        Their fractions of the votes for merger, (galaxy,).
    threshold
        What they reach.
    counts
        How many images reach it, and how many images there are.

    Raises
    ------
    ArgumentError
        If there is not one fraction for each image.
    """
    value = np.asarray(p, dtype=np.float64)
    panels.check_counts(pictures, p=value)
    count, total = counts
    caption = f"{len(value)} of the {count} images with p(merger) ≥ {threshold:.2f}\n"
    caption += f"(all: {total} images; {count / max(total, 1):.3f} of them)"
    names = [f"p(merger) {each:.2f}" for each in value]
    return image_sheet(pictures, range(len(value)), names, caption, columns=3)


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
