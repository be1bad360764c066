"""Figures of Galaxy Zoo 2's 37 vote fractions: arrays in, a matplotlib figure out.

They use no state of pyplot, so that they work without a display and in any thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation import drawing as common
from toomre.evaluation import palette
from toomre.evaluation.plots import save_figure
from toomre.evaluation.votes import drawing
from toomre.evaluation.votes.correlation import by_question
from toomre.evaluation.votes.distributions import compare_parts, histograms
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.fractions import TITLES, answer_index, as_votes
from toomre.evaluation.votes.metrics import per_answer, rmse
from toomre.evaluation.votes.prototypes import SHOWN, prototypes, random_above, top
from toomre.storage import atomic_path
from toomre.surveys.vote_tree import QUESTIONS

__all__ = [
    "compare_histories",
    "correlation_figure",
    "histogram_grid",
    "image_sheet",
    "parts_grid",
    "prototype_grid",
    "prototype_rows",
    "question_correlations",
    "random_mergers",
    "save_figures",
    "scatter_grid",
]

_COLUMNS = 7
_LEGEND = {"ncols": 4, "frameon": False, "fontsize": common.LABEL}
_FRACTION = "fraction of the votes"
_NONE = "Grey: the fraction is the same for every galaxy, so it has no correlation."
_PARTS = (("training", palette.TRAIN, "-"), ("validation", palette.VALID, "--"))
_HISTORIES = {
    "loss": ("train_loss", "valid_loss"),
    "accuracy": ("train_accuracy", "valid_accuracy"),
}
_MEANINGS = {"loss": "loss (mean squared error)", "accuracy": "accuracy of the largest answer"}


def save_figures(figures: Mapping[str, Figure], folder: Path) -> None:
    """Write each figure as ``NAME.png`` (150 dots per inch) and ``NAME.pdf``.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> save_figures({"histograms": histogram_grid(np.zeros((2, 37)))}, folder)
    >>> sorted(path.name for path in folder.iterdir())
    ['histograms.pdf', 'histograms.png']
    """
    for name, figure in figures.items():
        save_figure(figure, folder / f"{name}.png")
        with atomic_path(folder / f"{name}.pdf") as temporary:
            # Without the time, the same figure gives the same bytes.
            figure.savefig(temporary, format="pdf", metadata={"CreationDate": None})


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
    figure, grid = _grid(max(len(chosen), 1), columns, _SHEET)
    _name(figure, caption)
    if not len(chosen):
        drawing.draw_nothing(grid[0], "", "no image")
    for axes, index, name in zip(grid, chosen.tolist(), names, strict=False):
        drawing.draw_picture(axes, pictures, index, name)
    return figure


def histogram_grid(values: ArrayLike) -> Figure:
    r"""Draw how the votes for each answer are spread: 37 normalised histograms of 25 bins.

    The density is logarithmic, for most answers have most galaxies at 0.

    Parameters
    ----------
    values
        Vote fractions, (galaxy, 37).

    Examples
    --------
    >>> figure = histogram_grid(np.random.default_rng(0).random((9, 37)))
    >>> figure.axes[23].get_title()
    '8.6 odd feature\nmerger'
    """
    density, edges = histograms(values)
    figure, grid = _grid(len(TITLES), _COLUMNS, _BARS, shared=True)
    for axes, row, title in zip(grid, density, TITLES, strict=False):
        drawing.draw_bins(axes, row, edges, palette.NONMERGER, fill=True, alpha=0.3, lw=0)
        drawing.draw_bins(axes, row, edges, palette.NONMERGER)
        _dress(axes, title)
    _finish_histograms(figure, grid, density, f"{len(np.asarray(values))} images")
    return figure


def parts_grid(train: ArrayLike, valid: ArrayLike) -> Figure:
    """Draw the histograms of the training and of the validation part, and how far they are apart.

    In each panel stand the distance of Kolmogorov and Smirnov and its probability under equal
    distributions (`toomre.evaluation.votes.distributions.compare_parts`).

    Parameters
    ----------
    train, valid
        Vote fractions, (galaxy, 37).
    """
    table = compare_parts(train, valid)
    found = [histograms(values) for values in (train, valid)]
    figure, grid = _grid(len(TITLES), _COLUMNS, _BARS, shared=True)
    for number, (axes, title) in enumerate(zip(grid, TITLES, strict=False)):
        for (density, edges), (_, color, style) in zip(found, _PARTS, strict=True):
            drawing.draw_bins(axes, density[number], edges, color, ls=style)
        row = table.iloc[number]
        text = f"KS {row['distance']:.2f}, p {row['p_value']:.2f}"
        place = {"ha": "right", "va": "top", "transform": axes.transAxes}
        axes.text(0.97, 0.96, text, fontsize=drawing.TEXT, **place)
        _dress(axes, title)
    sizes = (len(np.asarray(train)), len(np.asarray(valid)))
    handles = [
        Line2D([], [], color=color, ls=style, lw=2, label=f"{name} ({size} images)")
        for (name, color, style), size in zip(_PARTS, sizes, strict=True)
    ]
    height = figure.get_size_inches()[1]
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 1 - 0.3 / height)}
    figure.legend(handles=handles, **place, **_LEGEND)
    caption = "KS: greatest difference of the cumulative distributions"
    _finish_histograms(figure, grid, np.concatenate([part[0] for part in found]), caption)
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
    _check_counts(pictures, values=votes, names=names)
    figure, grid = _grid(len(TITLES), _COLUMNS, _NAMED)
    for number, (axes, row) in enumerate(zip(grid, prototypes(votes).tolist(), strict=False)):
        if row < 0:
            drawing.draw_nothing(axes, TITLES[number], "no votes")
            continue
        below = f"{votes[row, number]:.2f}\n{names[row]}"
        drawing.draw_picture(axes, pictures, row, TITLES[number], below)
    text = f"The image with the greatest {_FRACTION} for each answer, out of {len(votes)}"
    _name(figure, text)
    return figure


def correlation_figure(matrix: ArrayLike) -> Figure:
    """Draw the 37 by 37 correlations as a heat map.

    Parameters
    ----------
    matrix
        From `toomre.evaluation.votes.correlation.correlation`; NaN is grey.
    """
    whole = np.asarray(matrix, dtype=np.float64)
    figure = Figure(figsize=(15, 13.5), layout="constrained")
    axes = figure.subplots()
    names = [title.replace("\n", ": ") for title in TITLES]
    shown = drawing.draw_matrix(axes, whole, names)
    drawing.mark_questions(axes)
    _color_bar(figure, shown, ax=axes, shrink=0.6, pad=0.02)
    if np.isnan(whole).any():
        figure.supxlabel(_NONE, fontsize=common.LABEL)
    return figure


def question_correlations(matrix: ArrayLike) -> Figure:
    """Draw the correlations between the answers of each question, with their values.

    Parameters
    ----------
    matrix
        (37, 37), from `toomre.evaluation.votes.correlation.correlation`; NaN is grey.
    """
    parts = by_question(matrix)
    figure, grid = _grid(len(parts), 4, _WORDS)
    for number, (axes, (name, part)) in enumerate(zip(grid, parts.items(), strict=False), start=1):
        shown = drawing.draw_matrix(axes, part, QUESTIONS[number - 1].answers)
        drawing.write_cells(axes, part)
        axes.set_title(f"{number} {name}", fontsize=common.TITLE)
    # The bar has the place of the twelfth panel, which there is not.
    place = figure.axes[len(parts)].get_position()
    bar = figure.add_axes((place.x0, place.y0 + 0.6 * place.height, place.width, 0.015))
    _color_bar(figure, shown, cax=bar, orientation="horizontal")
    if np.isnan(np.asarray(matrix, dtype=np.float64)).any():
        below = place.y0 + 0.3 * place.height
        text = _NONE.replace(": ", ":\n").replace(", ", ",\n")
        figure.text(place.x0, below, text, fontsize=common.LABEL, va="top")
    return figure


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
    figure, grid = _grid(len(TITLES), _COLUMNS, _SQUARES, shared=True)
    errors = per_answer(true, guess)["rmse"].tolist()
    for number, (axes, title) in enumerate(zip(grid, TITLES, strict=False)):
        drawing.draw_scatter(axes, true[:, number], guess[:, number], errors[number])
        _dress(axes, title)
        axes.set_aspect("equal")
    grid[0].set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    text = f"{name}: " if name else ""
    text += f"{len(true)} images, RMSE of all 37 answers {rmse(true, guess):.4f}; grey: equality"
    _name(figure, text, f"true {_FRACTION}", f"predicted {_FRACTION}")
    _tick_fractions(grid)
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
            for column, (_, color, style) in zip(_HISTORIES[name], _PARTS, strict=True):
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
    handles = [Line2D([], [], color=c, ls=s, lw=2, label=n) for n, c, s in _PARTS]
    figure.legend(handles=handles, loc="outside upper center", **_LEGEND)
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
    _check_counts(pictures, truth=true)
    figure, places = _ROWS.place(len(answers), 2 * n + 1)
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
    _name(figure, f"t: true, p: predicted {_FRACTION}")
    for text, block in (("the volunteers", grid[0, :n]), (name, grid[0, n + 1 :])):
        first, last = block[0].get_position(), block[-1].get_position()
        place = ((first.x0 + last.x1) / 2, first.y1 + 0.3 / figure.get_size_inches()[1])
        figure.text(
            *place, f"greatest fraction according to {text}", fontsize=common.TITLE, ha="center"
        )
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
    _check_counts(pictures, p=value)
    count = int((value >= threshold).sum())
    caption = f"{len(rows)} of the {count} images with p(merger) ≥ {threshold:.2f}\n"
    caption += f"(all: {len(value)} images; {count / max(len(value), 1):.3f} of them)"
    names = [f"p(merger) {value[row]:.2f}" for row in rows]
    return image_sheet(pictures, rows, names, caption, columns=3)


class _Frame(NamedTuple):
    """Sizes [inch]: a panel, the gaps between panels, and the margins of the figure."""

    panel: tuple[float, float]
    gap: tuple[float, float]
    left: float = 0.3
    bottom: float = 0.3
    right: float = 0.3
    top: float = 0.8

    def place(self, rows: int, columns: int) -> tuple[Figure, dict[str, float]]:
        """Return a figure, and where its panels stand; no layout engine has to look for it."""
        inner = [
            count * size + (count - 1) * gap
            for count, size, gap in zip((columns, rows), self.panel, self.gap, strict=True)
        ]
        width, height = self.left + inner[0] + self.right, self.bottom + inner[1] + self.top
        places = {"left": self.left / width, "right": 1 - self.right / width}
        places |= {"bottom": self.bottom / height, "top": 1 - self.top / height}
        spaces = [gap / size for gap, size in zip(self.gap, self.panel, strict=True)]
        return Figure(figsize=(width, height)), {**places, "wspace": spaces[0], "hspace": spaces[1]}


_BARS = _Frame((2.1, 1.5), (0.25, 0.62), left=0.95, bottom=0.85, right=0.2, top=1.25)
_SQUARES = _Frame((2.0, 2.0), (0.3, 0.62), left=0.95, bottom=0.85, right=0.2, top=1.05)
_NAMED = _Frame((2.0, 2.0), (0.15, 1.0), bottom=0.65, top=1.05)
_SHEET = _Frame((2.2, 2.2), (0.1, 0.35))
_ROWS = _Frame((1.6, 1.6), (0.08, 0.35), left=2.1, top=1.05)
_WORDS = _Frame((3.2, 3.2), (1.5, 1.9), left=1.5, bottom=1.5, top=0.5)


def _grid(
    count: int, columns: int, frame: _Frame, shared: bool = False
) -> tuple[Figure, NDArray[Any]]:
    """Return a figure with `count` panels, row by row."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure, places = frame.place(rows, columns)
    grid = figure.subplots(
        rows, columns, squeeze=False, gridspec_kw=places, sharex=shared, sharey=shared
    ).ravel()
    for axes in grid[count:]:
        axes.set_visible(False)
    for axes in grid[max(count - columns, 0) : count]:
        axes.tick_params(labelbottom=True)
    return figure, grid[:count]


