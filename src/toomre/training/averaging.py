"""A running mean of a network's weights over the steps of its training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["WeightAverage"]


class WeightAverage:
    """The exponential moving average of weights and BatchNorm statistics.

    The averaged network lies nearer the middle of the valley in which the steps go to and fro,
    and is less tuned to the training's domain (Polyak & Juditsky 1992; Izmailov et al. 2018).

    Parameters
    ----------
    network
        On the device where it will stay; its present weights are the first.
    decay
        Share of the old mean that is kept at each step, 0 to 1. The first steps keep less,
        (1 + step) / (10 + step), so that the random start is forgotten.

    Examples
    --------
    >>> layer = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(layer.weight, 1.0)
    >>> average = WeightAverage(layer, decay=0.5)
    >>> _ = nn.init.constant_(layer.weight, 3.0)
    >>> for step in range(100):
    ...     average.update(layer, step)
    >>> with average.on(layer):
    ...     round(layer.weight.item(), 3)
    3.0
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self._mean = {name: tensor.detach().clone() for name, tensor in _state(network).items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take the network's weights into the mean; `step` counts from 0."""
        kept = min(self._decay, (1 + step) / (10 + step))
        for name, tensor in _state(network).items():
            if tensor.is_floating_point():
                self._mean[name].lerp_(tensor, 1 - kept)
            else:
                self._mean[name].copy_(tensor)

    @contextmanager
    def on(self, network: nn.Module) -> Iterator[None]:
        """Give the network the mean, and its own weights back afterwards."""
        own = {name: tensor.detach().clone() for name, tensor in _state(network).items()}
        network.load_state_dict(self._mean)
        try:
            yield
        finally:
            network.load_state_dict(own)

    def state(self) -> dict[str, Tensor]:
        """Return the mean by the names of the network's weights."""
        return dict(self._mean)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        for name, tensor in self._mean.items():
            tensor.copy_(state[name])


def _state(network: nn.Module) -> dict[str, Tensor]:
    state: dict[str, Tensor] = network.state_dict()
    return state
