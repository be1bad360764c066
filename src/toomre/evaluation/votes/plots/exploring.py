"""What a set of votes is like: how each answer's are spread, and which of them go together."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from toomre.evaluation import palette
from toomre.evaluation.drawing import LABEL, TITLE
from toomre.evaluation.votes import drawing
from toomre.evaluation.votes.correlation import by_question
from toomre.evaluation.votes.distributions import compare_parts, histograms
from toomre.evaluation.votes.fractions import TITLES
from toomre.evaluation.votes.plots import panels
from toomre.surveys.vote_tree import QUESTIONS

__all__ = ["correlation_figure", "histogram_grid", "parts_grid", "question_correlations"]

_NONE = "Grey: the fraction is the same for every galaxy, so it has no correlation."


def histogram_grid(values: ArrayLike) -> Figure:
    r"""Draw how the votes for each answer are spread: 37 normalised histograms of 25 bins.

    The density is logarithmic, for most answers have most galaxies at 0.

    Parameters
    ----------
    values
        Vote fractions, (galaxy, 37).

    Raises
    ------
    ArgumentError
        If they are something else.

    Examples
    --------
    >>> figure = histogram_grid(np.random.default_rng(0).random((9, 37)))
    >>> figure.axes[23].get_title()
    '8.6 odd feature\nmerger'
    """
    density, edges = histograms(values)
    figure, grid = panels.make_grid(len(TITLES), panels.COLUMNS, panels.BARS, shared=True)
    for axes, row, title in zip(grid, density, TITLES, strict=False):
        drawing.draw_bins(axes, row, edges, palette.NONMERGER, fill=True, alpha=0.3, lw=0)
        drawing.draw_bins(axes, row, edges, palette.NONMERGER)
        panels.title_panel(axes, title)
    _finish_histograms(figure, grid, density, f"{len(np.asarray(values))} images")
    return figure


def parts_grid(train: ArrayLike, valid: ArrayLike) -> Figure:
    """Draw the histograms of the training and of the validation part, and how far they are apart.

    In each panel stand the distance of Kolmogorov and Smirnov and its probability under equal
    distributions (`toomre.evaluation.votes.distributions.compare_parts`).

    Parameters
    ----------
    train, valid
        Vote fractions, (galaxy, 37), of as many galaxies as there are.

    Raises
    ------
    ArgumentError
        If they are something else.
    """
    table = compare_parts(train, valid)
    found = [histograms(values) for values in (train, valid)]
    figure, grid = panels.make_grid(len(TITLES), panels.COLUMNS, panels.BARS, shared=True)
    for number, (axes, title) in enumerate(zip(grid, TITLES, strict=False)):
        for (density, edges), (_, color, style) in zip(found, panels.PARTS, strict=True):
            drawing.draw_bins(axes, density[number], edges, color, ls=style)
        row = table.iloc[number]
        text = f"KS {row['distance']:.2f}, p {row['p_value']:.2f}"
        place = {"ha": "right", "va": "top", "transform": axes.transAxes}
        axes.text(0.97, 0.96, text, fontsize=drawing.TEXT, **place)
        panels.title_panel(axes, title)
    sizes = (len(np.asarray(train)), len(np.asarray(valid)))
    handles = [
        Line2D([], [], color=color, ls=style, lw=2, label=f"{name} ({size} images)")
        for (name, color, style), size in zip(panels.PARTS, sizes, strict=True)
    ]
    height = figure.get_size_inches()[1]
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 1 - 0.3 / height)}
    figure.legend(handles=handles, **place, **panels.LEGEND)
    caption = "KS: greatest difference of the cumulative distributions"
    _finish_histograms(figure, grid, np.concatenate([part[0] for part in found]), caption)
    return figure


def correlation_figure(matrix: ArrayLike) -> Figure:
    """Draw the 37 by 37 correlations as a heat map.

    Parameters
    ----------
    matrix
        (37, 37), from `toomre.evaluation.votes.correlation.correlation`; NaN is grey.
    """
    whole = np.asarray(matrix, dtype=np.float64)
    figure = Figure(figsize=(15, 13.5), layout="constrained")
    axes = figure.subplots()
    names = [title.replace("\n", ": ") for title in TITLES]
    shown = drawing.draw_matrix(axes, whole, names)
    drawing.mark_questions(axes)
    panels.color_bar(figure, shown, ax=axes, shrink=0.6, pad=0.02)
    if np.isnan(whole).any():
        figure.supxlabel(_NONE, fontsize=LABEL)
    return figure


def question_correlations(matrix: ArrayLike) -> Figure:
    """Draw the correlations between the answers of each question, with their values.

    Parameters
    ----------
    matrix
        (37, 37), from `toomre.evaluation.votes.correlation.correlation`; NaN is grey.
    """
    parts = by_question(matrix)
    figure, grid = panels.make_grid(len(parts), 4, panels.WORDS)
    for number, (axes, (name, part)) in enumerate(zip(grid, parts.items(), strict=False), start=1):
        shown = drawing.draw_matrix(axes, part, QUESTIONS[number - 1].answers)
        drawing.write_cells(axes, part)
        axes.set_title(f"{number} {name}", fontsize=TITLE)
    # The bar has the place of the twelfth panel, which there is not.
    place = figure.axes[len(parts)].get_position()
    bar = figure.add_axes((place.x0, place.y0 + 0.6 * place.height, place.width, 0.015))
    panels.color_bar(figure, shown, cax=bar, orientation="horizontal")
    if np.isnan(np.asarray(matrix, dtype=np.float64)).any():
        below = place.y0 + 0.3 * place.height
        text = _NONE.replace(": ", ":\n").replace(", ", ",\n")
        figure.text(place.x0, below, text, fontsize=LABEL, va="top")
    return figure


def _finish_histograms(
    figure: Figure, grid: NDArray[Any], density: NDArray[np.float64], caption: str
) -> None:
    """Give histograms of a shared logarithmic axis its limits, and all of them their names."""
    grid[0].set_yscale("log")
    for axes in grid:
        axes.minorticks_off()
    grid[0].set(xlim=(0, 1), ylim=(0.5 * density[density > 0].min(), 4 * density.max()))
    panels.tick_fractions(grid[0].xaxis)
    below = f"{panels.FRACTION}, in {density.shape[1]} bins"
    panels.name_figure(figure, caption, below, "density of images (logarithmic)")
