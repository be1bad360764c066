"""Figures of where a model fails: each function takes a table and returns a matplotlib figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.evaluation import drawing, palette
from toomre.evaluation.bias.cameras import Agreement
from toomre.evaluation.bias.columns import Column
from toomre.evaluation.bias.density import density, enclosing_levels, spreads

__all__ = [
    "agreement_figure",
    "association_figure",
    "performance_figure",
    "score_density_figure",
    "state_histogram_figure",
]

# Metric -> its name, colour, marker and line style.
_RATES = {
    "accuracy": ("accuracy", palette.ROC, "o", "-"),
    "completeness": ("completeness", palette.MERGER, "s", "-"),
    "specificity": ("specificity", palette.NONMERGER, "^", "-"),
    "purity": ("purity", palette.MERGER, "D", ":"),
}
_SCORES = {
    "score_mergers": ("mergers", palette.MERGER, "s", "-"),
    "score_nonmergers": ("nonmergers", palette.NONMERGER, "^", "-"),
}
# State -> its colour and line style.
_STATES = {
    "nonmerger": (palette.NONMERGER, "-"),
    "past merger": (palette.MERGER, "-"),
    "future merger": (palette.MERGER, "--"),
    "merger": (palette.MERGER, ":"),
}
_LOOKS = {"mergers": (palette.MERGER, "s", 0.15), "nonmergers": (palette.NONMERGER, "^", -0.15)}
# Shares of the images within the contours, and the fewest images that have contours.
_WITHIN, _FEWEST = (0.2, 0.5, 0.8, 0.95), 20
_BINS = 50
_ABOVE: dict[str, Any] = {
    "loc": "outside upper center",
    "frameon": False,
    "fontsize": drawing.TICK,
}


def performance_figure(curves: pd.DataFrame, column: Column, note: str = "") -> Figure:
    """Draw metrics, mean scores and the number of galaxies against a column.

    Parameters
    ----------
    curves
        From `toomre.evaluation.bias.curves.performance`.
    column
        Which column it is.
    note
        For the title, such as the p-value of a test.

    Examples
    --------
    >>> row = {"bin": 0, "low": 0.0, "high": 1.0, "middle": 0.5, "category": "", "images": 9,
    ...        "galaxies": 9, "metric": "accuracy", "value": 0.8, "lower": 0.7, "upper": 0.9}
    >>> performance_figure(pd.DataFrame([row]), Column("m20", "M20")).axes[2].get_xlabel()
    'M20'
    """
    figure = Figure(figsize=(7, 8), layout="constrained")
    upper, middle, lower = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 1))
    first = curves.drop_duplicates("bin")
    _draw_metrics(upper, curves, _RATES, column)
    _draw_metrics(middle, curves, _SCORES, column)
    if column.kind == "category":
        lower.bar(first["bin"], first["galaxies"], 0.6, color=palette.REFERENCE)
        long = sum(map(len, first["category"])) > 50
        turn: dict[str, Any] = {"rotation": 30, "ha": "right"} if long else {}
        lower.set_xticks(first["bin"], first["category"], **turn)
    else:
        # A bin of one value still has a width that can be seen.
        width = np.maximum(first["high"] - first["low"], 0.01 * np.ptp(first["middle"]) + 1e-9)
        look = {"align": "edge", "color": palette.REFERENCE, "ec": "white"}
        lower.bar(first["low"], first["galaxies"], width, **look)
    if column.log:
        lower.set_xscale("log")
    drawing.dress(upper, "", "rate, 95 % interval")
    drawing.dress(middle, "", "mean score, 95 % interval")
    drawing.dress(lower, column.title, "galaxies")
    for axes in (upper, middle):
        axes.set_ylim(-0.02, 1.02)
    lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    figure.align_ylabels()
    handles, names = upper.get_legend_handles_labels()
    if note:
        upper.set_title(note, fontsize=drawing.TICK)
    figure.legend(handles, names, ncols=4, **_ABOVE)
    return figure


def association_figure(tests: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Draw how strongly the error hangs on each column, beside what could have been seen.

    Parameters
    ----------
    tests
        From `toomre.evaluation.bias.association.bias_tests`.
    titles
        Name of a column -> what it is called.

    Examples
    --------
    >>> row = {"column": "m20", "class": "mergers", "measure": "spearman", "value": 0.3,
    ...        "detectable": 0.1, "p": 0.001, "p_holm": 0.001, "galaxies": 400}
    >>> (axes,) = association_figure(pd.DataFrame([row]), {"m20": "M20"}).axes
    >>> axes.get_yticklabels()[0].get_text()
    'M20'
    """
    columns = list(dict.fromkeys(tests["column"]))[::-1]
    figure = Figure(figsize=(8, 1.6 + 0.5 * max(len(columns), 2)), layout="constrained")
    axes: Any = figure.subplots()
    for name, (color, marker, offset) in _LOOKS.items():
        mine = tests[tests["class"] == name]
        place = np.array([columns.index(each) for each in mine["column"]]) + offset
        low = np.where(mine["measure"] == "spearman", -mine["detectable"], 0.0)
        axes.hlines(place, low, mine["detectable"], color=palette.GRID, lw=6, zorder=1)
        for found, (_, row) in zip(place, mine.iterrows(), strict=True):
            fill = color if row["p_holm"] < 0.05 else "white"
            axes.plot(row["value"], found, marker, color=color, mfc=fill, ms=8, zorder=3)
    axes.axvline(0, color=palette.REFERENCE, lw=1)
    drawing.dress(axes, "dependence of the error (rank correlation; eta of categories)", "")
    axes.set_yticks(range(len(columns)), [titles.get(name, name) for name in columns])
    axes.set_ylim(-0.6, len(columns) - 0.4)
    values = tests[["value", "detectable"]].to_numpy(np.float64)
    reach = float(np.nanmax(np.abs(values), initial=0.1))
    axes.set_xlim(-1.1 * reach, 1.1 * reach)
    shape: dict[str, Any] = {"ls": "", "ms": 8}
    handles: list[Line2D] = [
        Line2D([], [], color=c, marker=m, label=name, **shape) for name, (c, m, _) in _LOOKS.items()
    ]
    empty: dict[str, Any] = {
        "color": "black",
        "mfc": "white",
        "marker": "o",
        "label": "p (Holm) of 0.05 or more",
    }
    handles.append(Line2D([], [], **empty, **shape))
    handles.append(Line2D([], [], color=palette.GRID, lw=6, label="95 % if there were none"))
    figure.legend(handles=handles, ncols=4, **_ABOVE)
    return figure


