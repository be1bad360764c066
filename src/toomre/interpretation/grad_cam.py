"""Grad-CAM: where in an image the maps lie that speak for an answer."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from toomre.interpretation.layers import Norm, tapped
from toomre.interpretation.passes import BATCH, Answer, Scale, at_rest, batches, class_score, scaled
from toomre.networks.network import Network

__all__ = ["grad_cam"]


def grad_cam(
    network: Network,
    images: NDArray[np.float32],
    answer: Answer = "merger",
    *,
    layer: str | None = None,
    norm: Norm = "before",
    scale: Scale = "unit",
    batch_size: int = BATCH,
) -> NDArray[np.float32]:
    """Return a map for each image of what in it speaks for an answer, (n, y, x).

    The maps A_k of a layer are added up, each with the mean over its pixels of the score's
    gradient, and what is negative becomes 0: ReLU(sum_k mean(dy/dA_k) A_k). The sum is
    interpolated (bilinear) to the image's size. One pass forward and one backward a batch; the
    backward one ends at the layer.

    Parameters
    ----------
    network
        The network; it is left as it was.
    images
        Normalised as the network wants them, (n, band, y, x).
    answer
        ``"merger"`` or ``"nonmerger"``. The score is the class's logit.
    layer
        A name as in ``network.named_modules()``; None for the backbone's ``cam_layer``.
    norm
        ``"before"``: A_k is what the layer gives, as in the code of Ćiprijanović et al. (2021).
        ``"after"``: A_k is what the first BatchNorm gives that runs after the layer, so that each
        map is shifted and scaled before maps are compared with 0.
    scale
        ``"unit"``: each map from 0 to 1, divided by its largest value; one that is 0 everywhere
        stays so. ``"raw"``: in units of the score.
    batch_size
        Images at a time.

    Raises
    ------
    ArgumentError
        If a name is unknown, the layer gives no maps, or the network has more than two logits.

    References
    ----------
    Selvaraju et al. (2017), equations 1 and 2; Ćiprijanović et al. (2020), equations 1 and 2.

    Examples
    --------
    >>> from toomre.networks.deepmerge import DeepMerge2Backbone, DeepMerge2Head
    >>> network = Network(DeepMerge2Backbone(bands=3, size=75), DeepMerge2Head(2592))
    >>> grad_cam(network, np.ones((2, 3, 75, 75), np.float32), "nonmerger").shape
    (2, 75, 75)
    """
    size = images.shape[-2:]
    found = np.empty((len(images), *size), np.float32)
    with at_rest(network), torch.enable_grad(), tapped(network, layer, norm, cut=True) as maps:
        for rows, batch in batches(network, images, batch_size):
            score = class_score(network(batch)[1], answer)
            kept = maps()
            (gradient,) = torch.autograd.grad(score.sum(), kept)
            weights = gradient.mean(dim=(2, 3), keepdim=True)
            summed = (weights * kept.detach()).sum(dim=1, keepdim=True).relu()
            large = functional.interpolate(summed, size=size, mode="bilinear")[:, 0]
            found[rows] = large[: rows.stop - rows.start].cpu().numpy()
    return scaled(found, scale)
