"""Entropy minimisation: let the network be sure of the target (Grandvalet & Bengio 2004)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from toomre.lookup import lookup
from toomre.losses.domain_batch import DomainBatch, target_outputs
from toomre.losses.log_probabilities import log_probabilities

__all__ = ["EntropyMinimisation"]


class EntropyMinimisation(nn.Module):
    """Mean over images of -sum over classes of p log p, from 0 (sure) to log 2 (undecided).

    The code published with Ciprijanovic+ 2021 leaves out p below 1e-6; since p log p is below
    1.4e-5 there, this has no switch.

    Parameters
    ----------
    domain
        ``"target"``, as in the paper, or ``"both"``, as in the published code.

    Examples
    --------
    >>> logits = torch.zeros(2, 2)
    >>> EntropyMinimisation()(DomainBatch(logits, logits, torch.tensor([0, 1]), logits, logits))
    tensor(0.6931)
    """

    needs_target: ClassVar[bool] = True

    def __init__(self, domain: str = "target") -> None:
        super().__init__()
        self.logits = lookup(_DOMAINS, domain, "domain")

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        log_p = log_probabilities(self.logits(batch))
        return -(log_p.exp() * log_p).sum(1).mean()


def _target(batch: DomainBatch) -> Tensor:
    return target_outputs(batch, "entropy")[1]


def _both(batch: DomainBatch) -> Tensor:
    return torch.cat([batch.logits_source, _target(batch)])


_DOMAINS: Mapping[str, Callable[[DomainBatch], Tensor]] = {"target": _target, "both": _both}
