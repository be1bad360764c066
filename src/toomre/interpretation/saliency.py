"""Saliency: by how much each pixel would change a score."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.interpretation.passes import BATCH, Answer, Scale, at_rest, batches, class_score, scaled
from toomre.networks.network import Network

__all__ = ["saliency"]


def saliency(
    network: Network,
    images: NDArray[np.float32],
    answer: Answer = "merger",
    *,
    scale: Scale = "unit",
    batch_size: int = BATCH,
) -> NDArray[np.float32]:
    """Return the largest absolute gradient over the bands at each pixel, (n, y, x).

    Parameters
    ----------
    network
        The network; it is left as it was.
    images
        Normalised as the network wants them, (n, band, y, x).
    answer
        ``"merger"`` or ``"nonmerger"``; the score is the class's logit.
    scale
        ``"unit"``: each map from 0 to 1, divided by its largest value. ``"raw"``: change of the
        logit by a change of 1 in the normalised pixel.
    batch_size
        Images at a time.

    Raises
    ------
    ArgumentError
        If a name is unknown, or the network has more than two logits.

    References
    ----------
    Simonyan et al. (2014), section 3.1.

    Examples
    --------
    >>> from toomre.networks.deepmerge import DeepMerge2Backbone, DeepMerge2Head
    >>> network = Network(DeepMerge2Backbone(bands=3, size=75), DeepMerge2Head(2592))
    >>> saliency(network, np.ones((2, 3, 75, 75), np.float32)).shape
    (2, 75, 75)
    """
    found = np.empty((len(images), *images.shape[-2:]), np.float32)
    with at_rest(network), torch.enable_grad():
        for rows, batch in batches(network, images, batch_size):
            score = class_score(network(batch.requires_grad_())[1], answer)
            (gradient,) = torch.autograd.grad(score.sum(), batch)
            largest = gradient.abs().amax(dim=1)
            found[rows] = largest[: rows.stop - rows.start].cpu().numpy()
    return scaled(found, scale)
