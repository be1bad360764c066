"""What a training is made of: the objects that the loop is handed, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from toomre.networks.network import Network
from toomre.training.averaging import WeightAverage
from toomre.training.batch_norm import BatchNorm, Concatenated, FrozenNorms
from toomre.training.distributed import OneProcess
from toomre.training.plateau import Plateau

__all__ = ["Batches", "Experiment", "Fitted"]


class Batches(Protocol):
    """Training batches that can be asked for by epoch and step, in any order."""

    steps: int

    def batch(self, epoch: int, step: int) -> tuple[Tensor, Tensor | None]:
        """Return images, and labels or None."""
        ...

    def share(self, rank: int, size: int) -> Batches:
        """Return the batches of one of several processes: its equal part of each of these."""
        ...


@dataclass(frozen=True, eq=False)
class Experiment:
    """Everything that the loop needs, as objects; it knows none of them by name.

    Attributes
    ----------
    network
        Images -> (features, logits), with `penalty()`.
    loss
        `DomainBatch` -> (total, named parts); what it learns is trained too.
    optimizer
        Over the network's and the loss's parameters.
    learning_rate
        Progress (0 to 1) -> learning rate.
    source
        Labelled batches.
    target
        Unlabelled batches, or None.
    validate
        Network -> metrics on the validation part.
    epochs, seed
        As in the recipe.
    device
        Where to compute.
    precision
        ``torch.float32`` or ``torch.bfloat16`` (autocast).
    batch_norm
        How both domains go through the network.
    momentum
        Progress -> Adam's first beta or SGD's momentum, or None where it stays as it is.
    plateau
        What scales the learning rate by the validation's metrics, or None.
    epochs_before
        Epochs of the stages before this one.
    frozen_norms
        How BatchNorm layers answer whose weights are frozen: see `held_norms`.
    average
        The running mean of the weights, which is then what is validated and kept, or None.
    group
        The processes that train together.
    """

    network: Network
    loss: nn.Module
    optimizer: torch.optim.Optimizer
    learning_rate: Callable[[float], float]
    source: Batches
    target: Batches | None
    validate: Callable[[Network], Mapping[str, float]]
    epochs: int
    seed: int
    device: torch.device
    precision: torch.dtype = torch.float32
    batch_norm: BatchNorm = field(default_factory=Concatenated)
    momentum: Callable[[float], float] | None = None
    plateau: Plateau | None = None
    epochs_before: int = 0
    frozen_norms: FrozenNorms = "inference"
    average: WeightAverage | None = None
    group: OneProcess = field(default_factory=OneProcess)

    def divided(self, group: OneProcess) -> Experiment:
        """Return the experiment of one of several processes, with its part of every batch.

        Raises
        ------
        ArgumentError
            If the batches cannot be divided so.
        """
        if group.size == 1:
            return self
        parts = [
            None if batches is None else batches.share(group.rank, group.size)
            for batches in (self.source, self.target)
        ]
        return replace(self, source=parts[0] or self.source, target=parts[1], group=group)


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a training gives: the history, the best epoch and where its weights are."""

    history: list[dict[str, float]]
    best_epoch: int
    weights: Path
    weights_sha256: str