def score_density_figure(table: pd.DataFrame, column: Column, threshold: float) -> Figure:
    """Draw the scores against a column, a panel each for non-, past and future mergers.

    The grey areas hold 20, 50, 80 and 95 % of the images, the lines the same shares of those with
    the right answer; crosses are the wrong answers.

    Parameters
    ----------
    table
        A row an image: `state`, `p_merger` and the column, which are numbers.
    column
        Which column it is.
    threshold
        A score of at least this means merger.

    Raises
    ------
    ArgumentError
        If there is no image with all of them.

    Examples
    --------
    >>> table = pd.DataFrame({"state": "nonmerger", "p_merger": [0.2, 0.7], "m20": [-2.0, -1.0]})
    >>> score_density_figure(table, Column("m20", "M20"), 0.5).axes[0].get_title()
    'nonmerger: 2 images'
    """
    known = table.dropna(subset=["p_merger", column.name])
    states = [state for state in _STATES if (known["state"] == state).any()]
    if not states:
        raise ArgumentError.expected("table", f"images with a score and {column.name}", len(table))
    figure = Figure(figsize=(1 + 4.2 * len(states), 4.8), layout="constrained")
    grid = figure.subplots(1, len(states), sharex=True, sharey=True, squeeze=False)[0]
    for axes, state in zip(grid, states, strict=True):
        mine = known[known["state"] == state]
        right = (mine["p_merger"] >= threshold) == (state != "nonmerger")
        x = mine[column.name].to_numpy(dtype=np.float64)
        _draw_density(axes, x, mine["p_merger"].to_numpy(), right.to_numpy(), _STATES[state][0])
        axes.axhline(threshold, color=palette.REFERENCE, ls="--", lw=1.5)
        drawing.dress(axes, column.title, "score p_merger" if axes is grid[0] else "")
        axes.set_ylim(0, 1)
        if column.log:
            axes.set_xscale("log")
        else:
            axes.locator_params(axis="x", nbins=5)  # more would run into one another
        axes.set_title(f"{state}: {len(mine)} images", fontsize=drawing.LABEL)
    gray = {"color": palette.REFERENCE, "lw": 8, "alpha": 0.5, "label": "all"}
    looks: list[dict[str, Any]] = [
        gray,
        {"color": "black", "lw": 2, "label": "right answers"},
        {"color": "black", "ls": "", "marker": "x", "label": "wrong answers"},
        {"color": palette.REFERENCE, "ls": "--", "label": f"threshold {threshold:.3f}"},
    ]
    figure.legend(handles=[Line2D([], [], **look) for look in looks], ncols=4, **_ABOVE)
    return figure


