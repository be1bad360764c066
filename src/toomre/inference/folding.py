"""Fold each BatchNorm into the convolution before it: the same numbers, less work."""

from __future__ import annotations

import copy
from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

__all__ = ["folded"]


def folded(network: nn.Module) -> nn.Module:
    """Return a copy of a network in evaluation mode with BatchNorm folded away.

    In every `Sequential`, a BatchNorm that follows a convolution directly becomes part of it; so
    does each pair (convolution, norm) of names that a module lists in its `folds`. Any other
    stays as it is.

    Examples
    --------
    >>> layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).eval()
    >>> [type(layer).__name__ for layer in folded(layers)]
    ['Conv2d', 'Identity', 'ReLU']
    """
    network = copy.deepcopy(network).eval()
    for module in network.modules():
        for first, second in _pairs(module):
            fused = fuse_conv_bn_eval(getattr(module, first), getattr(module, second))
            setattr(module, first, fused)
            setattr(module, second, nn.Identity())
    return network


def _pairs(module: nn.Module) -> list[tuple[str, str]]:
    """Return the names of each convolution in a module and of the BatchNorm that follows it."""
    if isinstance(module, nn.Sequential):
        return [
            (first, second)
            for (first, convolution), (second, norm) in pairwise(list(module.named_children()))
            if type(convolution) is nn.Conv2d and type(norm) is nn.BatchNorm2d
        ]
    pairs = getattr(type(module), "folds", ())
    return [pair for pair in pairs if getattr(module, pair[0], None) is not None]
