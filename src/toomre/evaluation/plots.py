"""Figures of an evaluation: each function takes numbers and returns a matplotlib figure.

They use no state of pyplot, so that they work without a display and in any thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation import drawing, palette
from toomre.evaluation.bootstrap import Interval, RocBand
from toomre.evaluation.gallery import KINDS, choose_examples
from toomre.evaluation.reliability import Reliability
from toomre.evaluation.weighted import Scored
from toomre.images.cutout import Encoding
from toomre.images.stretch import Stretch, to_rgb
from toomre.storage import atomic_path

__all__ = [
    "confusion_figure",
    "gallery_figure",
    "history_figure",
    "metrics_figure",
    "reliability_figure",
    "roc_figure",
    "save_figure",
    "score_histogram_figure",
]

_DPI = 150
_LEGEND = {"ncols": 4, "frameon": False, "fontsize": drawing.TICK}

#: Panel of the history -> its columns and their colours.
_PANELS = {
    "loss": {"train_loss": palette.TRAIN, "valid_loss": palette.VALID},
    "accuracy": {"train_accuracy": palette.TRAIN, "valid_accuracy": palette.VALID},
    "learning rate": {"learning_rate": palette.LEARNING_RATE},
}


def save_figure(figure: Figure, path: Path | str) -> None:
    """Write a figure as its suffix says, PNG with 150 dots per inch or PDF, whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "figure.png"
    >>> save_figure(confusion_figure([[8, 2], [1, 9]]), path)
    >>> path.read_bytes()[1:4]
    b'PNG'
    """
    kind = Path(path).suffix.removeprefix(".").lower()
    # Without the time, so that the same figure gives the same bytes.
    fixed = {"CreationDate": None} if kind == "pdf" else None
    with atomic_path(Path(path)) as temporary:
        figure.savefig(temporary, format=kind, dpi=_DPI, metadata=fixed)


def history_figure(history: pd.DataFrame) -> Figure:
    """Draw loss, accuracy and learning rate against the epoch.

    Parameters
    ----------
    history
        A row an epoch: `epoch`, and any of `train_loss`, `valid_loss`, `train_accuracy`,
        `valid_accuracy`, `learning_rate`. The epoch with the lowest validation loss is marked.

    Raises
    ------
    ArgumentError
        If there is no `epoch` or nothing to draw.

    Examples
    --------
    >>> history = pd.DataFrame({"epoch": [1, 2], "train_loss": [0.7, 0.5]})
    >>> history_figure(history).axes[0].get_ylabel()
    'loss'
    """
    panels = {
        name: {column: color for column, color in lines.items() if column in history}
        for name, lines in _PANELS.items()
    }
    panels = {name: lines for name, lines in panels.items() if lines}
    if "epoch" not in history or not panels:
        columns = ", ".join(f"`{column}`" for lines in _PANELS.values() for column in lines)
        allowed = f"a table with `epoch` and at least one of {columns}"
        raise ArgumentError.expected("history", allowed, list(history.columns))
    figure = _figure(7, 1 + 2.2 * len(panels))
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, lines) in zip(grid, panels.items(), strict=True):
        drawing.draw_history(axes, history, lines, name)
    grid[-1].set_xlabel("epoch", fontsize=drawing.LABEL)
    grid[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels()
    used = {color for lines in panels.values() for color in lines.values()}
    parts = {"training": palette.TRAIN, "validation": palette.VALID}
    handles = [Line2D([], [], color=c, lw=2, label=n) for n, c in parts.items() if c in used]
    if "valid_loss" in history:
        text, color = "lowest validation loss", palette.REFERENCE
        handles.append(Line2D([], [], color=color, ls=":", lw=1.5, label=text))
    _legend_above(figure, handles=handles)
    return figure


def roc_figure(band: RocBand, metrics: Mapping[str, Interval] | None = None) -> Figure:
    """Draw the ROC curve with its 95 % band.

    Parameters
    ----------
    band
        From `toomre.evaluation.bootstrap.roc_band`.
    metrics
        If given, `roc_auc` is printed, and `completeness` and `specificity` give the point at
        which the threshold stands, with its intervals.

    Examples
    --------
    >>> from toomre.evaluation.bootstrap import roc_band
    >>> band = roc_band([0, 1, 1], [0.1, 0.9, 0.6], None, rng=np.random.default_rng(3))
    >>> roc_figure(band).axes[0].get_ylabel()
    'true positive rate (completeness)'
    """
    figure = _figure(6, 6)
    drawing.draw_roc(figure.subplots(), band, metrics or {})
    return figure


def confusion_figure(confusion: ArrayLike, metrics: Mapping[str, Interval] | None = None) -> Figure:
    """Draw the confusion matrix: fractions of each true class, and counts.

    Parameters
    ----------
    confusion
        Counts (2, 2): a row a truth, a column an answer; nonmerger first.
    metrics
        If given, the intervals of `completeness` and `specificity` are printed.

    Examples
    --------
    >>> figure = confusion_figure([[8, 2], [1, 9]])
    >>> print(figure.axes[0].texts[0].get_text())
    0.800
    8 images
    """
    counts = np.asarray(confusion, dtype=np.int64)
    if counts.shape != (2, 2):
        raise ArgumentError.expected("confusion", "counts of shape (2, 2)", counts.shape)
    figure = _figure(5.5, 5.5)
    axes = figure.subplots()
    drawing.draw_confusion(axes, counts, metrics or {})
    interval = " (95 % interval)" if metrics else ""
    axes.set_title(f"fraction of each true class{interval}", fontsize=drawing.TITLE, pad=10)
    return figure


def score_histogram_figure(label: ArrayLike, score: ArrayLike, threshold: float) -> Figure:
    """Draw how the scores of mergers and of nonmergers are spread, in 50 bins.

    Examples
    --------
    >>> score_histogram_figure([0, 1], [0.2, 0.7], 0.5).axes[0].get_ylabel()
    'images in a bin of 0.02'
    """
    figure = _figure(7.5, 4.5)
    drawing.draw_histogram(figure.subplots(), Scored.of(label, score, threshold))
    _legend_above(figure)
    return figure


def reliability_figure(curve: Reliability, metrics: Mapping[str, Interval] | None = None) -> Figure:
    """Draw the fraction of mergers against the score, and how many images each bin has.

    Parameters
    ----------
    curve
        From `toomre.evaluation.reliability.reliability`.
    metrics
        If given, `expected_calibration_error` goes into the title.

    Examples
    --------
    >>> from toomre.evaluation.reliability import reliability
    >>> reliability_figure(reliability([0, 1], [0.2, 0.7])).axes[0].get_ylabel()
    'fraction of mergers'
    """
    figure = _figure(6, 7)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    drawing.draw_reliability(upper, lower, curve)
    if metrics and "expected_calibration_error" in metrics:
        text = f"expected calibration error {metrics['expected_calibration_error']}"
        upper.set_title(text, fontsize=drawing.TITLE)
    return figure


def metrics_figure(evaluations: Mapping[str, Mapping[str, Interval]]) -> Figure:
    """Draw the six metrics of the DeepMerge papers as bars with 95 % intervals.

    Parameters
    ----------
    evaluations
        Name, such as ``"source"`` and ``"target"``, -> metrics. Of several, the first has
        dashed bars, as in the DeepMerge II paper.

    Examples
    --------
    >>> figure = metrics_figure({"test": {"roc_auc": Interval(0.9, 0.8, 0.95)}})
    >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
    ['ROC-AUC']
    """
    names = [name for name in drawing.SIX if any(name in found for found in evaluations.values())]
    if not names:
        allowed = f"a name -> metrics, with at least one of {', '.join(drawing.SIX)}"
        raise ArgumentError.expected("evaluations", allowed, dict(evaluations))
    figure = _figure(8, 4.5)
    axes = figure.subplots()
    drawing.draw_metrics(axes, evaluations, names)
    axes.set_xticks(range(len(names)), [drawing.SIX[name] for name in names])
    _legend_above(figure)
    return figure


def gallery_figure(
    images: NDArray[np.float32],
    scores: ArrayLike,
    labels: ArrayLike,
    threshold: float,
    *,
    encoding: Encoding = "linear",
    stretch: Stretch = "linear",
    bands: Sequence[str] | None = None,
    count: int = 6,
) -> Figure:
    """Show true and false positives and negatives with their scores.

    Each row goes from the surest answer to the one nearest to the threshold
    (`toomre.evaluation.gallery.choose_examples`).

    Parameters
    ----------
    images
        Array of shape (image, band, y, x); only the chosen images are read.
    scores, labels
        Arrays of shape (image,).
    threshold
        A score of at least this means merger.
    encoding
        ``"linear"`` (flux) or ``"display"`` (0 to 255).
    stretch
        ``"linear"``, ``"log"`` or ``"asinh"``.
    bands
        Names of the bands, for the order of the colours.
    count
        The most images in a row.

    Raises
    ------
    ArgumentError
        If there is not one score and label for each image.
    """
    label, score = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if images.ndim != 4 or len(images) != len(score):
        allowed = f"an array of shape ({len(score)}, band, y, x), one image a score"
        raise ArgumentError.expected("images", allowed, images.shape)
    figure = _figure(1.2 + 1.55 * max(count, 3), 7.8, pad=0.05)
    grid = figure.subplots(len(KINDS), count, squeeze=False)
    chosen = choose_examples(label, score, threshold, count)
    # The first row of a FITS image is the lowest on the sky, that of a picture the highest.
    origin = "lower" if encoding == "linear" else "upper"
    for row, (kind, indices) in zip(grid, chosen.items(), strict=True):
        for axes in row[len(indices) :]:
            axes.set_axis_off()
        for axes, index in zip(row, indices, strict=False):
            pixels = to_rgb(images[index], encoding, stretch, bands=bands)
            drawing.draw_image(axes, pixels, float(score[index]), int(label[index]), origin)
        row[0].set_axis_on()
        drawing.name_row(row[0], kind.replace(" ", "\n"), empty=not len(indices))
    text = f"score p_merger, threshold {threshold:.3f}; {stretch} stretch"
    figure.suptitle(text, fontsize=drawing.TITLE)
    handles = [Line2D([], [], color=c, lw=2, label=f"a {name}") for name, c in drawing.CLASSES]
    figure.legend(handles=handles, loc="outside lower center", **_LEGEND)
    return figure


def _figure(width: float, height: float, pad: float = 0.1) -> Figure:
    engine = ConstrainedLayoutEngine(w_pad=pad, h_pad=pad)
    return Figure(figsize=(width, height), layout=engine)


def _legend_above(figure: Figure, **content: object) -> None:
    figure.legend(loc="outside upper center", **_LEGEND, **content)
