"""Weights made for red, green and blue, shared out to another number of bands."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["colour_shares", "spread_bands"]


def colour_shares(bands: int) -> NDArray[np.float64]:
    """Return how much of each colour goes to each band, (bands, 3).

    The three colours stand side by side on a line, each a third of it, and the bands cut the
    same line into equal parts; a band gets of each colour the fraction that it covers. So one
    band gets the sum of all colours, three bands keep what they had, and six get half each.
    Nothing is lost: each column sums to 1.

    Examples
    --------
    >>> colour_shares(2)
    array([[1. , 0.5, 0. ],
           [0. , 0.5, 1. ]])
    """
    band, colour = np.linspace(0, 3, bands + 1), np.arange(4)
    start = np.maximum(band[:-1, None], colour[None, :-1])
    stop = np.minimum(band[1:, None], colour[None, 1:])
    shares: NDArray[np.float64] = np.maximum(stop - start, 0.0)
    return shares


def spread_bands(weights: Tensor, bands: int) -> Tensor:
    """Return a first layer's weights (out, 3, y, x) for images of another number of bands.

    An image with the same values in all bands gives the same output as before.

    Examples
    --------
    >>> spread_bands(torch.ones(8, 3, 5, 5), bands=1).shape
    torch.Size([8, 1, 5, 5])
    """
    if bands == weights.shape[1]:
        return weights
    shares = torch.from_numpy(colour_shares(bands)).to(weights.dtype)
    return torch.einsum("bc,ocyx->obyx", shares, weights)
