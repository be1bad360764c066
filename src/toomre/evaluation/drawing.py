"""What the figures consist of: each function draws on axes that it is given.

Nothing here imports matplotlib, so that a user may put the panels together as they like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.evaluation import palette
from toomre.evaluation.bootstrap import Interval, RocBand
from toomre.evaluation.metrics import normalise_rows
from toomre.evaluation.reliability import Reliability
from toomre.evaluation.weighted import Scored

__all__ = [
    "CLASSES",
    "LABEL",
    "SIX",
    "TICK",
    "TITLE",
    "draw_confusion",
    "draw_histogram",
    "draw_history",
    "draw_image",
    "draw_metrics",
    "draw_reliability",
    "draw_roc",
    "dress",
    "legend",
    "name_row",
]

#: Sizes of text [point].
LABEL, TICK, TITLE = 12, 11, 13

#: Names and colours of the classes, in the order of the labels.
CLASSES = (("nonmerger", palette.NONMERGER), ("merger", palette.MERGER))

#: The six metrics of the DeepMerge papers -> their names on an axis.
SIX = {
    "roc_auc": "ROC-AUC",
    "accuracy": "accuracy",
    "purity": "purity",
    "completeness": "completeness",
    "f1": "F1",
    "brier_score": "Brier score",
}

_UNKNOWN = Interval(np.nan, np.nan, np.nan)


def dress(axes: Any, x: str, y: str) -> None:
    """Give axes their names, readable sizes, a faint grid, and no frame above and right."""
    axes.set_xlabel(x, fontsize=LABEL)
    axes.set_ylabel(y, fontsize=LABEL)
    axes.tick_params(labelsize=TICK)
    axes.grid(color=palette.GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def legend(axes: Any, loc: str = "best") -> None:
    """Add a legend without a frame's line."""
    axes.legend(loc=loc, fontsize=TICK, frameon=True, edgecolor="none", framealpha=0.85)


def draw_history(axes: Any, history: pd.DataFrame, lines: Mapping[str, str], y: str) -> None:
    """Draw some columns (column -> colour) against the epoch, and mark the best epoch."""
    marker = "o" if len(history) < 3 else ""
    for column, color in lines.items():
        axes.plot(history["epoch"], history[column], color=color, lw=2, marker=marker)
    if "valid_loss" in history and history["valid_loss"].notna().any():
        best = history["epoch"].iloc[int(np.nanargmin(history["valid_loss"]))]
        axes.axvline(best, color=palette.REFERENCE, ls=":", lw=1.5)
    dress(axes, "", y)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 4))
    axes.yaxis.get_offset_text().set_fontsize(TICK)


def draw_roc(axes: Any, band: RocBand, metrics: Mapping[str, Interval]) -> None:
    """Draw a ROC curve, its 95 % band, and where the threshold stands."""
    axes.plot([0, 1], [0, 1], color=palette.REFERENCE, ls="--", lw=1.5, label="chance")
    shade = {"color": palette.ROC, "alpha": 0.2, "lw": 0}
    axes.fill_between(band.fpr, band.lower, band.upper, label="95 % interval", **shade)
    area = f"ROC-AUC {metrics['roc_auc']}" if "roc_auc" in metrics else "scores"
    axes.plot(band.fpr, band.tpr, color=palette.ROC, lw=2, label=area)
    if {"completeness", "specificity"} <= set(metrics):
        right, wrong = metrics["completeness"], _opposite(metrics["specificity"])
        style = {"fmt": "o", "color": palette.ROC, "mfc": "white", "ms": 7, "capsize": 3}
        reach = {"xerr": _reach([wrong]), "yerr": _reach([right])}
        axes.errorbar(wrong.value, right.value, **reach, **style, label="at the threshold")
    dress(axes, "false positive rate (1 − specificity)", "true positive rate (completeness)")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    legend(axes, loc="lower right")


def draw_confusion(axes: Any, counts: NDArray[np.int64], metrics: Mapping[str, Interval]) -> None:
    """Draw the fraction of each true class as a shade of its colour, with the numbers."""
    fraction = normalise_rows(counts)
    correct = (metrics.get("specificity", _UNKNOWN), metrics.get("completeness", _UNKNOWN))
    color = np.array([_components(color) for _, color in CLASSES])[:, None]
    axes.imshow(1 - 0.9 * np.nan_to_num(fraction)[..., None] * (1 - color))
    for (row, column), value in np.ndenumerate(fraction):
        interval = correct[row] if row == column else _opposite(correct[row])
        number = counts[row, column]
        lines = [f"{value:.3f}" if np.isfinite(value) else "–"]
        lines.append(f"{number} image{'' if number == 1 else 's'}")
        if np.isfinite(interval.lower):
            lines.insert(1, f"({interval.lower:.3f} to {interval.upper:.3f})")
        ink = "white" if value > 0.6 else "black"
        place = {"ha": "center", "va": "center", "linespacing": 1.5}
        axes.text(column, row, "\n".join(lines), fontsize=TITLE, color=ink, **place)
    dress(axes, "called", "truth")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=LABEL)
    axes.set_xticks([0, 1], [name for name, _ in CLASSES])
    axes.set_yticks([0, 1], [name for name, _ in CLASSES], rotation=90, va="center")


