"""What the figures of vote fractions consist of: each function draws on axes it is given.

Nothing here imports matplotlib.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.evaluation import drawing, palette
from toomre.evaluation.votes.fractions import SLICES
from toomre.images.cutout import Encoding
from toomre.images.stretch import Stretch, to_rgb

__all__ = [
    "COLORS",
    "TEXT",
    "Pictures",
    "draw_bins",
    "draw_column",
    "draw_matrix",
    "draw_nothing",
    "draw_picture",
    "draw_scatter",
    "mark_questions",
    "model_style",
    "write_cells",
]

#: Size of the text in the small panels [point].
TEXT = drawing.TICK

#: Colours from correlation -1 (blue) over 0 (white) to 1 (red).
COLORS = "RdBu_r"

# Models side by side: told apart by line and colour. They are not training or validation.
_STYLES = ("-", "--", "-.", ":")
_INKS = (palette.ROC, palette.LEARNING_RATE, palette.REFERENCE, palette.MERGER, palette.NONMERGER)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images that are read one by one when they are drawn.

    Attributes
    ----------
    images
        Array (n, band, y, x), such as the memory map of a prepared set.
    encoding
        ``"display"`` (0 to 255), shown as it is, or ``"linear"`` (flux), shown with an asinh
        stretch, the first row lowest.
    bands
        Names of the bands, for the order of the colours.
    rows
        Which of the images these are, in order; None: all.

    Raises
    ------
    ArgumentError
        If `images` has another number of dimensions.

    Examples
    --------
    >>> pictures = Pictures(np.full((2, 3, 8, 8), 255, np.uint8))
    >>> len(pictures), pictures.rgb(1).shape, pictures.origin
    (2, (8, 8, 3), 'upper')
    """

    images: NDArray[Any]
    encoding: Encoding = "display"
    bands: Sequence[str] | None = None
    rows: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        if self.images.ndim != 4:
            allowed = "an array of shape (n, band, y, x)"
            raise ArgumentError.expected("images", allowed, self.images.shape)

    def __len__(self) -> int:
        return len(self.images if self.rows is None else self.rows)

    @property
    def origin(self) -> str:
        """Where the first row of an image is shown."""
        return "lower" if self.encoding == "linear" else "upper"

    def rgb(self, index: int) -> NDArray[np.uint8]:
        """Return one image as a colour picture (y, x, 3)."""
        stretch: Stretch = "asinh" if self.encoding == "linear" else "linear"
        row = index if self.rows is None else int(self.rows[index])
        return to_rgb(np.asarray(self.images[row]), self.encoding, stretch, bands=self.bands)


def draw_picture(axes: Any, pictures: Pictures, index: int, title: str, below: str = "") -> None:
    """Draw one image with a title above and a line below."""
    axes.imshow(pictures.rgb(index), origin=pictures.origin, interpolation="nearest")
    _bare(axes, title)
    axes.set_xlabel(below, fontsize=TEXT, labelpad=3)


def draw_nothing(axes: Any, title: str, text: str) -> None:
    """Say in words why a panel is empty."""
    _bare(axes, title)
    axes.spines[:].set_color(palette.GRID)
    middle = {"ha": "center", "va": "center", "transform": axes.transAxes}
    axes.text(0.5, 0.5, text, fontsize=TEXT, **middle)


def draw_bins(
    axes: Any, density: NDArray[np.float64], edges: NDArray[np.float64], color: str, **line: Any
) -> None:
    """Draw a histogram as an outline (`line`: its style and label)."""
    axes.stairs(density, edges, color=color, **{"lw": 1.8, **line})


def draw_scatter(
    axes: Any, truth: NDArray[np.float64], predicted: NDArray[np.float64], error: float
) -> None:
    """Draw predictions against the truth with the line of equality, and write their RMSE."""
    count = len(truth)
    axes.plot([0, 1], [0, 1], color=palette.REFERENCE, lw=1.5)
    dots = {"s": float(np.clip(4000 / count, 2, 12)), "alpha": float(np.clip(150 / count, 0.05, 1))}
    axes.scatter(truth, predicted, color=palette.NONMERGER, lw=0, rasterized=True, **dots)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
    place = {"ha": "left", "va": "top", "transform": axes.transAxes, "bbox": box}
    axes.text(0.04, 0.96, f"RMSE {error:.3f}", fontsize=TEXT, **place)


def draw_column(axes: Any, history: Any, column: str, **line: Any) -> None:
    """Draw a column of a training's history against the epoch, if it has it."""
    if column in history:
        marker = "o" if len(history) < 3 else ""
        axes.plot(history["epoch"], history[column], lw=2, marker=marker, **line)


def model_style(number: int) -> dict[str, str]:
    """Return line and colour of a model among others.

    Examples
    --------
    >>> model_style(0)
    {'color': '#000000', 'ls': '-'}
    """
    return {"color": _INKS[number % len(_INKS)], "ls": _STYLES[number % len(_STYLES)]}


def draw_matrix(axes: Any, matrix: NDArray[np.float64], names: Sequence[str]) -> Any:
    """Draw correlations, grey where there is none, with the names on both axes."""
    shown = axes.imshow(matrix, cmap=COLORS, vmin=-1, vmax=1, interpolation="nearest")
    axes.set_facecolor(palette.REFERENCE)
    places = range(len(names))
    axes.set_xticks(places, names, rotation=90, fontsize=TEXT)
    axes.set_yticks(places, names, fontsize=TEXT)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return shown


def mark_questions(axes: Any) -> None:
    """Draw lines between the questions on a 37 by 37 matrix."""
    for place in list(SLICES.values())[1:]:
        axes.axhline(place.start - 0.5, color=palette.ROC, lw=0.8)
        axes.axvline(place.start - 0.5, color=palette.ROC, lw=0.8)


def write_cells(axes: Any, matrix: NDArray[np.float64]) -> None:
    """Write the value into each cell of a matrix."""
    for (row, column), value in np.ndenumerate(matrix):
        # Without "-.00", and short enough for seven in a row.
        text = f"{round(value, 2) + 0.0:.2f}".replace("0.", ".").replace("-", "−")
        text = {"1.00": "1", "−1.00": "−1", "nan": "–"}.get(text, text)
        ink = "white" if not abs(value) < 0.6 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=TEXT, color=ink)


def _bare(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=TEXT, pad=4)
    axes.set_xticks([])
    axes.set_yticks([])
