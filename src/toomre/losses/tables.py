"""The names of the losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import nn

from toomre.losses.adversarial import DomainAdversarial
from toomre.losses.binary_cross_entropy import BinaryCrossEntropy
from toomre.losses.contrastive_discrepancy import ContrastiveDiscrepancy
from toomre.losses.coral import Coral
from toomre.losses.cross_entropy import CrossEntropy
from toomre.losses.entropy import EntropyMinimisation
from toomre.losses.fisher import Fisher
from toomre.losses.mean_squared_error import MeanSquaredError
from toomre.losses.mmd import MaximumMeanDiscrepancy
from toomre.losses.sinkhorn import Sinkhorn

__all__ = ["LEARNED_LOSSES", "LOSSES", "needs_target"]

#: Name -> function of (**options).
LOSSES: Mapping[str, Callable[..., nn.Module]] = {
    "binary_cross_entropy": BinaryCrossEntropy,
    "contrastive_discrepancy": ContrastiveDiscrepancy,
    "coral": Coral,
    "cross_entropy": CrossEntropy,
    "entropy": EntropyMinimisation,
    "mean_squared_error": MeanSquaredError,
    "mmd": MaximumMeanDiscrepancy,
    "sinkhorn": Sinkhorn,
}

#: Name -> function of (num_features, **options), for losses that may learn something.
LEARNED_LOSSES: Mapping[str, Callable[..., nn.Module]] = {
    "adversarial": DomainAdversarial,
    "fisher": Fisher,
}


def needs_target(name: str) -> bool:
    """Return whether a loss looks at the images of a target.

    Examples
    --------
    >>> needs_target("mmd"), needs_target("cross_entropy")
    (True, False)
    """
    return getattr({**LOSSES, **LEARNED_LOSSES}.get(name), "needs_target", False)
