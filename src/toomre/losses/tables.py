"""The names of the losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import nn

from toomre.losses.binary_cross_entropy import BinaryCrossEntropy
from toomre.losses.cross_entropy import CrossEntropy

__all__ = ["LOSSES"]

#: Name -> function of (**options).
LOSSES: Mapping[str, Callable[..., nn.Module]] = {
    "binary_cross_entropy": BinaryCrossEntropy,
    "cross_entropy": CrossEntropy,
}
