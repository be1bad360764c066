"""Activation maps: what single filters of a layer answer to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.interpretation.layers import Norm, tapped
from toomre.interpretation.passes import BATCH, at_rest, batches
from toomre.networks.network import Network

__all__ = ["activation_maps", "draw_filters"]


def activation_maps(
    network: Network,
    images: NDArray[np.float32],
    layer: str | None = None,
    *,
    filters: Sequence[int] | None = None,
    norm: Norm = "before",
    batch_size: int = BATCH,
) -> NDArray[np.float32]:
    """Return what filters of a layer give for each image, (n, filter, y, x) in its own pixels.

    Parameters
    ----------
    network
        The network; it is left as it was.
    images
        Normalised as the network wants them, (n, band, y, x).
    layer
        A name as in ``network.named_modules()``; None for the backbone's ``cam_layer``.
    filters
        Numbers of the filters, from 0; None for all.
    norm
        ``"before"``: what the layer gives; ``"after"``: what the first BatchNorm gives that runs
        after it.
    batch_size
        Images at a time.

    Raises
    ------
    ArgumentError
        If the layer is unknown or gives no maps, or it has no such filter.

    Examples
    --------
    >>> from toomre.networks.deepmerge import DeepMerge2Backbone, DeepMerge2Head
    >>> network = Network(DeepMerge2Backbone(bands=3, size=75), DeepMerge2Head(2592))
    >>> images = np.ones((2, 3, 75, 75), np.float32)
    >>> activation_maps(network, images, "backbone.layers.4", filters=[0, 3]).shape
    (2, 2, 37, 37)
    """
    found = []
    with at_rest(network), torch.no_grad(), tapped(network, layer, norm, cut=False) as maps:
        for rows, batch in batches(network, images, batch_size):
            network(batch)
            given = maps()[: rows.stop - rows.start]
            if filters is not None:
                given = given[:, _checked(filters, given.shape[1])]
            found.append(given.contiguous().cpu().numpy())
    if not found:
        raise ArgumentError.expected("images", "at least one", len(images))
    return np.concatenate(found)


def draw_filters(width: int, count: int, rng: np.random.Generator) -> list[int]:
    """Draw up to `count` different filters of a layer that has `width`, in rising order.

    Examples
    --------
    >>> draw_filters(3, 4, np.random.default_rng(1))
    [0, 1, 2]
    """
    return sorted(rng.permutation(width)[:count].tolist())


def _checked(filters: Sequence[int], width: int) -> list[int]:
    wrong = [number for number in filters if not 0 <= number < width]
    if wrong:
        raise ArgumentError.expected("filters", f"numbers from 0 to {width - 1}", wrong[0])
    return list(filters)
