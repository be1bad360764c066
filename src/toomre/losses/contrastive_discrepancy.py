"""Contrastive domain discrepancy: align each class with itself alone (Kang+ 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from toomre.errors import ArgumentError
from toomre.losses.domain_batch import DomainBatch, target_outputs
from toomre.losses.gaussian_kernel import bandwidth_rule, joined, kernel_sum, squared_distances
from toomre.losses.log_probabilities import log_probabilities

__all__ = ["ContrastiveDiscrepancy"]


class ContrastiveDiscrepancy(nn.Module):
    """MMD of each class with itself across the domains, minus MMD with the other class.

    The target's classes are the network's own guesses, where it is sure of them. Means over
    pairs leave out pairs of one image with itself. A class with too few images in either domain
    does not count; with no class left, the loss is 0. With both classes the terms within the
    domains cancel if `between` is 1. The loss may be below 0.

    Parameters
    ----------
    confidence
        Least probability of a guess that counts, above 0.5 and below 1.
    minimum_count
        Least number of a class's images in each domain, at least 2.
    between
        Weight of the discrepancy with the other class.
    bandwidths
        ``"median"``, ``"paper19"`` or a list of sigma^2; see `bandwidth_rule`. The kernels' mean
        is taken.

    Examples
    --------
    >>> features = torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]])
    >>> labels = torch.tensor([0, 0, 0, 1, 1, 1])
    >>> logits = 20 * (features - 2.5)
    >>> loss = ContrastiveDiscrepancy()
    >>> loss(DomainBatch(features, logits, labels, features, logits)) < -0.5
    tensor(True)
    """

    needs_target: ClassVar[bool] = True

    def __init__(
        self,
        confidence: float = 0.9,
        minimum_count: int = 3,
        between: float = 1.0,
        bandwidths: str | Sequence[float] = "median",
    ) -> None:
        super().__init__()
        if not 0.5 < confidence < 1:
            raise ArgumentError.expected("confidence", "above 0.5 and below 1", confidence)
        if minimum_count < 2:
            raise ArgumentError.expected("minimum_count", "at least 2", minimum_count)
        self.confidence, self.minimum_count, self.between = confidence, minimum_count, between
        self.bandwidths = bandwidth_rule(bandwidths)
        self._monitors: dict[str, Tensor] = {}

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        target, logits = target_outputs(batch, "contrastive_discrepancy")
        points = joined(batch.features_source, target)
        source_class = functional.one_hot(batch.labels_source, 2).to(points.dtype)
        probability = log_probabilities(logits.detach()).exp()
        target_class = (probability >= self.confidence).to(points.dtype)
        self._monitors = {"confident": target_class.sum(1).mean()}
        distances = squared_distances(points)
        bandwidths = self.bandwidths(distances)
        pairs = self._pairs(source_class, target_class)
        return kernel_sum(points, distances, pairs, bandwidths) / len(bandwidths)

    def monitors(self) -> dict[str, Tensor]:
        """Return the share of the target's images whose guess counted at the last call."""
        return self._monitors

    def _pairs(self, source: Tensor, target: Tensor) -> Tensor:
        """Return the weights of all pairs from the classes of each image, (n, 2) and (m, 2)."""
        n, m = source.sum(0), target.sum(0)
        used = ((n >= self.minimum_count) & (m >= self.minimum_count)).to(source.dtype)
        same = torch.diag(used)
        other = torch.outer(used, used) - same
        # weight[a, b]: of the discrepancy of the source's class a from the target's class b.
        weight = same / same.sum().clamp(min=1) - self.between * other / other.sum().clamp(min=1)
        pairs_n, pairs_m = (n * (n - 1)).clamp(min=1), (m * (m - 1)).clamp(min=1)
        within_source = (source * (weight.sum(1) / pairs_n)) @ source.T
        within_target = (target * (weight.sum(0) / pairs_m)) @ target.T
        across = -source @ (weight / torch.outer(n, m).clamp(min=1)) @ target.T
        rows = (torch.cat([within_source, across], 1), torch.cat([across.T, within_target], 1))
        return torch.cat(rows).fill_diagonal_(0.0)
