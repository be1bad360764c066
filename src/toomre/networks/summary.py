"""What a network consists of: each layer with the shape of what it gives and its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from toomre.errors import ArgumentError

__all__ = ["Layer", "summarise"]


class Layer(NamedTuple):
    """A layer, or a block of layers, at one call.

    Attributes
    ----------
    name
        Where it stands in the network, such as ``"backbone.layers.0"``.
    kind
        The name of its class, such as ``"Conv2d"``.
    shape
        Of what it gives for one image: (channel, y, x) or (feature,); empty where it is never
        called by itself.
    numbers
        How many it holds, with the running statistics of a BatchNorm, as Keras counts; 0 where
        an earlier row counts them.
    learnt
        How many of them can be learnt, as torch counts.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    numbers: int
    learnt: int


def summarise(network: nn.Module, shape: tuple[int, ...], depth: int | None = None) -> list[Layer]:
    """Return the layers of a network in the order in which an image goes through them.

    Each number of the network is counted in one row. What is a function and no layer, as
    flattening, adding or a sigmoid may be, has no row; neither has `nn.Identity`.

    Parameters
    ----------
    network
        Images (n, band, y, x) in. Its weights and its mode stay as they are.
    shape
        Of one image, (band, y, x).
    depth
        Names have at most so many parts: what is deeper is counted in the row of its block.
        None: every layer.

    Raises
    ------
    ArgumentError
        If `depth` is below 1.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 5), nn.ReLU(), nn.Flatten(), nn.Linear(128, 2))
    >>> for layer in summarise(network, (3, 8, 8)):
    ...     print(layer.name, layer.kind, layer.shape, layer.numbers)
    0 Conv2d (8, 4, 4) 608
    1 ReLU (8, 4, 4) 0
    2 Flatten (128,) 0
    3 Linear (2,) 258
    """
    if depth is not None and depth < 1:
        raise ArgumentError.expected("depth", "1 or more", depth)
    ledger = _Ledger(network, depth)
    with _hooked(ledger, network), torch.no_grad():
        network(torch.zeros(1, *shape))
    ledger.close()
    return ledger.rows


class _Ledger:
    """The rows so far, and the tensors that none of them counts yet."""

    def __init__(self, network: nn.Module, depth: int | None) -> None:
        self.rows: list[Layer] = []
        self._modules = dict(network.named_modules())
        self._blocks = _blocks(self._modules, depth)
        # Single numbers, such as the count of a BatchNorm's batches, are no part of an answer.
        kept = {
            name: each for name, each in network.state_dict(keep_vars=True).items() if each.ndim
        }
        # By identity: what two layers share is counted once, with the first.
        self._left: dict[int, tuple[str, Tensor]] = {}
        for name, each in kept.items():
            self._left.setdefault(id(each), (self._blocks[name.rpartition(".")[0]], each))

    def names(self) -> list[str]:
        """Return the modules that have rows of their own."""
        owners = {owner for owner, _ in self._left.values()}
        whole = {block for name, block in self._blocks.items() if block != name}
        simple = {name for name, module in self._modules.items() if not [*module.children()]}
        return [
            name
            for name, block in self._blocks.items()
            if block == name
            and name in owners | whole | simple
            and not isinstance(self._modules[name], nn.Identity)
        ]

    def enter(self, name: str, _module: nn.Module, _images: Any, given: Any) -> None:
        """Note a call."""
        answer = given[-1] if isinstance(given, tuple) else given
        self._add(name, tuple(answer.shape[1:]) if isinstance(answer, Tensor) else ())

    def close(self) -> None:
        """Note what was never called by itself, and has numbers all the same."""
        for owner in dict.fromkeys(owner for owner, _ in self._left.values()):
            self._add(owner, ())

    def _add(self, name: str, shape: tuple[int, ...]) -> None:
        own = {key: each for key, (owner, each) in self._left.items() if owner == name}
        for key in own:
            del self._left[key]
        numbers = sum(each.numel() for each in own.values())
        learnt = sum(each.numel() for each in own.values() if isinstance(each, nn.Parameter))
        kind = type(self._modules[name]).__name__.lstrip("_")
        self.rows.append(Layer(name, kind, shape, numbers, learnt))


def _blocks(modules: dict[str, nn.Module], depth: int | None) -> dict[str, str]:
    """Return for each module the one in whose row it is: itself, or the block at the depth.

    A list of modules is never called, so that it is no block.
    """
    found, levels = {"": ""}, {"": 0}
    for name in [each for each in modules if each]:
        above = name.rpartition(".")[0]
        is_list = isinstance(modules[name], nn.ModuleList)
        inside = levels[above] == depth and not isinstance(modules[above], nn.ModuleList)
        found[name] = found[above] if inside else name
        levels[name] = levels[above] + (0 if is_list or inside else 1)
    return found


@contextmanager
def _hooked(ledger: _Ledger, network: nn.Module) -> Iterator[None]:
    """Have the calls noted while the network answers as in inference."""
    modules = dict(network.named_modules())
    handles = [
        modules[name].register_forward_hook(partial(ledger.enter, name)) for name in ledger.names()
    ]
    modes = [(module, module.training) for module in modules.values()]
    network.eval()
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes:
            module.training = mode
