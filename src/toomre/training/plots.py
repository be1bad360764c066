"""Figures of what is tried before a training: each function returns a matplotlib figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from toomre.evaluation import drawing, palette
from toomre.training.lr_scan import Suggestion

__all__ = ["gradient_flow_figure", "lr_scan_figure", "trials_figure"]

# Gradients below this are drawn as this.
_SMALLEST = 1e-12


def gradient_flow_figure(table: pd.DataFrame) -> Figure:
    """Draw the mean and the largest gradient of each layer, from the image to the answer.

    Parameters
    ----------
    table
        From `toomre.training.gradient_flow.GradientFlow`.

    Examples
    --------
    >>> table = pd.DataFrame({"layer": ["conv1.weight"], "mean": [1e-3], "largest": [0.1]})
    >>> gradient_flow_figure(table).axes[0].get_xscale()
    'log'
    """
    engine = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    figure = Figure(figsize=(8, 1.5 + 0.32 * max(len(table), 4)), layout=engine)
    axes: Any = figure.subplots()
    place = np.arange(len(table))
    mean, largest = (table[name].clip(lower=_SMALLEST) for name in ("mean", "largest"))
    axes.hlines(place, mean, largest, color=palette.GRID, lw=6, zorder=1)
    axes.plot(mean, place, "o", color=palette.TRAIN, ms=7, label="mean")
    axes.plot(largest, place, "s", color=palette.ROC, mfc="white", ms=7, label="largest")
    axes.set_xscale("log")
    axes.set_yticks(place, table["layer"].str.removesuffix(".weight"))
    axes.invert_yaxis()
    drawing.dress(axes, "|gradient| of a weight [loss per unit]", "")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=drawing.TICK)
    return figure


def lr_scan_figure(table: pd.DataFrame, found: Suggestion) -> Figure:
    """Draw the loss against the learning rate, with its minimum and the suggested range.

    Parameters
    ----------
    table
        From `toomre.training.lr_scan.scan_table`.
    found
        From `toomre.training.lr_scan.suggest`.

    Examples
    --------
    >>> from toomre.training.lr_scan import scan_table, suggest
    >>> table = scan_table([0.01 * k for k in range(1, 21)], [(k - 9) ** 2 for k in range(20)])
    >>> lr_scan_figure(table, suggest(table)).axes[0].get_xscale()
    'log'
    """
    figure = Figure(figsize=(7.5, 5), layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
    axes: Any = figure.subplots()
    rate, smoothed = table["learning_rate"], table["smoothed_loss"]
    style = {"color": palette.REFERENCE, "s": 8, "alpha": 0.5, "lw": 0}
    axes.scatter(rate, table["loss"], **style, label="each step")
    axes.plot(rate, smoothed, color=palette.TRAIN, lw=2, label="running mean")
    shade = {"color": palette.LEARNING_RATE, "alpha": 0.25, "lw": 0}
    axes.axvspan(found.lowest, found.highest, **shade, label="suggested range")
    point = {"ms": 9, "mec": "black", "ls": "", "mfc": palette.MERGER}
    lowest = f"minimum, {found.highest:.2g}"
    axes.plot(found.highest, smoothed.min(), "o", **point, label=lowest)
    steep = np.interp(found.steepest, rate, smoothed)
    point["mfc"] = palette.LEARNING_RATE
    axes.plot(found.steepest, steep, "s", **point, label=f"steepest, {found.steepest:.2g}")
    axes.set_xscale("log")
    drawing.dress(axes, "learning rate", "training loss")
    # A loss that ran away must not flatten the rest.
    low, high = smoothed.min(), max(smoothed.iloc[0], smoothed.quantile(0.9))
    margin = 0.15 * (high - low) or 1.0
    axes.set_ylim(low - margin, high + 2 * margin)
    drawing.legend(axes, loc="lower left")
    return figure


def trials_figure(
    table: pd.DataFrame, places: Sequence[str], objective: str, *, larger_is_better: bool = False
) -> Figure:
    """Draw the objective of a search's trials in their order, and against each value.

    Parameters
    ----------
    table
        A row a trial, with `trial`, `value` (NaN if it did not come to its end) and a column
        for each of
    places
        the entries of the recipe that were changed.
    objective
        Its name.
    larger_is_better
        Otherwise the smallest value is the best.

    Examples
    --------
    >>> table = pd.DataFrame({"trial": [0, 1], "value": [0.5, 0.4], "seed": [1, 2]})
    >>> len(trials_figure(table, ["seed"], "loss").axes)
    2
    """
    rows = 1 + -(-len(places) // 2)
    engine = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    figure = Figure(figsize=(8, 2.8 * rows), layout=engine)
    grid = figure.add_gridspec(rows, 2)
    axes: Any = figure.add_subplot(grid[0, :])
    kept = table["value"].cummax() if larger_is_better else table["value"].cummin()
    best = table[table["value"] == kept.ffill().iloc[-1]].head(1)
    axes.step(
        table["trial"], kept.ffill(), where="post", color=palette.TRAIN, lw=2, label="best so far"
    )
    _draw_trials(axes, table, best, "trial", objective)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    early = table.loc[table["value"].isna(), "trial"]
    style = {"color": palette.REFERENCE, "marker": "x", "transform": axes.get_xaxis_transform()}
    axes.scatter(early, np.full(len(early), 0.96), **style, label="ended early")
    handles, names = axes.get_legend_handles_labels()
    text = {"ncols": 4, "frameon": False, "fontsize": drawing.TICK}
    figure.legend(handles, names, loc="outside upper center", **text)
    for number, place in enumerate(places):
        axes = figure.add_subplot(grid[1 + number // 2, number % 2])
        _draw_trials(axes, table, best, place, objective)
        if _spans_decades(table[place]):
            axes.set_xscale("log")
    return figure


def _draw_trials(axes: Any, table: pd.DataFrame, best: pd.DataFrame, x: str, name: str) -> None:
    style = {"color": palette.REFERENCE, "s": 22, "zorder": 3}
    large = {"color": palette.MERGER, "s": 70, "zorder": 4}
    for rows, look, label in ((table, style, "trials"), (best, large, "the best")):
        ended = rows[rows["value"].notna()]
        values = ended[x].astype(str) if ended[x].dtype == object else ended[x]
        axes.scatter(values, ended["value"], **look, label=label)
    drawing.dress(axes, x.replace("_", " "), name.replace("_", " "))


def _spans_decades(values: pd.Series[Any]) -> bool:
    numbers = pd.to_numeric(values, errors="coerce").dropna()
    return bool(len(numbers) and numbers.min() > 0 and numbers.max() > 20 * numbers.min())
