"""Sinkhorn divergence: the cost of moving one domain's features onto the other's."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from toomre.errors import ArgumentError
from toomre.losses.domain_batch import DomainBatch, target_outputs
from toomre.losses.gaussian_kernel import joined

__all__ = ["Sinkhorn"]


class Sinkhorn(nn.Module):
    """OT(s, t) - OT(s, s)/2 - OT(t, t)/2, with cost |x - y|^2 / (2 d) and entropy (Feydy+ 2019).

    It is 0 for equal samples and above 0 for others. With little blur it is the squared
    Wasserstein distance over 2 d; with much, the squared distance of the means over 2 d. The
    number of features, d, is there so that one weight suits all networks.

    Parameters
    ----------
    blur
        The weight of the entropy over the mean cost between the domains.
    iterations
        Steps towards the optimal plans. The value's error is of second order in what is left;
        a blur far below 0.1 needs more than 50.

    Examples
    --------
    >>> a = torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    >>> labels = torch.tensor([0, 1])
    >>> Sinkhorn()(DomainBatch(a, a, labels, a + 2, a))
    tensor(2.0000)
    """

    needs_target: ClassVar[bool] = True

    def __init__(self, blur: float = 0.1, iterations: int = 50) -> None:
        super().__init__()
        if not blur > 0:
            raise ArgumentError.expected("blur", "above 0", blur)
        if iterations < 1:
            raise ArgumentError.expected("iterations", "at least 1", iterations)
        self.blur, self.iterations = blur, iterations

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        count = len(batch.features_source)
        points = joined(batch.features_source, target_outputs(batch, "sinkhorn")[0])
        with torch.autocast(points.device.type, enabled=False):
            squares = points.square().sum(1)
            costs = (0.5 * (squares[:, None] + squares) - points @ points.T) / points.shape[1]
        between = costs[:count, count:]
        epsilon = self.blur * between.detach().mean().clamp(
            min=torch.finfo(costs.dtype).tiny ** 0.5
        )
        across = self._cost(between / epsilon)
        source = self._cost(costs[:count, :count] / epsilon)
        target = self._cost(costs[count:, count:] / epsilon)
        return epsilon * (across - 0.5 * (source + target))

    def _cost(self, cost: Tensor) -> Tensor:
        """Return the dual value of the transport between two equally weighted samples.

        The gradient of the last half step is the plan, as it should be by the envelope theorem.
        """
        fixed = cost.detach()
        g = fixed.new_zeros(fixed.shape[1])
        for _ in range(self.iterations):
            f = _half_step(fixed, g)
            g = _half_step(fixed.T, f)
        return _half_step(cost, g).mean() + g.mean()


def _half_step(cost: Tensor, potential: Tensor) -> Tensor:
    """Return the potential of the rows that belongs to one of the columns, in units of epsilon."""
    return math.log(len(potential)) - torch.logsumexp(potential - cost, dim=1)
