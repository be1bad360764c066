"""What can be measured in a colour picture without knowing what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label, maximum_filter, shift

from toomre.errors import ArgumentError

__all__ = ["FEATURES", "measure"]

Image = NDArray[np.float64]

#: Name -> what it is, with its unit.
FEATURES: Mapping[str, str] = {
    "brightness": "brightness of the central object [mag of display values]",
    "radius": "half-light radius [pixel]",
    "extent": "radius of its area [pixel]",
    "peak": "brightest value of the object [display]",
    "saturated": "share of pixels that are white",
    "concentration": "concentration 5 log r80/r20",
    "axis_ratio": "axis ratio",
    "asymmetry": "180 degree asymmetry",
    "gini": "Gini coefficient",
    "m20": "M20",
    "clumpiness": "fine structure over light",
    "peaks": "maxima in the object",
    "red_green": "colour red - green [mag]",
    "green_blue": "colour green - blue [mag]",
    "gradient": "colour red - blue, centre less outskirts [mag]",
    "sky": "level of the sky [display]",
    "noise": "noise of the sky [display]",
    "noise_colour": "noise of red - blue in the sky [display]",
    "noise_shared": "correlation of neighbouring sky pixels",
    "neighbours": "other objects",
    "neighbour_light": "brightest other object over the central one [mag]",
}

# Detection: sigma of the smoothing [pixel], threshold over the smoothed sky's noise, and the
# smallest object [pixel].
_SMOOTH, _THRESHOLD, _SMALLEST = 1.0, 4.0, 6
# The central object is the largest one within this part of the half side from the middle.
_CENTRAL = 0.3
# A maximum counts above this part of the brightest one.
_MAXIMUM = 0.25
_WHITE = 250.0
# Faintest brightness, for pictures without an object [display].
_FLOOR = 1.0


@dataclass(frozen=True, eq=False)
class _Scene:
    """A picture without its sky, and which pixels belong to what."""

    planes: Image
    light: Image
    objects: NDArray[np.int32]
    count: int
    central: int


def measure(picture: NDArray[np.floating]) -> dict[str, float]:
    """Measure one picture.

    Parameters
    ----------
    picture
        Array of shape (3, y, x): red, green and blue, 0 to 255.

    Returns
    -------
    A value for each of `FEATURES`; NaN where there is no central object. Asymmetry after
    Conselice (2003, ApJS 147, 1), Gini and M20 after Lotz et al. (2004, AJ 128, 163), each on
    the pixels of the object.

    Examples
    --------
    >>> y, x = np.mgrid[-32:32, -32:32]
    >>> found = measure(np.stack([200 * np.exp(-(x**2 + y**2) / 50)] * 3))
    >>> round(found["radius"], 1), round(found["asymmetry"], 2), found["neighbours"]
    (5.8, 0.0, 0.0)
    """
    planes = np.asarray(picture, dtype=np.float64)
    if planes.ndim != 3 or len(planes) != 3:
        raise ArgumentError.expected("picture", "of shape (3, y, x)", planes.shape)
    values = dict.fromkeys(FEATURES, np.nan)
    scene, sky = _scene(planes)
    values.update(sky)
    values["saturated"] = float((planes.max(axis=0) >= _WHITE).mean())
    values["neighbours"] = float(scene.count - bool(scene.central))
    if scene.central:
        values.update(_central(scene))
    return values


def _scene(planes: Image) -> tuple[_Scene, dict[str, float]]:
    level = np.median(planes, axis=(1, 2))
    light = planes.mean(axis=0)
    smooth = gaussian_filter(light, _SMOOTH)
    middle, spread = _sky(smooth)
    objects, _ = label(smooth > middle + _THRESHOLD * max(spread, 0.1))
    sizes = np.bincount(objects.ravel())
    sizes[0] = 0
    keep = sizes >= _SMALLEST
    number = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    objects = number[objects]
    blank = objects == 0
    sky = _sky_values(planes, light, blank, level)
    rest = planes - level[:, None, None]
    central = _central_number(objects)
    return _Scene(rest, rest.mean(axis=0), objects, int(keep.sum()), central), sky


def _sky(image: Image) -> tuple[float, float]:
    """Return median and width of the lower half of the values, which objects do not reach."""
    middle = float(np.median(image))
    below = image[image <= middle]
    return middle, float(np.sqrt(np.mean((below - middle) ** 2)))


def _sky_values(
    planes: Image, light: Image, blank: NDArray[np.bool_], level: Image
) -> dict[str, float]:
    both = blank[:, 1:] & blank[:, :-1]
    left, right = light[:, :-1][both], light[:, 1:][both]
    known = both.sum() > 50 and left.std() > 0 and right.std() > 0
    colour = (planes[0] - planes[2])[blank]
    return {
        "sky": float(level.mean()),
        "noise": float(light[blank].std()) if blank.any() else np.nan,
        "noise_colour": float(colour.std()) if blank.any() else np.nan,
        "noise_shared": float(np.corrcoef(left, right)[0, 1]) if known else np.nan,
    }


def _central_number(objects: NDArray[np.int32]) -> int:
    """Return the largest object in the middle of the picture, or 0."""
    half = np.array(objects.shape) / 2
    reach = np.ceil(_CENTRAL * half).astype(int)
    low, high = half.astype(int) - reach, half.astype(int) + reach
    sizes = np.bincount(objects[low[0] : high[0], low[1] : high[1]].ravel())
    sizes[0] = 0
    return int(sizes.argmax()) if sizes.any() else 0


def _central(scene: _Scene) -> dict[str, float]:
    mask = scene.objects == scene.central
    light = np.where(mask, scene.light, 0.0).clip(0)
    total = max(float(light.sum()), _FLOOR)
    y, x = np.nonzero(mask)
    weight = light[mask] / total
    centre = np.array([weight @ y, weight @ x])
    r = np.hypot(y - centre[0], x - centre[1])
    r20, r50, r80 = _radii(r, weight)
    others = np.bincount(scene.objects.ravel(), scene.light.ravel())
    others[[0, scene.central]] = 0
    return {
        "brightness": -2.5 * np.log10(total),
        "radius": r50,
        "extent": float(np.sqrt(mask.sum() / np.pi)),
        "peak": float(light.max()),
        "concentration": 5 * np.log10(max(r80, 0.5) / max(r20, 0.25)),
        "axis_ratio": _axis_ratio(y - centre[0], x - centre[1], weight),
        "asymmetry": _asymmetry(scene.light, mask, centre),
        "gini": _gini(light[mask]),
        "m20": _m20(r, weight),
        "clumpiness": float(np.abs(light - gaussian_filter(light, 2.0))[mask].sum() / total),
        "peaks": float(_maxima(light)),
        "neighbour_light": -2.5 * np.log10(max(others.max(), _FLOOR) / total),
        **_colours(scene.planes, mask, r < r50),
    }


def _radii(r: Image, weight: Image) -> tuple[float, float, float]:
    order = np.argsort(r)
    inside = np.cumsum(weight[order])
    found = np.interp([0.2, 0.5, 0.8], inside, r[order])
    return float(found[0]), float(found[1]), float(found[2])


def _axis_ratio(dy: Image, dx: Image, weight: Image) -> float:
    moments = np.array([[weight @ dx**2, weight @ (dx * dy)], [weight @ (dx * dy), weight @ dy**2]])
    small, large = np.linalg.eigvalsh(moments)
    return float(np.sqrt(max(small, 0) / large)) if large > 0 else np.nan


def _asymmetry(light: Image, mask: NDArray[np.bool_], centre: Image) -> float:
    """Return the light that is not mirrored through the centroid, over all light."""
    half = (np.array(light.shape) - 1) / 2
    moved = shift(np.where(mask, light, 0.0), half - centre, order=1)
    total = np.abs(moved).sum()
    return float(np.abs(moved - moved[::-1, ::-1]).sum() / 2 / total) if total > 0 else np.nan


def _gini(values: Image) -> float:
    ordered = np.sort(np.abs(values))
    n = len(ordered)
    if n < 2 or ordered.sum() == 0:
        return np.nan
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return float(ranks @ ordered / (ordered.mean() * n * (n - 1)))


def _m20(r: Image, weight: Image) -> float:
    """Return the log of the second moment of the brightest fifth of the light over all."""
    order = np.argsort(-weight)
    bright = order[: np.searchsorted(np.cumsum(weight[order]), 0.2) + 1]
    whole = float(weight @ r**2)
    brightest = float(weight[bright] @ r[bright] ** 2)
    return float(np.log10(max(brightest, 1e-6) / max(whole, 1e-6)))


def _maxima(light: Image) -> int:
    smooth = gaussian_filter(light, _SMOOTH)
    top = (smooth == maximum_filter(smooth, 5)) & (smooth > _MAXIMUM * smooth.max())
    return int(top.sum())


def _colours(planes: Image, mask: NDArray[np.bool_], inner: NDArray[np.bool_]) -> dict[str, float]:
    pixels = planes[:, mask]
    red, green, blue = (max(float(value), _FLOOR) for value in pixels.sum(axis=1))
    core = np.maximum(pixels[:, inner].sum(axis=1), _FLOOR)
    rim = np.maximum(pixels[:, ~inner].sum(axis=1), _FLOOR)
    return {
        "red_green": -2.5 * np.log10(red / green),
        "green_blue": -2.5 * np.log10(green / blue),
        "gradient": float(-2.5 * np.log10(core[0] / core[2]) + 2.5 * np.log10(rim[0] / rim[2])),
    }
