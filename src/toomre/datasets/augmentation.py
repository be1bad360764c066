"""Random flips, turns, zooms and shifts of training images, the same for both classes.

What happens to image i in epoch e depends on (seed, e, i) only: not on the batch, the order
or what was drawn before. So a training that was killed goes on exactly where it stopped.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from toomre.datasets.window import centre_window
from toomre.images.dihedral import transform_each
from toomre.recipe import Augmentation

__all__ = ["augment", "draw"]


def draw(seed: int, epoch: int, images: int) -> NDArray[np.float64]:
    """Return the random numbers of one epoch, (images, 5), uniform from 0 to 1.

    The columns serve the flip or quarter turn, the angle, the zoom and the two shifts.

    Examples
    --------
    >>> draw(1, 0, 3).shape
    (3, 5)
    """
    return np.random.default_rng([seed, epoch, 0]).random((images, 5))


def augment(
    images: NDArray[np.float32], random: NDArray[np.float64], size: int, plan: Augmentation
) -> NDArray[np.float32]:
    """Return changed images, cut to the central `size` pixels.

    Parameters
    ----------
    images
        (image, band, y, x); a little larger than `size`, so that a turned image has real sky
        in its corners.
    random
        Rows of `draw`, (image, 5).
    size
        Side of the result [pixel].
    plan
        Which changes to make.

    Examples
    --------
    >>> images = np.zeros((2, 3, 9, 9), np.float32)
    >>> augment(images, draw(1, 0, 2), 7, Augmentation()).shape
    (2, 3, 7, 7)
    """
    if plan.rotation or plan.zoom or plan.shift:
        return _resample(images, random, size, plan)
    window = centre_window(images.shape[-1], size)
    cut = images[:, :, window, window]
    if not plan.flips:
        return np.ascontiguousarray(cut)
    return transform_each(cut, (random[:, 0] * 8).astype(np.intp))


def _resample(
    images: NDArray[np.float32], random: NDArray[np.float64], size: int, plan: Augmentation
) -> NDArray[np.float32]:
    """Flip, turn, zoom and shift in one bilinear step."""
    eighth = (random[:, 0] * 8).astype(np.intp) if plan.flips else np.zeros(len(random), np.intp)
    mirror = np.where(eighth >= 4, -1.0, 1.0)
    angle = 2 * np.pi * random[:, 1] if plan.rotation else (eighth % 4) * (np.pi / 2)
    zoom = np.exp(plan.zoom * (1 - 2 * random[:, 2]))
    shift = plan.shift * (2 * random[:, 3:5] - 1) * 2 / images.shape[-1]
    # Output coordinates run from -1 to 1 over `size` pixels, input ones over the stored image.
    scale = size / images.shape[-1] / zoom
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    matrices = np.stack(
        [
            np.stack([cosine * mirror, -sine, shift[:, 0]], axis=1),
            np.stack([sine * mirror, cosine, shift[:, 1]], axis=1),
        ],
        axis=1,
    )
    shape = [len(images), images.shape[1], size, size]
    grid = functional.affine_grid(
        torch.from_numpy(matrices.astype(np.float32)), shape, align_corners=False
    )
    sampled = functional.grid_sample(
        torch.from_numpy(images), grid, padding_mode="reflection", align_corners=False
    )
    result: NDArray[np.float32] = sampled.numpy()
    return result
