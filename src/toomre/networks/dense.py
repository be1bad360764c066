"""A head of dense layers, started as in Keras: those of S. Levy's poster and of Galaxy Zoo 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from toomre.lookup import lookup
from toomre.networks.start import glorot

__all__ = ["DenseHead"]

_ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "leaky_relu": partial(nn.LeakyReLU, 0.3),  # Keras' slope
    "none": nn.Identity,
    "relu": nn.ReLU,
}


class DenseHead(nn.Module):
    """Dense layers, each with an activation and dropout, and one more for the logits.

    Parameters
    ----------
    num_features
        Length of the backbone's feature vector.
    hidden
        Units of each layer before the last.
    outputs
        Number of logits: 1 or 2 for mergers, 37 for Galaxy Zoo 2's vote fractions.
    activation
        ``"relu"``, ``"leaky_relu"`` (slope 0.3) or ``"none"``.
    dropout
        Fraction of activations dropped after each hidden layer.
    bias
        With what the hidden layers' biases start.

    Examples
    --------
    >>> head = DenseHead(512, hidden=[2048], outputs=1, activation="leaky_relu", bias=0.01)
    >>> head(torch.zeros(4, 512)).shape
    torch.Size([4, 1])
    """

    def __init__(
        self,
        num_features: int,
        hidden: Sequence[int] = (),
        outputs: int = 2,
        activation: str = "relu",
        dropout: float = 0.0,
        bias: float = 0.0,
    ) -> None:
        super().__init__()
        make = lookup(_ACTIVATIONS, activation, "head.options.activation")
        layers: list[nn.Module] = []
        inputs = num_features
        for units in hidden:
            layers += [nn.Linear(inputs, units), make(), nn.Dropout(dropout)]
            inputs = units
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, outputs))
        self.apply(glorot)
        for layer in layers:
            if isinstance(layer, nn.Linear):
                nn.init.constant_(layer.bias, bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits, (n, outputs)."""
        logits: Tensor = self.layers(features)
        return logits

    def penalty(self) -> Tensor:
        """Return zero."""
        return torch.zeros((), device=next(self.parameters()).device)
