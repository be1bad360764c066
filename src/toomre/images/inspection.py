"""Look at the pixels of an input, at its own scale: flag what is wrong, mend what can be mended.

Two things are not looked for here, because no rule on single images is sure enough: diffraction
spikes of bright stars, and a logarithmic or asinh stretch of pixels said to be linear (only
8-bit pictures are recognised). `classify` finds them by comparison with the training images
(`toomre.inference.familiarity`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.defects import CHECKS, View
from toomre.images.flags import Flag
from toomre.images.inspection_limits import InspectionLimits
from toomre.images.repair import fill_masked, find_spikes, replace_pixels
from toomre.images.resample import SMALLEST_SIDE

__all__ = ["InspectionLimits", "inspect", "range_flag"]


_DEFAULTS = InspectionLimits()
_WITH_SKY = Flag.BACKGROUND | Flag.OFFCENTRE  # these need as much sky as there is


def inspect(cutout: Cutout, limits: InspectionLimits = _DEFAULTS, *, margin: int = 0) -> Cutout:
    """Flag what is wrong with the pixels of an input, and make them finite.

    Infinite pixels count as masked. Masked pixels are filled from their neighbours, and single
    outliers are replaced by the median of theirs. Nothing else is changed, and the input never.

    Parameters
    ----------
    cutout
        An image as it was read, at its own scale, NaN where masked.
    limits
        The thresholds.
    margin
        So many pixels on each side are there for the filter that resamples alone: they are
        mended, and nothing is said of them. They only help to tell the sky from the galaxy.

    Returns
    -------
    Cutout
        With the flags found, one sentence each, and finite pixels; without pixels if it is bad.
        Bad: SIZE, ALL_MASKED, MISSING_BAND, TOO_MASKED, CENTRE_MASKED, BLANK. Warnings:
        MASKED_PIXELS, OUTLIER, EDGE, IDENTICAL_BANDS, OFFCENTRE, RANGE (a picture beyond 0 to
        255); for linear pixels also SATURATED, BACKGROUND, NONPOSITIVE_FLUX and STRETCH.

    Examples
    --------
    >>> inspect(Cutout(np.zeros((3, 75, 75), np.float32))).reason
    'blank: all pixels have the value 0'
    """
    if cutout.pixels is None:
        return cutout
    pixels = _field(cutout.pixels, margin)
    if min(pixels.shape[1:]) < SMALLEST_SIDE:
        size = f"{pixels.shape[1]} x {pixels.shape[2]}"
        note = f"the image is {size} pixels; {SMALLEST_SIDE} are needed on a side"
        return cutout.flagged(Flag.SIZE, note)
    cutout = _without_masked(cutout, limits, margin)
    if cutout.pixels is None:
        return cutout
    whole = View.of(cutout.pixels, cutout.encoding)
    cutout, whole = _without_outliers(cutout, whole, limits, margin)
    field = View.of(_field(whole.pixels, margin), whole.encoding) if margin else whole
    for flag, check in CHECKS:
        if note := check(whole if flag in _WITH_SKY else field, limits):
            cutout = cutout.flagged(flag, note)
            if cutout.pixels is None:
                break
    return cutout


def range_flag(
    cutout: Cutout,
    mean: Sequence[float],
    std: Sequence[float],
    limits: InspectionLimits = _DEFAULTS,
) -> Cutout:
    """Flag a cutout whose values are orders of magnitude away from the training images'.

    The usual causes are another unit, a factor in the calibration, or a sky that was not
    subtracted. The rule is `InspectionLimits.range_linear` or `range_display`.

    Parameters
    ----------
    cutout
        An image on the model's grid.
    mean, std
        Mean and standard deviation of the training pixels, one number a band.
    limits
        The thresholds.

    Raises
    ------
    ArgumentError
        If the number of bands is not the same.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> cutout = Cutout(rng.normal(size=(1, 75, 75)).astype(np.float32) * 1e6)
    >>> range_flag(cutout, mean=[0.0], std=[1.0]).flags
    <Flag.RANGE: 549755813888>
    """
    if cutout.pixels is None:
        return cutout
    for name, values in (("mean", mean), ("std", std)):
        if len(values) != len(cutout.pixels):
            raise ArgumentError.expected(name, f"{len(cutout.pixels)} numbers", values)
    factor = limits.range_linear if cutout.encoding == "linear" else limits.range_display
    pixels = cutout.pixels.astype(np.float64)
    level, spread = pixels.mean(axis=(1, 2)), pixels.std(axis=(1, 2))
    unit = np.asarray(std, np.float64)
    shifted = np.abs(level - mean) > factor * unit
    scaled = (spread > factor * unit) | (spread * factor < unit)
    if not (shifted | scaled).any():
        return cutout
    band = int(np.argmax(shifted | scaled))
    return cutout.flagged(
        Flag.RANGE,
        f"band {band + 1} has mean {level[band]:.3g} and standard deviation {spread[band]:.3g}; "
        f"the model was trained on {mean[band]:.3g} and {std[band]:.3g}",
    )


def _field(pixels: NDArray[np.float32], margin: int) -> NDArray[np.float32]:
    """Return the pixels (band, y, x) without a margin on each side."""
    height, width = pixels.shape[1:]
    return pixels[:, margin : height - margin, margin : width - margin]


def _without_masked(cutout: Cutout, limits: InspectionLimits, margin: int) -> Cutout:
    """Fill the masked pixels, or say why the image is bad."""
    whole = cutout.pixels
    if whole is None or (np.isfinite(whole.min()) and np.isfinite(whole.max())):
        return cutout
    pixels = _field(whole, margin)
    masked = ~np.isfinite(pixels)
    flag, note = _too_masked(masked, limits)
    if flag:
        return cutout.flagged(flag, note)
    filled = replace(cutout, pixels=fill_masked(whole))
    if not masked.any():
        return filled
    infinite = int(np.isinf(pixels).sum())
    note = f"{int(masked.sum())} pixels were not finite ({infinite} of them infinite), and filled"
    return filled.flagged(Flag.MASKED_PIXELS, note)


def _too_masked(masked: NDArray[np.bool_], limits: InspectionLimits) -> tuple[Flag, str]:
    """Return why an image of which these pixels are masked cannot be used, if so."""
    fractions = masked.mean(axis=(1, 2))
    worst = float(fractions.max())
    if fractions.min() == 1:
        return Flag.ALL_MASKED, "no pixel is finite"
    if worst == 1:
        band = int(fractions.argmax()) + 1
        return Flag.MISSING_BAND, f"band {band} has no finite pixel"
    if worst > limits.masked_fraction:
        note = f"{worst:.1%} of a band is masked; the limit is {limits.masked_fraction:.0%}"
        return Flag.TOO_MASKED, note
    height, width = masked.shape[1:]
    side = min(limits.centre_side, height // 3, width // 3)
    y, x = (height - side) // 2, (width - side) // 2
    if masked[:, y : y + side, x : x + side].mean(axis=(1, 2)).max() > limits.centre_fraction:
        return Flag.CENTRE_MASKED, f"the central {side} x {side} pixels are masked"
    return Flag(0), ""


def _without_outliers(
    cutout: Cutout, view: View, limits: InspectionLimits, margin: int
) -> tuple[Cutout, View]:
    """Replace single pixels far above (or below) all around them."""
    if view.encoding == "display" and view.high.max() <= 255 and view.low.min() >= 0:
        return cutout, view
    floors = limits.outlier_sigma * view.noise
    mended = view.pixels
    height, width = mended.shape[1:]
    count = 0
    for band, (sky, floor) in enumerate(zip(view.sky, floors, strict=True)):
        for sign in (1, -1):
            if sign < 0 and view.low[band] >= sky - floor:
                continue
            image = view.pixels[band] if sign > 0 else -view.pixels[band]
            rows, columns = find_spikes(image, sign * sky, floor, limits.outlier_ratio)
            if len(rows):
                mended = view.pixels.copy() if mended is view.pixels else mended
                replace_pixels(mended[band], rows, columns)
                y, x = (np.minimum(v, n - 1 - v) for v, n in ((rows, height), (columns, width)))
                count += int((np.minimum(y, x) >= margin).sum())
    if mended is view.pixels:
        return cutout, view
    cutout = replace(cutout, pixels=mended)
    if count:
        note = f"{count} single pixels stand far out from their neighbours, and were replaced"
        cutout = cutout.flagged(Flag.OUTLIER, note)
    return cutout, View.of(mended, view.encoding)