def _name(figure: Figure, title: str = "", x: str = "", y: str = "") -> None:
    """Write a figure's title at its upper edge and the names of shared axes at the others."""
    width, height = figure.get_size_inches()
    size: dict[str, Any] = {"fontsize": common.TITLE, "ha": "center"}
    figure.text(0.5, 1 - 0.12 / height, title, va="top", **size)
    figure.text(0.5, 0.12 / height, x, va="bottom", **size)
    figure.text(0.12 / width, 0.5, y, va="center", rotation=90, **{**size, "ha": "left"})


def _dress(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=drawing.TEXT, pad=4)
    axes.tick_params(labelsize=drawing.TEXT)
    axes.grid(color=palette.GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _tick_fractions(grid: NDArray[Any]) -> None:
    grid[0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])


def _finish_histograms(
    figure: Figure, grid: NDArray[Any], density: NDArray[np.float64], caption: str
) -> None:
    """Give histograms of a shared logarithmic axis its limits, and all of them their names."""
    grid[0].set_yscale("log")
    for axes in grid:
        axes.minorticks_off()
    grid[0].set(xlim=(0, 1), ylim=(0.5 * density[density > 0].min(), 4 * density.max()))
    _tick_fractions(grid)
    below = f"{_FRACTION}, in {density.shape[1]} bins"
    _name(figure, caption, below, "density of images (logarithmic)")


def _color_bar(figure: Figure, shown: Any, **place: Any) -> None:
    bar = figure.colorbar(shown, **place)
    bar.set_label("Pearson's correlation", fontsize=common.TITLE)
    bar.ax.tick_params(labelsize=drawing.TEXT)


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


def _check_counts(pictures: Pictures, **tables: Any) -> None:
    for name, table in tables.items():
        if len(table) != len(pictures):
            allowed = f"of length {len(pictures)}, one row an image"
            raise ArgumentError.expected(name, allowed, len(table))
