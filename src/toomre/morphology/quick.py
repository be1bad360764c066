"""statmorph's measures in a third of the time: the same numbers, and only those that are wanted."""

from __future__ import annotations

from functools import cache
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.packages import import_package

__all__ = ["half_turn", "quick_morphology"]

Floats = NDArray[np.float64]


@cache
def quick_morphology(wanted: tuple[str, ...]) -> Any:
    """Return statmorph's class, measuring some names only and with a quicker asymmetry.

    statmorph looks for the centre of the smallest asymmetry with a hundred half turns of the
    image or more; a general rotation does one in some 6 ms, an interpolation between shifted rows
    and columns in a twentieth of that.

    Parameters
    ----------
    wanted
        Names of statmorph's measures.

    Raises
    ------
    MissingPackageError
        If statmorph or photutils is not installed.
    """
    base: Any = import_package("statmorph", "morphology").SourceMorphology
    circle = import_package("photutils.aperture", "morphology").CircularAperture

    class QuickMorphology(base):  # type: ignore[misc]
        def _calculate_morphology(self) -> None:
            for name in wanted:
                getattr(self, name)

        def _asymmetry_function(self, center: Any, image: Floats, kind: str) -> Any:
            x, y = (float(value) for value in center)
            inside = 0 <= x < image.shape[1] and 0 <= y < image.shape[0]
            if kind != "cas" or not inside:
                return super()._asymmetry_function(center, image, kind)
            mask = self._mask_stamp
            if mask.any():
                mask = mask | (half_turn(mask.astype(np.float64), round(2 * x), round(2 * y)) > 0)
            seen = np.where(mask, 0.0, image)
            turned = np.where(mask, 0.0, half_turn(np.asarray(image, np.float64), 2 * x, 2 * y))
            radius = self._petro_extent_cas * self._rpetro_circ_centroid
            aperture = circle((x, y), radius).to_mask(method="exact")
            whole, part = aperture.get_overlap_slices(image.shape)
            weight = aperture.data[part]
            light = float((weight * np.abs(seen[whole])).sum())
            if light == 0:
                return super()._asymmetry_function(center, image, kind)
            unlike = float((weight * np.abs(turned[whole] - seen[whole])).sum())
            sky = self._sky_asymmetry
            if sky != -99.0:  # there is a box of sky
                unlike -= float(weight[~mask[whole]].sum()) * sky
            return unlike / light

    return QuickMorphology


def half_turn(image: Floats, sum_x: float, sum_y: float) -> Floats:
    """Turn an image by 180 degrees; what comes from outside of it is 0.

    Parameters
    ----------
    image
        Array of shape (y, x).
    sum_x, sum_y
        Twice the centre's coordinates [pixel]: the pixel at x gets the value at ``sum_x - x``,
        interpolated linearly.

    Examples
    --------
    >>> half_turn(np.array([[1.0, 2.0, 3.0]]), 3, 0)
    array([[0., 3., 2.]])
    >>> half_turn(np.array([[1.0, 2.0, 3.0]]), 2.5, 0)
    array([[1.5, 2.5, 1.5]])
    """
    turned = image
    for axis, total in ((1, sum_x), (0, sum_y)):
        low = floor(total)
        share = total - low
        near = _mirrored(turned, low, axis)
        turned = (
            near if share == 0 else (1 - share) * near + share * _mirrored(turned, low + 1, axis)
        )
    return turned


def _mirrored(image: Floats, total: int, axis: int) -> Floats:
    """Return the image with ``image[total - k]`` at place k of an axis, 0 where that is outside."""
    result = np.zeros_like(image)
    size = image.shape[axis]
    first, last = max(0, total - size + 1), min(size - 1, total)
    if first <= last:
        here = [slice(None), slice(None)]
        there = list(here)
        here[axis] = slice(first, last + 1)
        there[axis] = slice(total - last, total - first + 1)
        result[tuple(here)] = np.flip(image[tuple(there)], axis=axis)
    return result
