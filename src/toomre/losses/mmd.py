"""Maximum mean discrepancy of two domains' features (Gretton+ 2012)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from toomre.errors import ArgumentError, TrainingError
from toomre.lookup import lookup
from toomre.losses.domain_batch import DomainBatch, target_outputs
from toomre.losses.gaussian_kernel import bandwidth_rule, joined, kernel_sum, squared_distances

__all__ = ["MaximumMeanDiscrepancy"]


class MaximumMeanDiscrepancy(nn.Module):
    """Mean kernel within the domains minus mean kernel between them: 0 if they are the same.

    The kernel is a sum of Gaussians, exp(-|x - y|^2 / (2 sigma^2)). The default is the estimate
    without bias of Ciprijanovic+ 2021, equation 6, which may be below 0, with bandwidths that
    follow the scale of the features. The code published with that paper is
    ``estimator="biased", bandwidths="paper19", floor=1e-4``.

    Parameters
    ----------
    estimator
        ``"unbiased"``: pairs of one image with itself, and pairs with the same place in the two
        batches, do not count. ``"biased"``: all pairs count, so that equal domains do not give 0.
    bandwidths
        ``"median"``, ``"paper19"`` or a list of sigma^2; see `bandwidth_rule`.
    kernels
        Whether the kernels' ``"sum"`` (as published) or ``"mean"`` is taken.
    floor
        The smallest value of the loss; at it, the gradient is 0. None: no floor.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(1)
    >>> a, b = torch.randn(2, 64, 8, generator=generator)
    >>> labels = torch.zeros(64, dtype=torch.int64)
    >>> loss = MaximumMeanDiscrepancy()
    >>> loss(DomainBatch(a, a, labels, b, b)) < 0.02
    tensor(True)
    >>> loss(DomainBatch(a, a, labels, b + 1, b)) > 0.2
    tensor(True)
    """

    needs_target: ClassVar[bool] = True

    def __init__(
        self,
        estimator: str = "unbiased",
        bandwidths: str | Sequence[float] = "median",
        kernels: str = "sum",
        floor: float | None = None,
    ) -> None:
        super().__init__()
        self.pair_weights = lookup(_ESTIMATORS, estimator, "estimator")
        self.bandwidths = bandwidth_rule(bandwidths)
        if kernels not in {"sum", "mean"}:
            raise ArgumentError.expected("kernels", "'sum' or 'mean'", kernels)
        self.mean = kernels == "mean"
        self.floor = floor

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        source, (target, _) = batch.features_source, target_outputs(batch, "mmd")
        points = joined(source, target)
        distances = squared_distances(points)
        bandwidths = self.bandwidths(distances)
        pairs = self.pair_weights(len(source), len(target)).to(points)
        value = kernel_sum(points, distances, pairs, bandwidths)
        if self.mean:
            value = value / len(bandwidths)
        return value if self.floor is None else value.clamp(min=self.floor)


def _unbiased(n: int, m: int) -> Tensor:
    if min(n, m) < 2:
        raise TrainingError(
            f"The loss 'mmd' needs at least 2 images of each domain, but got {n} and {m}. Use "
            "larger batches."
        )
    weights = torch.empty(n + m, n + m)
    weights[:n, :n] = 1 / (n * (n - 1))
    weights[n:, n:] = 1 / (m * (m - 1))
    between = torch.full((n, m), -1 / (n * m - min(n, m))).fill_diagonal_(0.0)
    weights[:n, n:] = between
    weights[n:, :n] = between.T
    return weights.fill_diagonal_(0.0)


def _biased(n: int, m: int) -> Tensor:
    signs = torch.cat([torch.full((n,), 1 / n), torch.full((m,), -1 / m)])
    return torch.outer(signs, signs)


_ESTIMATORS: Mapping[str, Callable[[int, int], Tensor]] = {
    "unbiased": _unbiased,
    "biased": _biased,
}
