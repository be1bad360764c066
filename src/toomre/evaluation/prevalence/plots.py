"""Figures of merger fractions, and of purity and completeness."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from toomre.evaluation import drawing, palette
from toomre.evaluation.prevalence.selection import Band

__all__ = ["binned_fraction_figure", "fraction_figure", "selection_figure"]

#: Method -> name, colour and marker; the corrected ones stand out.
_STYLES = {
    "count": ("count at the threshold", palette.REFERENCE, "s"),
    "adjusted": ("adjusted count", palette.MERGER, "o"),
    "expectation_maximisation": ("expectation-maximisation", palette.ROC, "D"),
    "votes": ("count at p ≥ 0.30", palette.REFERENCE, "^"),
}
_INTERVAL = "95 % interval"
_TICKS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def fraction_figure(table: pd.DataFrame) -> Figure:
    """Draw the merger fraction of each method with its interval.

    Parameters
    ----------
    table
        From `toomre.evaluation.prevalence.bins.estimate_table`.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"method": ["count"], "fraction": [0.1], "lower": [0.08], "upper": [0.12]}
    ... )
    >>> fraction_figure(table).axes[0].get_xlabel()
    'merger fraction, 95 % interval'
    """
    figure = _figure(7, 1.2 + 0.6 * len(table))
    axes = figure.subplots()
    for place, row in enumerate(table.to_dict("records")):
        _, color, marker = _STYLES[str(row["method"])]
        reach = _reach(row["fraction"], row["lower"], row["upper"])
        style: dict[str, Any] = {"fmt": marker, "color": color, "ms": 8, "capsize": 4, "lw": 2}
        axes.errorbar(row["fraction"], place, xerr=reach, **style)
    drawing.dress(axes, f"merger fraction, {_INTERVAL}", "")
    names = [_STYLES[method][0] for method in table["method"]]
    axes.set_yticks(range(len(table)), names)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlim(left=0)
    return figure


def binned_fraction_figure(table: pd.DataFrame, name: str) -> Figure:
    """Draw the merger fraction in bins of a property.

    Parameters
    ----------
    table
        From `toomre.evaluation.prevalence.bins.binned_fractions`.
    name
        What the property is, with its unit, for the axis.

    Examples
    --------
    >>> row = {"method": "count", "fraction": 0.1, "lower": 0.08, "upper": 0.12}
    >>> table = pd.DataFrame([{"from": 0.0, "to": 0.1, "middle": 0.05, "galaxies": 9, **row}])
    >>> binned_fraction_figure(table, "redshift").axes[1].get_xlabel()
    'redshift'
    """
    figure = _figure(7.5, 5.5)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    methods = [method for method in _STYLES if (table["method"] == method).any()]
    for number, method in enumerate(methods):
        mine = table[table["method"] == method]
        label, color, marker = _STYLES[method]
        # Beside each other, so that no interval hides another.
        shift = (number - (len(methods) - 1) / 2) * 0.08 * (mine["to"] - mine["from"])
        reach = _reach(mine["fraction"], mine["lower"], mine["upper"])
        place = (mine["from"] + mine["to"]) / 2 + shift
        style: dict[str, Any] = {"fmt": marker, "color": color, "ms": 6, "capsize": 3, "lw": 1.8}
        axes.errorbar(place, mine["fraction"], yerr=reach, label=label, **style)
    first = table[table["method"] == methods[0]]
    edges = [*first["from"], first["to"].iloc[-1]]
    below.stairs(first["galaxies"], edges, color=palette.ROC, alpha=0.2, fill=True)
    below.stairs(first["galaxies"], edges, color=palette.ROC, lw=1.5)
    below.set_ylim(bottom=0)
    axes.set_ylim(bottom=0)
    axes.set_xlim(edges[0], edges[-1])
    drawing.dress(axes, "", f"merger fraction, {_INTERVAL}")
    drawing.dress(below, name, "galaxies")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=10)
    return figure


def selection_figure(
    by_threshold: tuple[Band, Band], by_fraction: Band, *, fraction: float, threshold: float
) -> Figure:
    """Draw purity and completeness against the threshold and against the true fraction.

    Parameters
    ----------
    by_threshold
        Purity and completeness from `toomre.evaluation.prevalence.selection`.
    by_fraction
        Purity at the threshold.
    fraction
        The true fraction of the first panel.
    threshold
        The threshold of the second panel.

    Examples
    --------
    >>> band = Band(*(np.array([0.1, 0.9]) for _ in range(4)))
    >>> figure = selection_figure((band, band), band, fraction=0.1, threshold=0.5)
    >>> figure.axes[1].get_xlabel()
    'true fraction of mergers'
    """
    figure = _figure(11, 4.8)
    left, right = figure.subplots(1, 2, sharey=True)
    purity, completeness = by_threshold
    _draw_band(left, purity, palette.MERGER, "-", "purity")
    _draw_band(left, completeness, palette.ROC, "--", "completeness")
    left.axvline(threshold, color=palette.REFERENCE, ls=":", lw=1.5, label="threshold")
    drawing.dress(left, "threshold of p_merger", f"value, {_INTERVAL}")
    left.set_title(f"where {fraction:.3g} of the galaxies are mergers", fontsize=drawing.TITLE)
    left.set_xlim(0, 1)
    _draw_band(right, by_fraction, palette.MERGER, "-", "purity")
    place = int(np.argmin(np.abs(completeness.at - threshold)))
    known = (completeness.value, completeness.lower, completeness.upper)
    flat = (np.full(len(by_fraction.at), values[place]) for values in known)
    _draw_band(right, Band(by_fraction.at, *flat), palette.ROC, "--", "completeness")
    right.axvline(fraction, color=palette.REFERENCE, ls=":", lw=1.5, label="the first panel's")
    right.set_xscale("log")
    right.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    drawing.dress(right, "true fraction of mergers", "")
    right.set_title(f"at the threshold {threshold:.3f}", fontsize=drawing.TITLE)
    left.set_ylim(0, 1.02)
    for axes in (left, right):
        drawing.legend(axes)
    return figure


def _draw_band(axes: Any, band: Band, color: str, line: str, name: str) -> None:
    axes.fill_between(band.at, band.lower, band.upper, color=color, alpha=0.2, lw=0)
    axes.plot(band.at, band.value, color=color, ls=line, lw=2, label=name)


def _reach(value: Any, lower: Any, upper: Any) -> Any:
    """Return how far error bars go down and up, (2, n)."""
    ends = np.array([value - lower, upper - value], dtype=np.float64).reshape(2, -1)
    return np.clip(ends, 0, None)


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
