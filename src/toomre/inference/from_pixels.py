"""A model as one module from pixels to its answer, for runtimes that know nothing of its card."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from toomre.inference.folding import folded
from toomre.inference.store import Model
from toomre.networks.network import merger_logit

__all__ = ["FromPixels"]


class FromPixels(nn.Module):
    """Pixels (n, band, y, x) in, merger logits (n,) or vote fractions (n, 37) out.

    The normalisation of the card is part of it, BatchNorm is folded away, and the flips and
    quarter turns and the calibration are left to the caller.

    Parameters
    ----------
    model
        Card and network; the network is copied, not changed.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, model: Model) -> None:
        super().__init__()
        wanted = model.card.input
        self.register_buffer("mean", torch.tensor(wanted.mean)[:, None, None])
        self.register_buffer(
            "scale", (1 / torch.tensor(wanted.std).double()).float()[:, None, None]
        )
        self._is_stretched = wanted.stretch == "asinh"
        self._network = folded(model.network)
        votes = bool(model.card.architecture.answers)
        self._read: Callable[[Tensor], Tensor] = nn.Identity() if votes else merger_logit
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Return what the model answers to each image."""
        scaled = (images - self.mean) * self.scale
        if self._is_stretched:  # asinh, which torch's exporter does not know by its name
            distance = scaled.abs()
            scaled = scaled.sign() * torch.log(distance + torch.sqrt(distance * distance + 1))
        _, outputs = self._network(scaled)
        answers: Tensor = self._read(outputs)
        return answers
