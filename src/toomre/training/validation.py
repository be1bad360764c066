"""The metrics that choose an epoch: on the source's validation part, without augmentation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from toomre.evaluation.metrics import accuracy, roc_auc
from toomre.networks.network import Network, merger_logit

__all__ = ["Validation"]


class Validation:
    """Loss, accuracy and ROC-AUC of a network on fixed images.

    Parameters
    ----------
    batches
        Normalised images in order; read again at each call.
    labels
        Their labels, (n,): 1 merger, 0 nonmerger.
    device
        Where the network is.
    """

    def __init__(
        self, batches: Iterable[Tensor], labels: NDArray[np.int64], device: torch.device
    ) -> None:
        self._batches = batches
        self._labels = np.asarray(labels, dtype=np.int64)
        self._device = device

    def __call__(self, network: Network) -> dict[str, float]:
        """Return ``loss`` (cross-entropy), ``accuracy`` (at 0.5) and ``roc_auc``."""
        parts = [merger_logit(network(images.to(self._device))[1]) for images in self._batches]
        logits = torch.cat(parts).double().cpu()
        truth = torch.from_numpy(self._labels).double()
        loss = functional.binary_cross_entropy_with_logits(logits, truth)
        scores = torch.sigmoid(logits).numpy()
        return {
            "loss": float(loss),
            "accuracy": float(accuracy(self._labels, scores, 0.5)),
            "roc_auc": float(roc_auc(self._labels, scores)),
        }