def state_histogram_figure(state: pd.Series, score: pd.Series, threshold: float) -> Figure:
    """Draw how the scores of non-, past and future mergers are spread, in 50 bins.

    Parameters
    ----------
    state
        From `toomre.evaluation.bias.columns.merger_state`.
    score
        One for each image.
    threshold
        A score of at least this means merger.

    Examples
    --------
    >>> figure = state_histogram_figure(pd.Series(["nonmerger"]), pd.Series([0.2]), 0.5)
    >>> figure.axes[0].get_xlabel()
    'score p_merger'
    """
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes: Any = figure.subplots()
    edges = np.linspace(0, 1, _BINS + 1)
    for name, (color, style) in _STATES.items():
        mine = score[(state == name).to_numpy()].dropna()
        if not len(mine):
            continue
        share = np.histogram(mine, edges)[0] / len(mine)
        text = f"{name}s ({len(mine)} images)"
        axes.stairs(share, edges, color=color, ls=style, lw=2, label=text)
    text = f"threshold {threshold:.3f}"
    axes.axvline(threshold, color=palette.REFERENCE, ls="--", lw=1.5, label=text)
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    drawing.dress(axes, "score p_merger", f"share of the class in a bin of {1 / _BINS:g}")
    figure.legend(ncols=2, **_ABOVE)
    return figure


def agreement_figure(agreements: Mapping[str, Agreement]) -> Figure:
    """Draw from how many sides galaxies are called mergers, beside independent answers.

    Parameters
    ----------
    agreements
        ``"mergers"`` or ``"nonmergers"`` -> from
        `toomre.evaluation.bias.cameras.camera_agreement`.

    Examples
    --------
    >>> from toomre.evaluation.bias.cameras import camera_agreement
    >>> found = camera_agreement(pd.Series([True, False] * 2), pd.Series(["a", "a", "b", "b"]))
    >>> agreement_figure({"mergers": found}).axes[0].get_xlabel()
    'sides from which it is called a merger'
    """
    figure = Figure(figsize=(1 + 4.5 * len(agreements), 4.8), layout="constrained")
    grid = figure.subplots(1, len(agreements), sharey=True, squeeze=False)[0]
    for axes, (name, found) in zip(grid, agreements.items(), strict=True):
        table = found.table
        ends = [table["fraction"] - table["lower"], table["upper"] - table["fraction"]]
        look = {"color": _LOOKS[name][0], "yerr": np.clip(ends, 0, None), "capsize": 4}
        axes.bar(table["sides"], table["fraction"], 0.7, label="galaxies, 95 % interval", **look)
        dots = {"color": "black", "mfc": "white", "ms": 8, "ls": "--"}
        text = "if the sides were independent"
        axes.plot(table["sides"], table["expected"], "o", label=text, **dots)
        first = "share of the galaxies" if axes is grid[0] else ""
        drawing.dress(axes, "sides from which it is called a merger", first)
        axes.set_xticks(table["sides"])
        number = int(table["galaxies"].sum())
        text = f"{number} {name}: {found.rate:.0%} of the images,\ncorrelation "
        axes.set_title(f"{text}{found.correlation:.2f}", fontsize=drawing.LABEL)
        axes.set_ylim(bottom=0)
        drawing.legend(axes)
    return figure


def _draw_metrics(
    axes: Any,
    curves: pd.DataFrame,
    looks: Mapping[str, tuple[str, str, str, str]],
    column: Column,
) -> None:
    number = column.kind == "number"
    for place, (metric, (name, color, marker, style)) in enumerate(looks.items()):
        mine = curves[(curves["metric"] == metric) & curves["value"].notna()]
        if not len(mine):
            continue
        # Side by side where there is no scale, so that intervals do not hide one another.
        x = mine["middle"] if number else mine["bin"] + 0.12 * (place - len(looks) / 2 + 0.5)
        reach = [mine["value"] - mine["lower"], mine["upper"] - mine["value"]]
        reach = np.nan_to_num(np.clip(reach, 0, None))
        look = {"color": color, "marker": marker, "ms": 6, "capsize": 3, "label": name}
        axes.errorbar(x, mine["value"], yerr=reach, ls=style if number else "", **look)


def _draw_density(
    axes: Any,
    x: NDArray[np.float64],
    score: NDArray[np.float64],
    right: NDArray[np.bool_],
    color: str,
) -> None:
    for mine, filled in ((np.ones(len(x), bool), True), (right, False)):
        if mine.sum() < _FEWEST or not spreads(x[mine], score[mine]):
            axes.scatter(x[mine], score[mine], s=10, c=color, lw=0)
            continue
        across, up, height = density(x[mine], score[mine])
        levels = enclosing_levels(height, _WITHIN)
        if filled:
            axes.contourf(
                across, up, height, [*levels, height.max() * 1.001], cmap="Greys", alpha=0.7
            )
        else:
            axes.contour(across, up, height, levels, colors=color, linewidths=1.5)
    axes.scatter(x[~right], score[~right], s=14, c=color, marker="x", lw=0.8, alpha=0.6)