def draw_histogram(axes: Any, sample: Scored, n_bins: int = 50) -> None:
    """Draw how the scores of each class are spread, on a logarithmic scale of counts."""
    edges = np.linspace(0, 1, n_bins + 1)
    for value, (name, color) in enumerate(CLASSES):
        mine = sample.score[sample.label == value]
        number, _ = np.histogram(mine, bins=edges)
        axes.stairs(number, edges, color=color, alpha=0.2, fill=True)
        axes.stairs(number, edges, color=color, lw=2, label=f"{name}s ({len(mine)} images)")
    text = f"threshold {sample.threshold:.3f}"
    axes.axvline(sample.threshold, color=palette.REFERENCE, ls="--", lw=1.5, label=text)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7)
    axes.set_xlim(0, 1)
    dress(axes, "score p_merger", f"images in a bin of {1 / n_bins:g}")


def draw_reliability(axes: Any, below: Any, curve: Reliability) -> None:
    """Draw the fraction of mergers against the score, and below it the number of images."""
    full = curve.images > 0
    axes.plot([0, 1], [0, 1], color=palette.REFERENCE, ls="--", lw=1.5, label="perfect")
    found = zip(curve.fraction[full], curve.lower[full], curve.upper[full], strict=True)
    error = _reach([Interval(*ends) for ends in found])
    style = {"fmt": "o-", "color": palette.ROC, "ms": 5, "lw": 1.5, "capsize": 3}
    text = "scores, 95 % interval"
    axes.errorbar(curve.score[full], curve.fraction[full], yerr=error, label=text, **style)
    below.stairs(curve.images, curve.edges, color=palette.ROC, alpha=0.2, fill=True)
    below.stairs(curve.images, curve.edges, color=palette.ROC, lw=1.5)
    below.set_yscale("log")
    below.set_ylim(bottom=0.7)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.02, 1.02))
    dress(axes, "", "fraction of mergers")
    dress(below, "score p_merger", "images in the bin")
    legend(axes, loc="upper left")


def draw_metrics(
    axes: Any, evaluations: Mapping[str, Mapping[str, Interval]], names: Sequence[str]
) -> None:
    """Draw metrics as bars with intervals; of several evaluations the first is dashed."""
    width = 0.8 / len(evaluations)
    for number, (evaluation, metrics) in enumerate(evaluations.items()):
        found = [metrics.get(name, _UNKNOWN) for name in names]
        dashed = number == 0 and len(evaluations) > 1
        shade = "white" if dashed else f"{min(0.55 + 0.12 * number, 0.9):.2f}"  # a grey
        place = np.arange(len(names)) + (number + 0.5) * width - 0.4
        line = {"edgecolor": palette.ROC, "lw": 1.5, "ls": "--" if dashed else "-", "capsize": 4}
        height = [interval.value for interval in found]
        error = _reach(found)
        axes.bar(place, height, 0.9 * width, yerr=error, color=shade, label=evaluation, **line)
    dress(axes, "", "value, 95 % interval")
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0, 1.02)


def draw_image(axes: Any, pixels: NDArray[Any], score: float, truth: int, origin: str) -> None:
    """Draw one colour image (y, x, 3) with its score above, in the colour of its true class."""
    axes.imshow(pixels, origin=origin, interpolation="nearest")
    axes.set_title(f"{score:.3f}", fontsize=LABEL, color=CLASSES[truth][1], pad=3)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(color=CLASSES[truth][1], linewidth=2)


def name_row(axes: Any, name: str, *, empty: bool) -> None:
    """Write the name of a row of images beside its first axes; say so if it has none."""
    axes.set_ylabel(name, fontsize=LABEL, rotation=0, ha="right", va="center", labelpad=8)
    if empty:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
        axes.text(0.5, 0.5, "none", ha="center", va="center", fontsize=LABEL)


def _reach(intervals: Sequence[Interval]) -> NDArray[np.float64]:
    """Return how far the error bars go down and up, of shape (2, interval)."""
    value, lower, upper = np.array(intervals, dtype=np.float64).reshape(-1, 3).T
    # A value may lie outside its bootstrap interval, and matplotlib refuses negative lengths.
    return np.clip([value - lower, upper - value], 0, None)


def _opposite(interval: Interval) -> Interval:
    return Interval(1 - interval.value, 1 - interval.upper, 1 - interval.lower)


def _components(color: str) -> tuple[float, ...]:
    return tuple(int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
