"""What one training gave: its numbers on each test part, as the published tables count them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from toomre.evaluation.bootstrap import Interval, bootstrap
from toomre.evaluation.class_averages import CLASS_AVERAGES

__all__ = ["THRESHOLD", "Judged", "Outcome", "measure"]

#: From this score on the published tables call a merger.
THRESHOLD = 0.5

# As in the published code (requirements E2).
_SEED = 3
_METRICS = (
    *("roc_auc", "accuracy", "balanced_accuracy", "purity", "completeness", "f1"),
    *("brier_score", "specificity"),
    *CLASS_AVERAGES,
)


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Judged(_Entry):
    """Numbers of one model on one test part.

    Attributes
    ----------
    images, galaxies, mergers
        How many images, galaxies and images of mergers were tested.
    metrics
        Name -> value and the ends of its 95 % interval over galaxies; None: undefined.
    """

    images: int
    galaxies: int
    mergers: int
    metrics: Mapping[str, tuple[float | None, float | None, float | None]]

    def interval(self, metric: str) -> Interval:
        """Return one metric, with NaN where it is undefined."""
        return Interval(*(math.nan if x is None else x for x in self.metrics[metric]))


class Outcome(_Entry):
    """Numbers of one training.

    Attributes
    ----------
    row, recipe, seed, model_id
        Which training.
    protocol
        ``"grouped"``: on images split by galaxy; ``"paper"``: with the published split.
    epochs, best_epoch
        How many epochs it ran, and which one was kept.
    seconds_per_epoch
        Mean over the epochs [s].
    cpu_seconds_per_epoch
        CPU time of the training's process, mean over the epochs of which it is known [s]; None:
        of none, as the training is of an older toomre.
    images, target_images
        In the training part of the source, and those of the target that were seen.
    warnings
        What the training showed of itself.
    tests
        Name of images -> the numbers on their test part.
    """

    row: str
    recipe: str
    seed: int
    model_id: str
    protocol: Literal["grouped", "paper"] = "grouped"
    epochs: int
    best_epoch: int
    seconds_per_epoch: float
    cpu_seconds_per_epoch: float | None = None
    images: int
    target_images: int
    warnings: tuple[str, ...] = ()
    tests: Mapping[str, Judged]


def measure(scores: pd.DataFrame) -> Judged:
    """Return the numbers of a table of scores as the published tables count them.

    That is: of the score before calibration, with the threshold 0.5.

    Parameters
    ----------
    scores
        `label`, `p_merger_raw`, `galaxy_id` and `group`, one row an image.

    Examples
    --------
    >>> table = pd.DataFrame({"label": [0, 1, 1], "p_merger_raw": [0.1, 0.4, 0.9]})
    >>> table["galaxy_id"] = table["group"] = ["a", "b", "c"]
    >>> measure(table).interval("completeness").value
    0.5
    """
    label = scores["label"].to_numpy(np.float64)
    found = bootstrap(
        label,
        scores["p_merger_raw"].to_numpy(np.float64),
        scores["group"].to_numpy(),
        threshold=THRESHOLD,
        rng=np.random.default_rng(_SEED),
        metrics=_METRICS,
    )
    known = found.pop("specificity")
    found["false_positive_rate"] = Interval(1 - known.value, 1 - known.upper, 1 - known.lower)
    return Judged(
        images=len(scores),
        galaxies=int(scores["galaxy_id"].nunique()),
        mergers=int(label.sum()),
        metrics={name: tuple(map(_plain, each)) for name, each in found.items()},
    )


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
