"""The metrics that choose an epoch of a training on vote fractions: on validation images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from toomre.evaluation.votes.metrics import argmax_accuracy, mean_squared_error
from toomre.networks.network import Network

__all__ = ["VoteValidation"]


class VoteValidation:
    """Errors of a network's fractions on fixed images.

    Parameters
    ----------
    batches
        Normalised images in order; read again at each call.
    fractions
        The true ones, (n, k).
    device
        Where the network is.
    """

    #: Of the metrics that a call returns.
    names: ClassVar = ("loss", "rmse", "accuracy")

    def __init__(
        self, batches: Iterable[Tensor], fractions: NDArray[np.float32], device: torch.device
    ) -> None:
        self._batches = batches
        self._fractions = np.asarray(fractions, dtype=np.float64)
        self.device = device

    def __call__(self, network: Network) -> dict[str, float]:
        """Return ``loss`` (mean squared error), ``rmse`` and ``accuracy`` (of the largest)."""
        parts = [network(images.to(self.device))[1].double().cpu() for images in self._batches]
        predicted = torch.cat(parts).numpy()
        loss = mean_squared_error(self._fractions, predicted)
        accuracy = argmax_accuracy(self._fractions, predicted)
        return {"loss": loss, "rmse": float(np.sqrt(loss)), "accuracy": accuracy}
