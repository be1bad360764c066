"""Figures of an embedding: maps at some epochs, and how the distances went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from toomre.errors import ArgumentError
from toomre.evaluation import drawing, palette

__all__ = ["distances_figure", "embedding_figure"]

_COLUMNS = 3
# Name -> marker, opacity and size: the source stands back (DeepMerge II's code has 0.3 and 1).
_DOMAINS = {"source": ("o", 0.3, 14), "target": ("^", 1.0, 16)}
_UNKNOWN = ("no label", palette.REFERENCE)

#: Panel -> its columns, their names and line styles.
_PANELS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "domain classifier": {"domain_accuracy": ("accuracy", "-")},
    "MMD$^2$": {"mmd": ("between the domains", "-")},
    "silhouette": {
        "silhouette_domain": ("by domain", "-"),
        "silhouette_class_source": ("by class, source", "--"),
        "silhouette_class_target": ("by class, target", ":"),
    },
}


def embedding_figure(
    maps: Mapping[str, pd.DataFrame], notes: Mapping[str, str] | None = None
) -> Figure:
    """Draw maps side by side: colour is the class, marker and opacity the domain.

    Parameters
    ----------
    maps
        Name of a panel, such as ``"epoch 20"``, -> a row an image: `x`, `y`, `domain`
        (``"source"`` or ``"target"``) and `label` (missing where unknown).
    notes
        Name of a panel -> what to print below its name.

    Raises
    ------
    ArgumentError
        If there is no map.

    Examples
    --------
    >>> table = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0], "domain": ["source", "target"],
    ...                       "label": [1, 0]})
    >>> embedding_figure({"epoch 20": table}).axes[0].get_title()
    'epoch 20'
    """
    if not maps:
        raise ArgumentError.expected("maps", "a name -> table of places", dict(maps))
    rows, columns = -(-len(maps) // _COLUMNS), min(len(maps), _COLUMNS)
    figure = Figure(figsize=(1 + 4.4 * columns, 1 + 4.7 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(maps) :]:
        axes.set_visible(False)
    for axes, (name, table) in zip(grid, maps.items(), strict=False):
        _draw_map(axes, table)
        note = (notes or {}).get(name)
        axes.set_title(f"{name}\n{note}" if note else name, fontsize=drawing.LABEL)
    labels = pd.concat([table["label"] for table in maps.values()])
    figure.legend(handles=_handles(bool(labels.isna().any())), **_ABOVE)
    return figure


def distances_figure(table: pd.DataFrame) -> Figure:
    """Draw how the distances between domains and classes went over the epochs.

    Parameters
    ----------
    table
        A row an epoch: `epoch`, `domain_accuracy` with `domain_accuracy_lower` and
        `domain_accuracy_upper`, `mmd`, `silhouette_domain`, `silhouette_class_source` and
        `silhouette_class_target`.

    Examples
    --------
    >>> table = pd.DataFrame({"epoch": [0, 20], "mmd": [0.5, 0.1]})
    >>> distances_figure(table).axes[0].get_ylabel()
    'MMD$^2$'
    """
    panels = {
        panel: {column: look for column, look in lines.items() if column in table}
        for panel, lines in _PANELS.items()
    }
    panels = {panel: lines for panel, lines in panels.items() if lines}
    figure = Figure(figsize=(7, 1 + 2.4 * len(panels)), layout="constrained")
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (panel, lines) in zip(grid, panels.items(), strict=True):
        _draw_lines(axes, table, lines)
        drawing.dress(axes, "", panel)
        drawing.legend(axes)
    grid[-1].set_xlabel("epoch", fontsize=drawing.LABEL)
    grid[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels()
    return figure


_ABOVE: dict[str, Any] = {
    "loc": "outside upper center",
    "ncols": 5,
    "frameon": False,
    "fontsize": drawing.TICK,
}


def _draw_map(axes: Any, table: pd.DataFrame) -> None:
    label = table["label"].to_numpy(dtype=np.float64, na_value=np.nan)
    colors = np.full(len(table), _UNKNOWN[1], dtype=object)
    for value, (_, color) in enumerate(drawing.CLASSES):
        colors[label == value] = color
    for domain, (marker, opacity, size) in _DOMAINS.items():
        mine = np.flatnonzero(table["domain"] == domain)
        # In a random order, so that no class lies on top.
        mine = np.random.default_rng(0).permutation(mine)
        place = table["x"].to_numpy()[mine], table["y"].to_numpy()[mine]
        axes.scatter(*place, c=colors[mine], marker=marker, s=size, alpha=opacity, lw=0)
    drawing.dress(axes, "t-SNE 1 (no unit)", "t-SNE 2 (no unit)")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")


def _handles(unknown: bool) -> list[Line2D]:
    classes: Sequence[tuple[str, str]] = [*drawing.CLASSES, *([_UNKNOWN] if unknown else [])]
    handles = [Line2D([], [], color=c, marker="s", ls="", ms=8, label=n) for n, c in classes]
    for domain, (marker, opacity, _) in _DOMAINS.items():
        look: dict[str, Any] = {"color": "black", "marker": marker, "ls": "", "ms": 7}
        look["alpha"] = opacity
        handles.append(Line2D([], [], label=domain, **look))
    return handles


def _draw_lines(axes: Any, table: pd.DataFrame, lines: Mapping[str, tuple[str, str]]) -> None:
    for column, (name, style) in lines.items():
        look = {"color": palette.ROC, "ls": style, "lw": 2, "marker": "o", "ms": 5}
        axes.plot(table["epoch"], table[column], label=name, **look)
        if f"{column}_lower" in table:
            ends = table[f"{column}_lower"], table[f"{column}_upper"]
            shade = {"color": palette.ROC, "alpha": 0.2, "lw": 0, "label": "95 % interval"}
            axes.fill_between(table["epoch"], *ends, **shade)
    chance = 0.5 if "domain_accuracy" in lines else 0.0
    axes.axhline(chance, color=palette.REFERENCE, ls="--", lw=1.5, label="no difference")
