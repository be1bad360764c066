"""Turn an image into a colour picture for plots: black at the sky, white at the bright end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.images.cutout import Encoding
from toomre.lookup import lookup

__all__ = ["STRETCHES", "Stretch", "asinh_stretch", "linear_stretch", "log_stretch", "to_rgb"]

Stretch = Literal["linear", "log", "asinh"]

#: For linear pixels, a band's value at this quantile is shown as white.
_WHITE_QUANTILE = 0.997
#: For linear pixels, the sky is shown this many times its scatter above black.
_SKY_SIGMA = 1.0
#: Central wavelengths [nm] of common band names (SDSS, DECam, 2MASS; colours of a picture).
_WAVELENGTHS = {
    "u": 355, "b": 445, "g": 475, "v": 551, "r": 623, "i": 763, "z": 905, "y": 1005,
    "j": 1235, "h": 1662, "k": 2159, "ks": 2159, "blue": 450, "green": 550, "red": 650,
    "f814w": 805, "f160w": 1537, "f356w": 3568,
}  # fmt: skip


def linear_stretch(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return values clipped to 0 to 1.

    Examples
    --------
    >>> linear_stretch(np.array([-1.0, 0.25, 2.0])).tolist()
    [0.0, 0.25, 1.0]
    """
    return np.clip(np.asarray(values, np.float64), 0, 1)


def log_stretch(values: NDArray[Any], contrast: float = 100.0) -> NDArray[np.float64]:
    """Return log(1 + contrast x) / log(1 + contrast) of values x clipped to 0 to 1.

    Examples
    --------
    >>> log_stretch(np.array([0.0, 0.1, 1.0])).round(2).tolist()
    [0.0, 0.52, 1.0]
    """
    stretched: NDArray[np.float64] = np.log1p(contrast * linear_stretch(values))
    return stretched / math.log1p(contrast)


def asinh_stretch(values: NDArray[Any], softening: float = 0.1) -> NDArray[np.float64]:
    """Return asinh(x / softening) / asinh(1 / softening) of values x clipped to 0 to 1.

    Linear below `softening`, logarithmic above (Lupton et al. 2004, PASP 116, 133).

    Examples
    --------
    >>> asinh_stretch(np.array([0.0, 0.1, 1.0])).round(2).tolist()
    [0.0, 0.29, 1.0]
    """
    stretched: NDArray[np.float64] = np.arcsinh(linear_stretch(values) / softening)
    return stretched / math.asinh(1 / softening)


#: The curves by name.
STRETCHES: Mapping[str, Callable[[NDArray[Any]], NDArray[np.float64]]] = {
    "linear": linear_stretch,
    "log": log_stretch,
    "asinh": asinh_stretch,
}

# What a second stretch of a picture does: enough to show faint tails, without the sky's noise.
_SECOND_CURVE: Mapping[str, Callable[..., NDArray[np.float64]]] = {
    "log": partial(log_stretch, contrast=12.0),
}


def to_rgb(
    image: NDArray[Any],
    encoding: Encoding,
    stretch: Stretch = "linear",
    *,
    bands: Sequence[str] | None = None,
) -> NDArray[np.uint8]:
    """Return a colour picture of an image of any number of bands.

    Red, green and blue are the reddest band, the middle one and the bluest one. Which is the
    reddest follows from `bands` if all of the names are known; otherwise pictures (encoding
    ``"display"``) are taken to be in the order red, green, blue, as in a file, and linear bands
    in the order of wavelength, the last one the reddest. One band gives a grey picture; of two,
    green is the mean.

    A picture is shown as it is by the linear stretch; it has been stretched once already, so
    that a log on top of it is a gentle one. Linear bands are shown each from just
    below its sky to its 99.7 % quantile, so that no band drowns the others whatever its unit.
    Pixels that are not finite are black.

    Parameters
    ----------
    image
        Array of shape (band, y, x).
    encoding
        ``"linear"`` (flux) or ``"display"`` (0 to 255).
    stretch
        The curve from 0 to 1 to 0 to 1: ``"linear"``, ``"log"`` or ``"asinh"``.
    bands
        Names of the bands in order.

    Returns
    -------
    NDArray
        Array of shape (y, x, 3), uint8, as `matplotlib.pyplot.imshow` and Pillow take it. The
        first row is the first row of the image.

    Raises
    ------
    ArgumentError
        If the image is not of shape (band, y, x), or the stretch does not exist.

    Examples
    --------
    >>> picture = np.arange(12.0).reshape(3, 2, 2)
    >>> to_rgb(picture, "display")[0, 0].tolist()
    [0, 4, 8]
    """
    curve = lookup(STRETCHES, stretch, "stretch")
    image = np.asarray(image)
    if image.ndim != 3 or 0 in image.shape:
        raise ArgumentError.expected("image", "of shape (band, y, x)", image.shape)
    channels = image[_channels(len(image), encoding, bands)].astype(np.float64)
    if encoding == "display":
        scaled = channels / 255
        curve = _SECOND_CURVE.get(stretch, curve)
    else:
        scaled = _scaled(channels)
    scaled = np.where(np.isfinite(channels), scaled, 0)
    if len(scaled) == 2:
        scaled = np.stack([scaled[0], scaled.mean(axis=0), scaled[1]])
    picture = np.rint(np.moveaxis(curve(scaled), 0, -1) * 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(picture, (*picture.shape[:2], 3)))


def _scaled(channels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale each linear band: 0 just below the sky, 1 at its bright end."""
    result = np.zeros_like(channels)
    for band, target in zip(channels, result, strict=True):
        ring = np.concatenate([band[0], band[-1], band[1:-1, 0], band[1:-1, -1]])
        finite, border = band[np.isfinite(band)], ring[np.isfinite(ring)]
        if not len(finite):
            continue
        low, sky = np.quantile(border if len(border) else finite, (0.159, 0.5))
        black = sky - _SKY_SIGMA * (sky - low)
        white = np.quantile(finite, _WHITE_QUANTILE)
        # A source smaller than 0.3 % of the frame is not lost in the sky.
        white = white if white > sky else finite.max()
        if white > black:
            with np.errstate(invalid="ignore"):
                np.divide(band - black, white - black, out=target)
    return result


def _channels(count: int, encoding: Encoding, bands: Sequence[str] | None) -> list[int]:
    """Return the places of the bands to show, the reddest first."""
    order = list(range(count))
    names = [name.casefold() for name in bands] if bands is not None else []
    if len(names) == count and all(name in _WAVELENGTHS for name in names):
        order.sort(key=lambda place: -_WAVELENGTHS[names[place]])
    elif encoding == "linear":
        order.reverse()
    return order if count <= 2 else [order[0], order[(count - 1) // 2], order[-1]]
