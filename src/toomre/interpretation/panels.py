"""What the figures of explanations consist of: each function draws on axes that it is given.

Nothing here imports matplotlib, so that a user may put the panels together as they like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.evaluation import drawing, palette
from toomre.evaluation.companion import RADIUS
from toomre.interpretation.shown import Shown

__all__ = [
    "COLORS",
    "SIGNED",
    "blank",
    "draw_activation",
    "draw_map",
    "draw_pointing",
    "draw_row",
    "name_block",
    "name_row",
]

#: Colours of maps from 0 to 1, and of those from -1 to 1: in order for every kind of colour vision.
COLORS, SIGNED = "cividis", "PuOr_r"


def blank(axes: Any) -> None:
    """Take ticks and frame away."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def draw_row(axes: NDArray[Any], shown: Shown, names: Sequence[str]) -> None:
    """Draw an image and its maps side by side."""
    drawing.draw_image(axes[0], shown.picture, shown.score, shown.truth, shown.origin)
    axes[0].spines[:].set_visible(True)
    for each, name in zip(axes[1:], names, strict=True):
        draw_map(each, shown, name)
        each.set_title(name, fontsize=drawing.TICK, pad=3)


def draw_map(axes: Any, shown: Shown, name: str) -> None:
    """Draw one map of an image, with a white ring around its companion."""
    style = {"cmap": COLORS, "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    axes.imshow(shown.maps[name], origin=shown.origin, **style)
    blank(axes)
    if shown.companion is not None:
        size = len(shown.maps[name])
        turn = np.linspace(0, 2 * np.pi, 60)
        x, y = (
            place + RADIUS * size * wave
            for place, wave in zip(shown.companion, (np.cos(turn), np.sin(turn)), strict=True)
        )
        limits = axes.get_xlim(), axes.get_ylim()
        axes.plot(x, y, color="white", lw=1.2)
        axes.set(xlim=limits[0], ylim=limits[1])


def draw_activation(axes: Any, values: NDArray[np.float32], number: int, origin: str) -> None:
    """Draw what one filter gave, in units of its largest absolute value."""
    largest = float(np.abs(values).max()) or 1.0
    style = {"cmap": SIGNED, "vmin": -1, "vmax": 1, "interpolation": "nearest"}
    axes.imshow(values / largest, origin=origin, **style)
    blank(axes)
    axes.set_title(f"filter {number}", fontsize=drawing.TICK, pad=3)


def draw_pointing(axes: Any, table: pd.DataFrame) -> None:
    """Draw a bar a row: `name`, `hit`, `lower`, `upper`, beside `chance` and `turned`."""
    place = np.arange(len(table))
    error = np.clip([table["hit"] - table["lower"], table["upper"] - table["hit"]], 0, None)
    style = {"color": palette.LEARNING_RATE, "edgecolor": palette.ROC, "capsize": 3}
    axes.barh(place, table["hit"], xerr=error, height=0.7, label="peaks, 95 % interval", **style)
    mark = {"zorder": 4, "ls": "", "mew": 2}
    chance = {"color": palette.REFERENCE, "marker": "x", "ms": 6, **mark}
    axes.plot(table["chance"], place, label="a random peak", **chance)
    turned = {"color": palette.MERGER, "marker": "|", "ms": 11, **mark}
    axes.plot(table["turned"], place, label="the region turned", **turned)
    drawing.dress(axes, "", "")
    axes.set_yticks(place, table["name"])
    axes.set(ylim=(len(table) - 0.4, -0.6), xlim=(0, 1.02))


def name_row(axes: Any, name: str) -> None:
    """Write a name beside the first axes of a row."""
    style = {"rotation": 0, "ha": "right", "va": "center", "labelpad": 8}
    axes.set_ylabel(name, fontsize=drawing.LABEL, **style)


def name_block(axes: Any, name: str) -> None:
    """Write a name above the first axes of a block of columns, over its title."""
    style = {"xycoords": "axes fraction", "fontsize": drawing.TITLE, "ha": "left"}
    axes.annotate(name, (0, 1.25), **style)
