"""Figures of what networks look at: each function returns a matplotlib figure.

Maps of 0 to 1 share one colour bar. A white ring is the region of the companion, where the truth
about a simulated image tells it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.evaluation import drawing, palette
from toomre.interpretation import panels
from toomre.interpretation.shown import Shown

__all__ = ["answers_figure", "classes_figure", "layers_figure", "pointing_figure"]

# Sides of a panel, of its title, of a letter and of a colour bar with its name [inch].
_SIDE, _TITLE, _LETTER, _BAR = 1.3, 0.28, 0.1, 0.9
_LEGEND = {"frameon": False, "fontsize": drawing.TICK}


def answers_figure(
    domains: Mapping[str, Mapping[str, Sequence[Shown]]], count: int, title: str
) -> Figure:
    """Show images of each kind of answer, each beside its maps, a block of columns a domain.

    Parameters
    ----------
    domains
        Name of a domain -> kind of answer -> images; all have maps of the same names.
    count
        Images of one kind in a domain.
    title
        What stands above.

    Raises
    ------
    ArgumentError
        If there is no image.

    Examples
    --------
    >>> shown = Shown(np.zeros((4, 4, 3), np.uint8), 0.9, 1, {"merger": np.eye(4, dtype="f4")})
    >>> figure = answers_figure({"source": {"true positive": [shown]}}, 1, "sure answers")
    >>> figure.axes[1].get_title()
    'merger'
    """
    kinds = list(next(iter(domains.values()), {}))
    every = [each for kind in domains.values() for row in kind.values() for each in row]
    names = _map_names(every)
    width = 1 + len(names)
    labels = [kind.replace(" ", "\n") for kind in kinds]
    figure, grid = _grid(labels, count * width * len(domains))
    for block, (domain, answers) in enumerate(domains.items()):
        panels.name_block(grid[0][block * count * width], domain)
        for row, kind in zip(grid, kinds, strict=True):
            first = row[block * count * width :]
            for number, shown in enumerate(answers[kind][:count]):
                panels.draw_row(first[number * width : (number + 1) * width], shown, names)
            if not answers[kind]:
                style = {"ha": "center", "va": "center", "fontsize": drawing.LABEL}
                first[0].text(0.5, 0.5, "none", transform=first[0].transAxes, **style)
    _foot(figure, grid, title, every)
    return figure


def classes_figure(domains: Mapping[str, Sequence[Shown]], title: str) -> Figure:
    """Show images in columns, a block a domain, and below each its maps, a row a map.

    Examples
    --------
    >>> shown = Shown(np.zeros((4, 4, 3), np.uint8), 0.9, 1, {"merger": np.eye(4, dtype="f4")})
    >>> figure = classes_figure({"source": [shown], "target": [shown]}, "both classes")
    >>> len(figure.axes)  # two images, two maps, a colour bar
    5
    """
    columns = [shown for images in domains.values() for shown in images]
    names = _map_names(columns)
    figure, grid = _grid(["image", *names], len(columns))
    for column, shown in zip(grid.T, columns, strict=True):
        panels.draw_row(column[:1], shown, [])
        for axes, name in zip(column[1:], names, strict=True):
            panels.draw_map(axes, shown, name)
            if name in shown.scores:
                axes.set_title(f"{shown.scores[name]:.3f}", fontsize=drawing.TICK, pad=3)
    first = 0
    for domain, images in domains.items():
        if images:
            panels.name_block(grid[0][first], domain)
        first += len(images)
    _foot(figure, grid, title, columns)
    return figure


def layers_figure(
    shown: Shown, activations: Mapping[str, NDArray[np.float32]], filters: Mapping[str, list[int]]
) -> Figure:
    """Show an image, Grad-CAM of several layers, and activation maps of some filters of each.

    Parameters
    ----------
    shown
        The image; its maps are named by the layers.
    activations
        Layer -> maps (filter, y, x), each drawn in units of its own largest absolute value.
    filters
        Layer -> the filters' numbers.

    Examples
    --------
    >>> maps = {"layers.0": np.eye(4, dtype="f4")}
    >>> shown = Shown(np.zeros((4, 4, 3), np.uint8), 0.9, 1, maps)
    >>> figure = layers_figure(shown, {"layers.0": np.ones((1, 2, 2), "f4")}, {"layers.0": [5]})
    >>> figure.axes[3].get_title()
    'filter 5'
    """
    width = max(len(maps) for maps in activations.values())
    figure, grid = _grid(["image", *activations], 1 + width, bars=2)
    panels.draw_row(grid[0][:1], shown, [])
    for row, (layer, maps) in zip(grid[1:], activations.items(), strict=True):
        panels.draw_map(row[0], shown, layer)
        row[0].set_title("Grad-CAM", fontsize=drawing.TICK, pad=3)
        for axes, number, values in zip(row[1:], filters[layer], maps, strict=False):
            panels.draw_activation(axes, values, number, shown.origin)
    _color_bar(figure, grid, panels.SIGNED, -1, "activation / its largest absolute value")
    _foot(figure, grid, "Grad-CAM and activation maps by layer", [shown])
    return figure


def pointing_figure(table: pd.DataFrame) -> Figure:
    """Draw how often peaks fall on the companion, with 95 % intervals, beside chance.

    Parameters
    ----------
    table
        A row a bar: `group` (a row of panels), `peaks` (a column of them), `name`, `hit`,
        `lower`, `upper`, `chance` and `turned`.

    Examples
    --------
    >>> row = {"group": "source", "peaks": "anywhere", "name": "Grad-CAM", "hit": 0.4}
    >>> row |= {"lower": 0.3, "upper": 0.5, "chance": 0.02, "turned": 0.05}
    >>> figure = pointing_figure(pd.DataFrame([row]))
    >>> figure.axes[0].get_title("left").splitlines()
    ['source', 'peaks anywhere']
    """
    groups, columns = (list(dict.fromkeys(table[name])) for name in ("group", "peaks"))
    engine = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    bars = len(table) / len(columns)
    size = (3.5 + 3.2 * len(columns), 1.4 + 0.32 * bars + 0.7 * len(groups))
    figure = Figure(figsize=size, layout=engine)
    grid = figure.subplots(len(groups), len(columns), sharex=True, sharey="row", squeeze=False)
    for row, group in zip(grid, groups, strict=True):
        for axes, column in zip(row, columns, strict=True):
            own = table[(table["group"] == group) & (table["peaks"] == column)]
            panels.draw_pointing(axes, own)
            name = f"{group}\n" if axes is row[0] else ""
            axes.set_title(f"{name}peaks {column}", fontsize=drawing.LABEL, loc="left")
    figure.supxlabel("peaks on the companion, fraction of images", fontsize=drawing.LABEL)
    handles, names = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=3, **_LEGEND)
    return figure


def _grid(labels: Sequence[str], columns: int, bars: int = 1) -> tuple[Figure, NDArray[Any]]:
    """Return blank axes, a row a label, with room for the labels and for colour bars."""
    longest = max(len(line) for label in labels for line in label.split("\n"))
    engine = ConstrainedLayoutEngine(
        w_pad=0.03, h_pad=0.03, wspace=0.01, hspace=0.01, compress=True
    )
    width = 0.4 + _LETTER * longest + _SIDE * columns + _BAR * bars
    size = (max(width, 6.5), 1.3 + (_SIDE + _TITLE) * len(labels))
    figure = Figure(figsize=size, layout=engine)
    grid = figure.subplots(len(labels), columns, squeeze=False)
    for axes in grid.ravel():
        panels.blank(axes)
    for axes, label in zip(grid[:, 0], labels, strict=True):
        panels.name_row(axes, label)
    return figure, grid


def _map_names(shown: Sequence[Shown]) -> list[str]:
    if not shown:
        raise ArgumentError.expected("domains", "at least one image to show", 0)
    return list(shown[0].maps)


def _color_bar(figure: Figure, grid: NDArray[Any], colors: str, low: float, name: str) -> None:
    mapped = ScalarMappable(Normalize(low, 1), colors)
    bar = figure.colorbar(mapped, ax=grid, location="right", aspect=30, shrink=0.8, pad=0.02)
    bar.set_label(name, fontsize=drawing.LABEL)
    bar.ax.tick_params(labelsize=drawing.TICK)


def _foot(figure: Figure, grid: NDArray[Any], title: str, shown: Sequence[Shown]) -> None:
    """Add title, colour bar and the meaning of colours and rings."""
    _color_bar(figure, grid, panels.COLORS, 0, "map / its largest value")
    figure.suptitle(title, fontsize=drawing.TITLE)
    classes = {each.truth for each in shown}
    handles = [
        Line2D([], [], color=color, lw=2, label=f"a {name}, with its score p_merger")
        for truth, (name, color) in enumerate(drawing.CLASSES)
        if truth in classes
    ]
    if any(each.companion for each in shown):
        ring: dict[str, Any] = {"marker": "o", "ls": "", "ms": 9, "mfc": "none"}
        ring["mec"] = palette.REFERENCE
        handles.append(Line2D([], [], **ring, label="ring: the companion"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, **_LEGEND)
