"""Concentration, asymmetry, smoothness, Gini, M20 and MID of an image, measured by statmorph."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toomre.errors import ArgumentError
from toomre.morphology.quick import quick_morphology
from toomre.morphology.source import find_source, sky_of

__all__ = ["FAILED", "OTHERS", "SHAPES", "measure_image"]

#: Measures of shape, for a classifier; numbers without a unit.
SHAPES = (
    "concentration",
    "asymmetry",
    "smoothness",
    "gini",
    "m20",
    "gini_m20_bulge",
    "gini_m20_merger",
    "multimode",
    "intensity",
    "deviation",
)
#: What else is kept: Petrosian and half-light radius [pixel], mean signal to noise of a pixel.
OTHERS = ("rpetro_circ", "rhalf_circ", "sn_per_pixel")
#: The flag of an image of which nothing could be measured, as in statmorph.
FAILED = 4

# What statmorph writes for a value that it could not measure.
_INVALID = -99.0
# The weight of an image without noise: its peak over this many.
_FAINTEST = 1e4
# The box of sky [pixel]: statmorph's own 32 seldom fits into a cutout, and to find that takes long.
_SKY_BOX = 16


def measure_image(image: ArrayLike) -> dict[str, Any]:
    """Measure the galaxy in the middle of an image of one band.

    The sky is measured in the outermost pixels and subtracted; the galaxy's first outline is
    that of `toomre.morphology.source.find_source`. No Sersic profile is fitted, and the flag is
    about the measures that are kept alone.

    Parameters
    ----------
    image
        Array of shape (y, x), proportional to flux. Pixels that are not finite are masked.

    Returns
    -------
    A value for each name in `SHAPES` and `OTHERS`, NaN where it could not be measured;
    `sky_level` and `sky_scatter` [unit of the image]; `flag`: 0 good, 1 suspect, 2 bad, 4
    nothing measured; and `reason`, why nothing was.

    Raises
    ------
    ArgumentError
        If the image is not of shape (y, x).
    MissingPackageError
        If statmorph or photutils is not installed.

    References
    ----------
    Conselice (2003); Lotz, Primack & Madau (2004); Freeman et al. (2013); Rodriguez-Gomez et
    al. (2019), whose code it is.

    Examples
    --------
    >>> y, x = np.mgrid[-32:33, -32:33]
    >>> found = measure_image(np.exp(-np.hypot(x, y) / 4))
    >>> abs(round(found["asymmetry"], 2)), found["reason"]
    (0.0, '')
    """
    pixels = np.asarray(image, dtype=np.float64)
    if pixels.ndim != 2:
        raise ArgumentError.expected("image", "of shape (y, x)", pixels.shape)
    quick = quick_morphology((*SHAPES, *OTHERS))
    finite = np.isfinite(pixels)
    if not finite.any() or np.ptp(pixels[finite]) == 0:
        return _failed("blank")
    sky = sky_of(pixels)
    own = pixels - sky.level
    levels = {"sky_level": sky.level, "sky_scatter": sky.scatter}
    source = find_source(own)
    if source is None:
        return _failed("no source in the middle") | levels
    # The depth is unknown to a prepared set, so that the weight is the sky's alone: it enters
    # the signal-to-noise ratio and no measure of shape.
    weight = np.full(own.shape, max(sky.scatter, source.peak / _FAINTEST))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is in the flag
        try:
            found = quick(
                own,
                source.labels,
                source.label,
                mask=~finite,
                weightmap=weight,
                skybox_size=_SKY_BOX,
            )
        except Exception as error:
            # Odd images end in errors of many kinds somewhere below statmorph.
            return _failed(f"statmorph: {type(error).__name__}") | levels
    values = {name: _number(getattr(found, name)) for name in (*SHAPES, *OTHERS)}
    return values | levels | {"flag": int(found.flag), "reason": ""}


def _number(value: Any) -> float:
    number = float(value)
    return number if np.isfinite(number) and number != _INVALID else float("nan")


def _failed(reason: str) -> dict[str, Any]:
    names = (*SHAPES, *OTHERS, "sky_level", "sky_scatter")
    return dict.fromkeys(names, float("nan")) | {"flag": FAILED, "reason": reason}
