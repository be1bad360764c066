"""Galaxies with their votes: a sheet of images, each answer's prototype, likely mergers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from toomre.errors import ArgumentError
from toomre.evaluation.votes import drawing
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.fractions import TITLES, as_votes
from toomre.evaluation.votes.plots import panels
from toomre.evaluation.votes.prototypes import prototypes, random_above

__all__ = ["image_sheet", "prototype_grid", "random_mergers"]


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
        True or predicted fraction of the votes for merger, (galaxy,).
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
    count = int((value >= threshold).sum())
    caption = f"{len(rows)} of the {count} images with p(merger) ≥ {threshold:.2f}\n"
    caption += f"(all: {len(value)} images; {count / max(len(value), 1):.3f} of them)"
    names = [f"p(merger) {value[row]:.2f}" for row in rows]
    return image_sheet(pictures, rows, names, caption, columns=3)
