"""The metrics that choose an epoch: on validation images, without augmentation.

They need the source's labels alone; of the target they see images.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from toomre.evaluation.metrics import accuracy, roc_auc
from toomre.evaluation.target_scores import TARGET_SCORES, DomainOutputs
from toomre.networks.network import Network, merger_logit
from toomre.training.batch_norm import BatchNorm

__all__ = ["TwoDomainValidation", "Validation"]


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

    #: Of the metrics that a call returns.
    names: ClassVar = ("loss", "accuracy", "roc_auc")

    def __init__(
        self, batches: Iterable[Tensor], labels: NDArray[np.int64], device: torch.device
    ) -> None:
        self._batches = batches
        self.labels = np.asarray(labels, dtype=np.int64)
        self.device = device

    def __call__(self, network: Network) -> dict[str, float]:
        """Return ``loss`` (cross-entropy), ``accuracy`` (at 0.5) and ``roc_auc``."""
        return self.metrics(self.outputs(network, keep_features=False)[1])

    def outputs(self, network: Network, *, keep_features: bool) -> tuple[Tensor, Tensor]:
        """Return features (n, k), with k = 0 unless kept, and merger logits (n,), double."""
        return _outputs(network, self._batches, self.device, keep_features)

    def metrics(self, logits: Tensor) -> dict[str, float]:
        """Return the metrics of merger logits (n,)."""
        truth = torch.from_numpy(self.labels).double()
        loss = functional.binary_cross_entropy_with_logits(logits, truth)
        scores = torch.sigmoid(logits).numpy()
        return {
            "loss": float(loss),
            "accuracy": float(accuracy(self.labels, scores, 0.5)),
            "roc_auc": float(roc_auc(self.labels, scores)),
        }


class TwoDomainValidation:
    """The source's metrics, and scores on target images that need no label.

    Parameters
    ----------
    source
        Of the source's validation part.
    target
        Normalised target images in order; read again at each call.
    batch_norm
        Gives the network each domain's statistics.
    scores
        Names from `toomre.evaluation.target_scores.TARGET_SCORES`.
    """

    def __init__(
        self,
        source: Validation,
        target: Iterable[Tensor],
        batch_norm: BatchNorm,
        scores: Sequence[str],
    ) -> None:
        self._source = source
        self._target = target
        self._batch_norm = batch_norm
        self._scores = scores
        self._keeps = "target_dev" in scores  # features may fill the memory

    def __call__(self, network: Network) -> dict[str, float]:
        """Return the source's metrics, each score, and ``target_mergers``.

        The last is the fraction of the target's images that are called mergers, at 0.5.
        """
        with self._batch_norm.on(network, "source"):
            features, logits = self._source.outputs(network, keep_features=self._keeps)
        metrics = self._source.metrics(logits)
        if not self._scores:
            return metrics
        with self._batch_norm.on(network, "target"):
            target = _outputs(network, self._target, self._source.device, self._keeps)
        outputs = DomainOutputs(
            features.double().numpy(),
            target[0].double().numpy(),
            torch.sigmoid(logits).numpy(),
            torch.sigmoid(target[1]).numpy(),
            self._source.labels,
        )
        metrics["target_mergers"] = float((outputs.p_target >= 0.5).mean())
        return metrics | {name: TARGET_SCORES[name](outputs) for name in self._scores}


def _outputs(
    network: Network, batches: Iterable[Tensor], device: torch.device, keep_features: bool
) -> tuple[Tensor, Tensor]:
    features, logits = [], []
    for images in batches:
        found = network(images.to(device))
        features.append((found[0] if keep_features else found[0][:, :0]).float().cpu())
        logits.append(merger_logit(found[1]))
    return torch.cat(features), torch.cat(logits).double().cpu()
