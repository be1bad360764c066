"""Which epoch is the best so far, and whether to stop: by the validation part alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from toomre.errors import ArgumentError

__all__ = ["Selector"]

# +1: larger is better; -1: smaller is better.
_DIRECTIONS = {"loss": -1, "accuracy": 1, "roc_auc": 1}


@dataclass
class Selector:
    """Remember the best epoch and count the epochs since then.

    Attributes
    ----------
    metric
        ``"loss"``, ``"accuracy"``, ``"roc_auc"``, or ``"last"`` to keep the last epoch.
    patience
        Epochs without an improvement after which to stop; 0: never.
    min_delta
        The least change that counts as an improvement.
    best, best_epoch, waited
        What was seen so far.

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
    best: float | None = field(default=None)
    best_epoch: int = field(default=-1)
    waited: int = field(default=0)

    def __post_init__(self) -> None:
        if self.metric not in (*_DIRECTIONS, "last"):
            raise ArgumentError.expected(
                "selection.metric", f"one of {', '.join(_DIRECTIONS)}, last", self.metric
            )

    def update(self, epoch: int, metrics: dict[str, float]) -> bool:
        """Take in one epoch's validation metrics; return whether it is the best so far."""
        if self.metric == "last":
            self.best_epoch = epoch
            return True
        value = metrics[self.metric] * _DIRECTIONS[self.metric]
        if math.isfinite(value) and (self.best is None or value > self.best + self.min_delta):
            self.best, self.best_epoch, self.waited = value, epoch, 0
            return True
        self.waited += 1
        return False

    @property
    def should_stop(self) -> bool:
        """Whether the patience is used up."""
        return 0 < self.patience <= self.waited
