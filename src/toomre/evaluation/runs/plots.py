"""Figures of several runs side by side, as in the DeepMerge papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation import drawing, palette
from toomre.evaluation.bootstrap import Interval, RocBand
from toomre.evaluation.weighted import Scored

__all__ = ["certainty_figure", "roc_runs_figure", "runs_figure"]

_UNKNOWN = Interval(np.nan, np.nan, np.nan)
_DOMAINS = ("source", "target")
_BINS = 50
_ABOVE: dict[str, Any] = {
    "loc": "outside upper center",
    "frameon": False,
    "fontsize": drawing.TICK,
}


def runs_figure(runs: Mapping[str, Mapping[str, Mapping[str, Interval]]]) -> Figure:
    """Draw six metrics of several runs as bars: of the source dashed, of the target solid.

    Parameters
    ----------
    runs
        Name of a run -> ``"source"`` and ``"target"``, or one of them -> metrics.

    Raises
    ------
    ArgumentError
        If there is nothing to draw.

    Examples
    --------
    >>> found = {"roc_auc": Interval(0.9, 0.8, 0.95)}
    >>> figure = runs_figure({"MMD": {"source": found, "target": found}})
    >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
    ['ROC-AUC']
    """
    every = [metrics for run in runs.values() for metrics in run.values()]
    names = [name for name in drawing.SIX if any(name in metrics for metrics in every)]
    if not names:
        allowed = f"a name -> domain -> metrics, with one of {', '.join(drawing.SIX)}"
        raise ArgumentError.expected("runs", allowed, dict(runs))
    figure = Figure(figsize=(max(8.0, 2 + 0.5 * len(runs) * len(names)), 5), layout="constrained")
    axes: Any = figure.subplots()
    width = 0.8 / (len(runs) * len(_DOMAINS))
    colors = _colors(len(runs))
    for number, run in enumerate(runs.values()):
        for side, domain in enumerate(_DOMAINS):
            place = (len(_DOMAINS) * number + side + 0.5) * width - 0.4
            found = [run.get(domain, {}).get(name, _UNKNOWN) for name in names]
            _draw_bars(axes, place, found, width, colors[number], solid=domain == "target")
    drawing.dress(axes, "", "value, 95 % interval")
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0, 1.02)
    axes.set_xticks(range(len(names)), [drawing.SIX[name] for name in names])
    handles = [Patch(color=c, label=n) for n, c in zip(runs, colors, strict=True)]
    line: dict[str, Any] = {"edgecolor": "black", "lw": 1.5}
    handles.append(Patch(facecolor="white", ls="--", label="source", **line))
    handles.append(Patch(facecolor=palette.REFERENCE, label="target", **line))
    figure.legend(handles=handles, ncols=min(len(handles), 6), **_ABOVE)
    return figure


def roc_runs_figure(runs: Mapping[str, Sequence[RocBand]]) -> Figure:
    """Draw the ROC curves of several runs: every seed as a thin line, their mean as a thick one.

    Parameters
    ----------
    runs
        Name of a run -> a curve a seed, all at the same false positive rates. Around a run with
        a single curve its 95 % band is shaded.

    Raises
    ------
    ArgumentError
        If there is nothing to draw.

    Examples
    --------
    >>> from toomre.evaluation.bootstrap import roc_band
    >>> band = roc_band([0, 1, 1], [0.1, 0.9, 0.6], None, rng=np.random.default_rng(3))
    >>> [line.get_label() for line in roc_runs_figure({"MMD": [band]}).axes[0].lines]
    ['chance', 'MMD']
    """
    if not runs or not all(runs.values()):
        raise ArgumentError.expected("runs", "a name -> a ROC curve or more", dict(runs))
    figure = Figure(figsize=(6.5, 6.5), layout="constrained")
    axes: Any = figure.subplots()
    axes.plot([0, 1], [0, 1], color=palette.REFERENCE, ls="--", lw=1.5, label="chance")
    for (name, bands), color in zip(runs.items(), _colors(len(runs)), strict=True):
        if len(bands) == 1:
            shade = {"color": color, "alpha": 0.2, "lw": 0}
            axes.fill_between(bands[0].fpr, bands[0].lower, bands[0].upper, **shade)
        else:
            for band in bands:
                axes.plot(band.fpr, band.tpr, color=color, lw=0.8, alpha=0.5)
        mean = np.mean([band.tpr for band in bands], axis=0)
        text = name if len(bands) == 1 else f"{name}, mean of {len(bands)} seeds"
        axes.plot(bands[0].fpr, mean, color=color, lw=2.5, label=text)
    drawing.dress(
        axes, "false positive rate (1 − specificity)", "true positive rate (completeness)"
    )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    drawing.legend(axes, loc="lower right")
    return figure


def certainty_figure(scores: Mapping[str, tuple[ArrayLike, ArrayLike]], threshold: float) -> Figure:
    """Draw how sure the right class is: the score of mergers, 1 - score of nonmergers.

    Parameters
    ----------
    scores
        Name, such as ``"source"``, -> labels and scores, each of shape (image,). A panel each.
    threshold
        A score of at least this means merger; it stands at another place for each class.

    Raises
    ------
    ArgumentError
        If there is nothing to draw.

    Examples
    --------
    >>> figure = certainty_figure({"source": ([0, 1], [0.2, 0.7])}, 0.5)
    >>> figure.axes[0].get_xlabel()
    'score of the true class'
    """
    if not scores:
        raise ArgumentError.expected("scores", "a name -> labels and scores", dict(scores))
    figure = Figure(figsize=(1 + 5.5 * len(scores), 4.8), layout="constrained")
    grid = figure.subplots(1, len(scores), sharey=True, squeeze=False)[0]
    edges = np.linspace(0, 1, _BINS + 1)
    for axes, (name, (label, score)) in zip(grid, scores.items(), strict=True):
        sample = Scored.of(label, score, threshold)
        for value, (_, color) in enumerate(drawing.CLASSES):
            mine = sample.score[sample.label == value]
            sure = mine if value else 1 - mine
            share = np.histogram(sure, edges)[0] / max(len(mine), 1)
            style = "-" if value else "--"
            axes.stairs(share, edges, color=color, ls=style, lw=2)
            limit = threshold if value else 1 - threshold
            axes.axvline(limit, color=color, ls=":", lw=1.5)
        axes.set_title(f"{name}: {len(sample.label)} images", fontsize=drawing.LABEL)
        first = f"share of the class in a bin of {1 / _BINS:g}" if axes is grid[0] else ""
        drawing.dress(axes, "score of the true class", first)
        axes.set_xlim(0, 1)
    nonmerger, merger = (color for _, color in drawing.CLASSES)
    looks = (
        ("mergers: p_merger", merger, "-"),
        ("nonmergers: 1 − p_merger", nonmerger, "--"),
        ("threshold of each", "black", ":"),
    )
    handles = [Line2D([], [], color=c, ls=style, lw=2, label=n) for n, c, style in looks]
    figure.legend(handles=handles, ncols=3, **_ABOVE)
    return figure


def _colors(count: int) -> list[Any]:
    """Return colours from dark to light, which colour-blind readers tell apart by brightness."""
    return [colormaps["viridis"](place) for place in np.linspace(0.0, 0.92, max(count, 1))]


def _draw_bars(
    axes: Any, place: float, found: Sequence[Interval], width: float, color: Any, *, solid: bool
) -> None:
    value, lower, upper = np.array(found, dtype=np.float64).reshape(-1, 3).T
    reach: NDArray[np.float64] = np.clip([value - lower, upper - value], 0, None)
    look = {"ls": "-" if solid else "--", "lw": 1.5, "capsize": 2, "edgecolor": color}
    fill = color if solid else "white"
    where = np.arange(len(found)) + place
    axes.bar(where, value, 0.9 * width, yerr=reach, color=fill, ecolor="black", **look)
