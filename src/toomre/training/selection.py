"""Which epoch is the best so far, and whether to stop: by the validation part alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.training.stopping import STOPPING

__all__ = ["DIRECTIONS", "Selector", "metric_value"]

#: Metric -> +1: larger is better; -1: smaller is better. None of them needs a target label.
DIRECTIONS = {
    "loss": -1,
    "accuracy": 1,
    "roc_auc": 1,
    "rmse": -1,
    "target_entropy": -1,
    "target_infomax": 1,
    "target_snd": 1,
    "target_dev": -1,
}


def metric_value(metrics: Mapping[str, float], name: str, kind: str) -> float:
    """Return one of an epoch's validation metrics.

    Raises
    ------
    ArgumentError
        If the validation does not give it.

    Examples
    --------
    >>> metric_value({"loss": 0.5}, "target_snd", "selection.metric")
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `selection.metric` to be one of loss, but got
    'target_snd'. The scores of target images need a target domain (--target).
    """
    if name in metrics:
        return metrics[name]
    hint = "The scores of target images need a target domain (--target)."
    allowed = f"one of {', '.join(metrics)}"
    raise ArgumentError.expected(kind, allowed, name, hint if name.startswith("target_") else "")


@dataclass
class Selector:
    """Remember the best epoch and count the epochs since then.

    Attributes
    ----------
    metric
        One of `DIRECTIONS`, or ``"last"`` to keep the last epoch.
    patience
        The count after which to stop; 0: never.
    min_delta
        The least change that counts as an improvement.
    stopping
        How epochs are counted (`STOPPING`): ``"patience"`` counts those without an improvement
        and stops at `patience`; ``"soft_counter"`` sums the excess of the validation loss as
        the published DeepMerge II code does, and stops above `patience`.
    watch
        What ``"patience"`` counts by: ``"metric"``, or ``"loss"`` where another metric chooses
        the epoch (DeepMerge I keeps the best accuracy, and stops by the loss).
    first_epoch
        Epochs before this one are neither kept nor counted: an adaptation warms up.
    best, best_epoch
        What was kept so far; `best` is larger for a better epoch.
    watched, waited
        The best watched value so far, larger for a better epoch, and the count.

    Examples
    --------
    >>> selector = Selector("loss", patience=2)
    >>> [selector.update(e, {"loss": v}) for e, v in enumerate([0.5, 0.4, 0.6, 0.6])]
    [True, True, False, False]
    >>> selector.best_epoch, selector.should_stop
    (1, True)
    """

    metric: str
    patience: int = 0
    min_delta: float = 0.0
    stopping: str = "patience"
    watch: str = "metric"
    first_epoch: int = 0
    best: float | None = None
    best_epoch: int = -1
    watched: float | None = None
    waited: float = 0.0

    def __post_init__(self) -> None:
        if self.metric not in (*DIRECTIONS, "last"):
            raise ArgumentError.expected(
                "selection.metric", f"one of {', '.join(DIRECTIONS)}, last", self.metric
            )
        lookup(STOPPING, self.stopping, "selection.stopping")

    def update(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Take in one epoch's validation metrics; return whether it is the best so far."""
        if epoch < self.first_epoch:
            return False
        self._count(metrics)
        if self.metric == "last":
            self.best_epoch = epoch
            return True
        value = _goodness(metrics, self.metric)
        if math.isfinite(value) and (self.best is None or value > self.best + self.min_delta):
            self.best, self.best_epoch = value, epoch
            return True
        return False

    @property
    def should_stop(self) -> bool:
        """Whether the patience is used up."""
        if self.patience == 0:
            return False
        soft = self.stopping == "soft_counter"
        return self.waited > self.patience if soft else self.waited >= self.patience

    def _count(self, metrics: Mapping[str, float]) -> None:
        soft = self.stopping == "soft_counter"
        name = "loss" if soft or self.watch == "loss" else self.metric
        if self.patience == 0 or name == "last":
            return
        value = _goodness(metrics, name)
        best = -math.inf if self.watched is None else self.watched
        excess = best - value if math.isfinite(value) else math.inf
        self.waited = STOPPING[self.stopping](self.waited, excess, self.min_delta)
        better = excess < 0 if soft else excess < -self.min_delta
        if better:
            self.watched = value


def _goodness(metrics: Mapping[str, float], name: str) -> float:
    return metric_value(metrics, name, "selection.metric") * DIRECTIONS[name]
