"""How BatchNorm treats two domains: together, in turns, each with its own statistics, or anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from toomre.networks.network import Network

__all__ = [
    "BatchNorm",
    "Concatenated",
    "Domain",
    "FrozenNorms",
    "PerDomain",
    "ReEstimated",
    "Shared",
    "held_norms",
    "re_estimate",
]

Domain = Literal["source", "target"]
FrozenNorms = Literal["inference", "batch_statistics"]
Outputs = tuple[Tensor, Tensor]
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


class BatchNorm(Protocol):
    """What the trainer asks of a policy."""

    def forward(
        self, network: Network, source: Tensor, target: Tensor | None
    ) -> tuple[Outputs, Outputs | None]:
        """Return features and logits of both domains in training mode."""
        ...

    def on(self, network: Network, domain: Domain) -> AbstractContextManager[None]:
        """Give a network in evaluation mode the statistics of a domain, for a while."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Return what the network's own state lacks."""
        ...

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        ...


class Concatenated:
    """One forward pass of both domains: the batch statistics are those of the mixture.

    As in the published DeepMerge II; where there is no target, the usual BatchNorm.
    """

    def forward(
        self, network: Network, source: Tensor, target: Tensor | None
    ) -> tuple[Outputs, Outputs | None]:
        """Return features and logits of both domains."""
        if target is None:
            return network(source), None
        count = len(source)
        features, logits = network(torch.cat([source, target]))
        return (features[:count], logits[:count]), (features[count:], logits[count:])

    @contextmanager
    def on(self, network: Network, domain: Domain) -> Iterator[None]:
        """Change nothing: the domains share the running statistics."""
        del network, domain
        yield

    def state(self) -> dict[str, Tensor]:
        """Return nothing."""
        return {}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take nothing."""
        del state


class Shared(Concatenated):
    """Each domain by itself, with its own batch statistics and common running statistics."""

    def forward(
        self, network: Network, source: Tensor, target: Tensor | None
    ) -> tuple[Outputs, Outputs | None]:
        """Return features and logits of both domains."""
        first = network(source)
        return first, None if target is None else network(target)


class PerDomain(Shared):
    """As `Shared`, with running statistics of each domain's own (Chang et al. 2019).

    The weights are common, scale and shift included. Outside a context the network carries the
    target's statistics; the source's wait here.

    Parameters
    ----------
    network
        On the device where it will stay.
    """

    def __init__(self, network: nn.Module) -> None:
        layers = _norms(network)
        self._banks: dict[str, list[dict[str, Tensor]]] = {
            "target": [_buffers(layer) for layer in layers.values()],
            "source": [
                {name: buffer.clone() for name, buffer in _buffers(layer).items()}
                for layer in layers.values()
            ],
        }
        self._names = list(layers)

    def forward(
        self, network: Network, source: Tensor, target: Tensor | None
    ) -> tuple[Outputs, Outputs | None]:
        """Return features and logits of both domains."""
        with self.on(network, "source"):
            first = network(source)
        return first, None if target is None else network(target)

    @contextmanager
    def on(self, network: Network, domain: Domain) -> Iterator[None]:
        """Put a domain's running statistics in their places, then the target's again."""
        self._put(network, domain)
        try:
            yield
        finally:
            self._put(network, "target")

    def state(self) -> dict[str, Tensor]:
        """Return the source's running statistics."""
        return {
            f"{layer}.{name}": buffer
            for layer, bank in zip(self._names, self._banks["source"], strict=True)
            for name, buffer in bank.items()
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take back the source's running statistics."""
        for name, buffer in self.state().items():
            buffer.copy_(state[name])

    def _put(self, network: nn.Module, domain: Domain) -> None:
        for layer, bank in zip(_norms(network).values(), self._banks[domain], strict=True):
            for name, buffer in bank.items():
                layer._buffers[name] = buffer


class ReEstimated(Concatenated):
    """As `Concatenated`; then the target's statistics are measured on its images (Li+ 2017).

    Parameters
    ----------
    images
        Normalised batches of the target's training images; read again at each use.
    device
        Where the network is.
    """

    def __init__(self, images: Iterable[Tensor], device: torch.device) -> None:
        self._images = images
        self._device = device

    @contextmanager
    def on(self, network: Network, domain: Domain) -> Iterator[None]:
        """Measure the target's statistics anew, and put back those of the training."""
        if domain == "source":
            yield
            return
        layers = _norms(network).values()
        kept = [{name: b.clone() for name, b in _buffers(layer).items()} for layer in layers]
        re_estimate(network, (images.to(self._device) for images in self._images))
        try:
            yield
        finally:
            for layer, buffers in zip(layers, kept, strict=True):
                for name, buffer in buffers.items():
                    _buffers(layer)[name].copy_(buffer)


def re_estimate(network: nn.Module, images: Iterable[Tensor]) -> None:
    """Replace all running statistics by those of some images (AdaBN, Li et al. 2017).

    Each becomes the mean over the batches, weighted by their sizes; nothing else changes, and
    the network is left in evaluation mode.

    Examples
    --------
    >>> network = nn.Sequential(nn.BatchNorm1d(1))
    >>> re_estimate(network, [torch.tensor([[1.0], [3.0]]), torch.tensor([[8.0], [8.0]])])
    >>> network[0].running_mean
    tensor([5.])
    """
    layers = list(_norms(network).values())
    momenta = [layer.momentum for layer in layers]
    network.eval()
    for layer in layers:
        layer.train()
    seen = 0
    with torch.no_grad():
        for batch in images if layers else ():
            if len(batch) < 2 and seen:  # one image has no variance over the batch
                continue
            seen += len(batch)
            for layer in layers:
                layer.momentum = len(batch) / seen
            network(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()


@contextmanager
def held_norms(network: nn.Module, answer_by: FrozenNorms) -> Iterator[None]:
    """Hold the running statistics of BatchNorm layers whose weights are all frozen, for a while.

    Parameters
    ----------
    network
        In training mode; its frozen layers are afterwards as they were.
    answer_by
        ``"inference"``: they answer by those statistics, as they will when all is done.
        ``"batch_statistics"``: they answer by each batch's own, as in Keras before 2.3, where
        the rest of the network learns from features that it will not meet again.
    """
    layers: list[Any] = [each for each in network.modules() if _is_norm(each) and _is_frozen(each)]
    before = [(layer.training, layer.momentum) for layer in layers]
    for layer in layers:
        layer.train(answer_by == "batch_statistics")
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, (training, momentum) in zip(layers, before, strict=True):
            layer.train(training)
            layer.momentum = momentum


def _norms(network: nn.Module) -> dict[str, Any]:
    return {
        name: layer
        for name, layer in network.named_modules()
        if _is_norm(layer) and layer.running_mean is not None and not _is_frozen(layer)
    }


def _is_norm(layer: nn.Module) -> bool:
    return isinstance(layer, _BatchNorm)


def _is_frozen(layer: nn.Module) -> bool:
    parameters = list(layer.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)


def _buffers(layer: nn.Module) -> dict[str, Tensor]:
    return {name: layer._buffers[name] for name in _BUFFERS}  # type: ignore[misc]
