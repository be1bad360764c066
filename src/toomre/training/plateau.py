"""Lower the learning rate when a validation metric no longer improves."""

from __future__ import annotations

from dataclasses import dataclass

from toomre.training.selection import DIRECTIONS, metric_value

__all__ = ["Plateau"]


@dataclass
class Plateau:
    """A scale of the learning rate that falls by `factor` after epochs without improvement.

    It is Keras's ReduceLROnPlateau, with which S002's Galaxy Zoo networks were trained. Its state
    is a few numbers, which a checkpoint keeps.

    Attributes
    ----------
    metric
        A validation metric (`DIRECTIONS` says whether larger is better).
    factor
        By which the rate is multiplied.
    patience
        Epochs without an improvement after which that is done, and the count starts again.
    min_delta
        The least change that counts as an improvement.
    min_scale
        The scale never falls below this.
    scale, best, waited
        The scale now, and what was seen so far.

    Examples
    --------
    >>> plateau = Plateau("loss", factor=0.5, patience=2)
    >>> for loss in (0.7, 0.6, 0.6, 0.6, 0.6, 0.6):
    ...     plateau.update({"loss": loss})
    >>> plateau.scale
    0.25
    """

    metric: str
    factor: float = 0.5
    patience: int = 6
    min_delta: float = 1e-4
    min_scale: float = 0.0
    scale: float = 1.0
    best: float | None = None
    waited: int = 0

    def update(self, metrics: dict[str, float]) -> None:
        """Take in one epoch's validation metrics."""
        value = metric_value(metrics, self.metric, "schedule.plateau.metric")
        value *= DIRECTIONS[self.metric]
        if self.best is None or value > self.best + self.min_delta:
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.scale = max(self.scale * self.factor, self.min_scale)
            self.waited = 0
