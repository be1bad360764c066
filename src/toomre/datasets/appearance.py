"""Random contrast, colour, sharpness and noise of pictures, so that a network cannot lean on them.

Simulated pictures never have quite the sharpness, noise and colours of real ones. If these change
at random in training, the network has to look at shapes (domain randomisation, Tobin et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

__all__ = ["change_appearance"]

_WHITE = 255.0
# Of strength 1: scatter of the logarithms of exponent, brightness and each band's brightness;
# of the black levels, in units of white; the widest blur [pixel] and its share of images; the
# largest noise in units of white.
_GAMMA, _GAIN, _BAND_GAIN = 0.20, 0.15, 0.08
_BLACK = 0.01
_BLUR, _BLURRED = (0.4, 1.2), 0.4
_NOISE = 0.03


def change_appearance(
    images: NDArray[np.float32], strength: float, seed: Sequence[int], numbers: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return pictures with another look; where things are does not change.

    Parameters
    ----------
    images
        (image, band, y, x), brightness on a screen, 0 to 255.
    strength
        0 changes nothing, 1 is a strong change: 15 % in brightness, 8 % in each band, an exponent
        of 0.8 to 1.2 (all one standard deviation), a blur of up to 1.2 pixels of two images in
        five, noise of up to 3 % of white.
    seed, numbers
        What happens to an image depends on these numbers and on its own number alone.

    Returns
    -------
    Pictures of the same shape, 0 to 255.

    Examples
    --------
    >>> images = np.full((2, 3, 8, 8), 100.0, np.float32)
    >>> changed = change_appearance(images, 1.0, [1, 0], np.arange(2))
    >>> changed.shape, bool(changed.min() >= 0), bool(np.ptp(changed[:, :, 0, 0]) > 1)
    ((2, 3, 8, 8), True, True)
    """
    if strength == 0:
        return images
    result = np.empty_like(images)
    for image, number, out in zip(images, numbers, result, strict=True):
        out[:] = _changed(image, strength, np.random.default_rng([*seed, 2, int(number)]))
    return result


def _changed(
    image: NDArray[np.float32], strength: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    bands = (len(image), 1, 1)
    picture = image.clip(0, _WHITE) / _WHITE
    blurred, width = rng.random() < _BLURRED * strength, rng.uniform(*_BLUR)
    if blurred:
        for axis in (1, 2):
            picture = gaussian_filter1d(picture, width, axis=axis, mode="nearest")
    picture = picture ** np.float32(np.exp(rng.normal(0, _GAMMA * strength)))
    gain = rng.normal(0, _GAIN * strength) + rng.normal(0, _BAND_GAIN * strength, bands)
    black = rng.normal(0, _BLACK * strength) + rng.normal(0, _BLACK * strength, bands)
    picture = picture * np.exp(gain).astype(np.float32) + black.astype(np.float32)
    noise = np.float32(rng.uniform(0, _NOISE * strength))
    picture += noise * rng.standard_normal(picture.shape, dtype=np.float32)
    changed: NDArray[np.float32] = picture.clip(0, 1) * np.float32(_WHITE)
    return changed
