"""Find a network's layers by name, and take the maps that one of them gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, cast, get_args

from torch import Tensor, nn

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.networks.network import Backbone, Network

__all__ = ["Norm", "cam_layer_name", "convolutions", "shown_layers", "tapped"]

#: Maps as the layer gives them, or as the next BatchNorm does.
Norm = Literal["before", "after"]


def convolutions(network: nn.Module) -> list[str]:
    """Return the names of a network's convolutions, in the order in which they were made.

    Examples
    --------
    >>> from toomre.networks.deepmerge import DeepMerge2Backbone
    >>> convolutions(DeepMerge2Backbone(bands=3, size=75))
    ['layers.0', 'layers.4', 'layers.8']
    """
    return [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]


def cam_layer_name(network: Network) -> str:
    """Return the name of the layer that the backbone proposes for Grad-CAM.

    Examples
    --------
    >>> from toomre.networks.deepmerge import DeepMerge2Backbone, DeepMerge2Head
    >>> cam_layer_name(Network(DeepMerge2Backbone(bands=3, size=75), DeepMerge2Head(2592)))
    'backbone.layers.8'
    """
    proposed = cast("Backbone", network.backbone).cam_layer
    names: dict[nn.Module, str] = {layer: name for name, layer in network.named_modules()}
    return names[proposed]


def shown_layers(network: Network, last: str | None = None, count: int = 3) -> list[str]:
    """Return the layers that a figure compares: evenly chosen convolutions, and one at the end.

    Parameters
    ----------
    network
        The network.
    last
        The layer at the end; None for the backbone's ``cam_layer``.
    count
        How many there are at most.

    Examples
    --------
    >>> from toomre.networks.deepmerge import DeepMerge2Backbone, DeepMerge2Head
    >>> network = Network(DeepMerge2Backbone(bands=3, size=75), DeepMerge2Head(2592))
    >>> shown_layers(network)
    ['backbone.layers.0', 'backbone.layers.4', 'backbone.layers.8']
    """
    name = last or cam_layer_name(network)
    order = list(dict(network.named_modules()))
    lookup(dict.fromkeys(order), name, "layer")
    earlier = [each for each in convolutions(network) if order.index(each) < order.index(name)]
    # What stands inside a block that is the last one is a part of it.
    earlier = [each for each in earlier if not each.startswith(f"{name}.")]
    steps = [round(k * len(earlier) / (count - 1)) for k in range(count - 1)]
    return [*dict.fromkeys(earlier[step] for step in steps if step < len(earlier)), name]


@contextmanager
def tapped(
    network: Network, layer: str | None, norm: Norm = "before", *, cut: bool
) -> Iterator[Callable[[], Tensor]]:
    """Listen to a layer, and give a function that returns what it gave in the last pass.

    Parameters
    ----------
    network
        The network.
    layer
        A name as in ``network.named_modules()``; None for the backbone's ``cam_layer``.
    norm
        ``"before"``: what the layer gives. ``"after"``: what the first BatchNorm gives that runs
        after the layer.
    cut
        Begin the gradient there: what comes before needs none then.

    Raises
    ------
    ArgumentError
        If there is no such layer or `norm`; when asked for maps, if there was no BatchNorm, or
        what was given are no maps (n, filter, y, x).
    """
    if norm not in get_args(Norm):
        raise ArgumentError.expected("norm", "'before' or 'after'", norm)
    name = layer or cam_layer_name(network)
    listener = _Listener(norm, cut)
    modules = dict(network.named_modules())
    handles = [lookup(modules, name, "layer").register_forward_hook(listener.layer)]
    if norm == "after":
        norms = [each for each in modules.values() if isinstance(each, nn.BatchNorm2d)]
        handles += [each.register_forward_hook(listener.norm) for each in norms]
    try:
        yield lambda: listener.maps(name)
    finally:
        for handle in handles:
            handle.remove()


class _Listener:
    """Keeps what a layer gave, or the first BatchNorm after it."""

    def __init__(self, norm: Norm, cut: bool) -> None:
        self._norm, self._cut = norm, cut
        self._waiting = False
        self._kept: Tensor | None = None

    def layer(self, module: nn.Module, inputs: object, output: Tensor) -> Tensor | None:
        if self._norm == "before":
            return self._keep(output)
        self._waiting, self._kept = True, None
        return None

    def norm(self, module: nn.Module, inputs: object, output: Tensor) -> Tensor | None:
        if not self._waiting:
            return None
        self._waiting = False
        return self._keep(output)

    def _keep(self, output: Tensor) -> Tensor:
        if not isinstance(output, Tensor) or output.ndim != 4:
            shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            allowed = "one that gives maps (n, filter, y, x)"
            raise ArgumentError.expected("layer", allowed, shape, "Take a convolution.")
        self._kept = output.detach().requires_grad_() if self._cut else output
        # What follows may work in place: it gets a copy.
        return self._kept.clone()

    def maps(self, name: str) -> Tensor:
        if self._kept is None:
            allowed = "one that a BatchNorm follows" if self._norm == "after" else "one that runs"
            hint = 'Take norm="before".' if self._norm == "after" else "Take another one."
            raise ArgumentError.expected("layer", allowed, name, hint)
        return self._kept
