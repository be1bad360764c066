"""What the figures of vote fractions share: where panels stand, what they look like, saving.

No figure uses state of pyplot, so that all work without a display and in any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.evaluation import palette
from toomre.evaluation.drawing import LABEL, TITLE, dress
from toomre.evaluation.plots import save_figure
from toomre.evaluation.votes import drawing
from toomre.evaluation.votes.drawing import Pictures
from toomre.storage import atomic_path

__all__ = [
    "BARS",
    "COLUMNS",
    "FRACTION",
    "LEGEND",
    "NAMED",
    "PARTS",
    "ROWS",
    "SHEET",
    "SQUARES",
    "WORDS",
    "Frame",
    "check_counts",
    "color_bar",
    "make_grid",
    "name_figure",
    "save_figures",
    "tick_fractions",
    "title_panel",
]

#: Panels in a row, where there is one for each of the 37 answers.
COLUMNS = 7

#: Look of the legend above all panels.
LEGEND = {"ncols": 4, "frameon": False, "fontsize": LABEL}

#: What the numbers are, for axes and titles.
FRACTION = "fraction of the votes"

#: Name, colour and line of the training and of the validation part.
PARTS = (("training", palette.TRAIN, "-"), ("validation", palette.VALID, "--"))


class Frame(NamedTuple):
    """Sizes [inch]: a panel, the gaps between panels, and the margins of the figure.

    A figure of few panels is at least `width` wide, so that its title has room; what the panels
    do not need is added to both margins.
    """

    panel: tuple[float, float]
    gap: tuple[float, float]
    left: float = 0.3
    bottom: float = 0.3
    right: float = 0.3
    top: float = 0.8
    width: float = 0.0

    def place(self, rows: int, columns: int) -> tuple[Figure, dict[str, float]]:
        """Return a figure, and where its panels stand; no layout engine has to look for it.

        Parameters
        ----------
        rows, columns
            How many panels there are.

        Returns
        -------
        figure
            As large as the panels, the gaps and the margins need.
        places
            For the `gridspec_kw` of `Figure.subplots`: the outer edges in parts of the figure, and
            the gaps (wspace, hspace) in parts of a panel.
        """
        inner = [
            count * size + (count - 1) * gap
            for count, size, gap in zip((columns, rows), self.panel, self.gap, strict=True)
        ]
        width, height = self.left + inner[0] + self.right, self.bottom + inner[1] + self.top
        more = max(self.width - width, 0.0)
        width += more
        places = {"left": (self.left + more / 2) / width}
        places |= {"right": 1 - (self.right + more / 2) / width}
        places |= {"bottom": self.bottom / height, "top": 1 - self.top / height}
        spaces = [gap / size for gap, size in zip(self.gap, self.panel, strict=True)]
        return Figure(figsize=(width, height)), {**places, "wspace": spaces[0], "hspace": spaces[1]}


#: Histograms.
BARS = Frame((2.1, 1.5), (0.25, 0.62), left=0.95, bottom=0.85, right=0.2, top=1.25)

#: Square axes.
SQUARES = Frame((2.0, 2.0), (0.3, 0.62), left=0.95, bottom=0.85, right=0.2, top=1.05)

#: Images with two lines above and two below.
NAMED = Frame((2.0, 2.0), (0.15, 1.0), bottom=0.65, top=1.05)

#: Images with a line above; the title is wider than one image.
SHEET = Frame((2.2, 2.2), (0.1, 0.35), width=5.1)

#: Rows of images, each row with its name on the left.
ROWS = Frame((1.6, 1.6), (0.08, 0.35), left=2.1, top=1.05)

#: Matrices whose ticks are words.
WORDS = Frame((3.2, 3.2), (1.5, 1.9), left=1.5, bottom=1.5, top=0.5)


def save_figures(figures: Mapping[str, Figure], folder: Path) -> None:
    """Write each figure as ``NAME.png`` (150 dots per inch) and ``NAME.pdf``.

    Parameters
    ----------
    figures
        NAME -> figure.
    folder
        Where to; made if it is not there.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> save_figures({"histograms": Figure()}, folder)
    >>> sorted(path.name for path in folder.iterdir())
    ['histograms.pdf', 'histograms.png']
    """
    for name, figure in figures.items():
        save_figure(figure, folder / f"{name}.png")
        with atomic_path(folder / f"{name}.pdf") as temporary:
            # Without the time, the same figure gives the same bytes.
            figure.savefig(temporary, format="pdf", metadata={"CreationDate": None})


def make_grid(
    count: int, columns: int, frame: Frame, shared: bool = False
) -> tuple[Figure, NDArray[Any]]:
    """Return a figure with `count` panels, row by row.

    Parameters
    ----------
    count, columns
        How many panels there are in all, and in a row.
    frame
        Their sizes.
    shared
        Whether all have the same axes.

    Returns
    -------
    figure
        What is left of its last row is empty.
    grid
        The axes, (count,).
    """
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


def name_figure(figure: Figure, title: str = "", x: str = "", y: str = "") -> None:
    """Write a figure's title at its upper edge and the names of shared axes at the others.

    Parameters
    ----------
    figure
        Whose margins have room for them (`Frame`).
    title, x, y
        What to write above, below and on the left; empty: nothing.
    """
    width, height = figure.get_size_inches()
    size: dict[str, Any] = {"fontsize": TITLE, "ha": "center"}
    figure.text(0.5, 1 - 0.12 / height, title, va="top", **size)
    figure.text(0.5, 0.12 / height, x, va="bottom", **size)
    figure.text(0.12 / width, 0.5, y, va="center", rotation=90, **{**size, "ha": "left"})


def title_panel(axes: Any, title: str) -> None:
    """Give a small panel its title, a grid and quiet axes."""
    dress(axes, "", "")
    axes.set_title(title, fontsize=drawing.TEXT, pad=4)


def tick_fractions(axis: Any) -> None:
    """Write 0, 0.5 and 1 at an axis (`axes.xaxis` or `axes.yaxis`)."""
    axis.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])


def color_bar(figure: Figure, shown: Any, **place: Any) -> None:
    """Add the bar of the colours of a matrix of correlations."""
    bar = figure.colorbar(shown, **place)
    bar.set_label("Pearson's correlation", fontsize=TITLE)
    bar.ax.tick_params(labelsize=drawing.TEXT)


def check_counts(pictures: Pictures, **tables: Any) -> None:
    """Refuse tables that have not one row for each image.

    Raises
    ------
    ArgumentError
        Named after the first such table.
    """
    for name, table in tables.items():
        if len(table) != len(pictures):
            allowed = f"of length {len(pictures)}, one row an image"
            raise ArgumentError.expected(name, allowed, len(table))
