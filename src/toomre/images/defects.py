"""What can be wrong with finite pixels: one function a defect.

Each returns a sentence for people, or an empty string where it finds nothing. They see every
image of a survey, so they work on sums over blocks and on border samples, and look closer only
where these are suspicious.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from toomre.images.cutout import Encoding
from toomre.images.flags import Flag
from toomre.images.inspection_limits import InspectionLimits

__all__ = ["CHECKS", "Check", "View"]

#: The smoothed image has about this many blocks on a side.
_BLOCKS = 64


@dataclass(frozen=True, eq=False)
class View:
    """The pixels, all finite, with what several checks need to know of them.

    Attributes
    ----------
    pixels
        Array of shape (band, y, x).
    encoding
        What a value means.
    low, high
        Smallest and largest value of each band.
    border
        About 1,500 values of the outer sixteenth of the frame, sorted, (band, pixel).
    """

    pixels: NDArray[np.float32]
    encoding: Encoding
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    border: NDArray[np.float64]

    @classmethod
    def of(cls, pixels: NDArray[np.float32], encoding: Encoding) -> View:
        """Measure some pixels."""
        return cls(
            pixels,
            encoding,
            low=pixels.min(axis=(1, 2)).astype(np.float64),
            high=pixels.max(axis=(1, 2)).astype(np.float64),
            border=np.sort(_border(pixels), axis=1).astype(np.float64),
        )

    def _border_quantile(self, fraction: float) -> NDArray[np.float64]:
        return self.border[:, int(fraction * self.border.shape[1])]

    @cached_property
    def sky(self) -> NDArray[np.float64]:
        """Level of the sky in each band."""
        return self._border_quantile(0.5)

    @cached_property
    def noise(self) -> NDArray[np.float64]:
        """Noise of the sky in each band (1 sigma)."""
        noise = self.sky - self._border_quantile(0.159)
        # Where most pixels are equal (counts of few photons, no noise at all).
        scatter = np.abs(self.border - self.sky[:, np.newaxis]).mean(axis=1)
        return np.where(noise > 0, noise, scatter)

    @cached_property
    def combined(self) -> NDArray[Any]:
        """The sum of the bands, (y, x): linear ones in units of their noise, at most about 1."""
        extent = np.maximum(np.abs(self.high), np.abs(self.low))
        weights = np.ones(len(extent))
        if self.encoding == "linear":
            weights = 1 / np.maximum(self.noise, 1e-4 * extent)
            weights /= (weights * extent).max()
        # Outside this range single precision would overflow or lose digits.
        exact = np.float32 if 1e-30 < extent.max() < 1e30 else np.float64
        pixels = self.pixels.astype(exact, copy=False)
        combined: NDArray[Any] = np.tensordot(weights.astype(exact), pixels, 1)
        return combined

    def above_noise(self, fraction: float) -> NDArray[np.float64]:
        """Return the level that this part of the border is below, in units of the noise."""
        return self._border_quantile(fraction) / np.maximum(self.noise, np.finfo(float).tiny)


#: A check: what is wrong in words, or nothing.
Check = Callable[[View, InspectionLimits], str]


def _border(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return about 1,500 pixels of the outer sixteenth of each band, (band, pixel)."""
    bands, height, width = pixels.shape
    wide = max(1, min(height, width) // 16)
    step = max(1, round(2 * (height + width) * wide / 1500))
    strips = (
        pixels[:, :wide],
        pixels[:, -wide:],
        pixels[:, wide:-wide, :wide],
        pixels[:, wide:-wide, -wide:],
    )
    ring = np.concatenate([strip.reshape(bands, -1)[:, ::step] for strip in strips], axis=1)
    # A part of the frame that lies off the survey says nothing about the noise.
    covered = (ring != 0).any(axis=0)
    return ring[:, covered] if covered.mean() > 0.2 else ring


def _blank(view: View, _: InspectionLimits) -> str:
    if (view.low == view.high).all() and (view.low == view.low[0]).all():
        return f"all pixels have the value {view.low[0]:g}"
    return "every band is constant" if (view.low == view.high).all() else ""


def _missing_band(view: View, _: InspectionLimits) -> str:
    constant = view.low == view.high
    if not constant.any():
        return ""
    band = int(constant.argmax())
    return f"all pixels of band {band + 1} have the value {view.low[band]:g}"


def _identical_bands(view: View, _: InspectionLimits) -> str:
    pixels = view.pixels
    same = [
        (first + 1, second + 1)
        for first, second in combinations(range(len(pixels)), 2)
        if np.array_equal(pixels[first, ::16, ::16], pixels[second, ::16, ::16])
        and np.array_equal(pixels[first], pixels[second])
    ]
    if not same:
        return ""
    if view.encoding == "display" and len(same) == len(pixels) * (len(pixels) - 1) // 2:
        return "all bands are the same picture, as in a grey image saved in colour"
    return f"bands {same[0][0]} and {same[0][1]} hold the same pixels"


def _edge(view: View, limits: InspectionLimits) -> str:
    zero = view.pixels == 0
    # A dark sky may be 0 in one band of a picture; linear pixels are never exactly 0 by chance.
    off = zero.all(axis=0) if view.encoding == "display" else zero.any(axis=0)
    ring = np.concatenate([off[0], off[-1], off[1:-1, 0], off[1:-1, -1]])
    if not ring.any() or off.mean() < limits.edge_fraction or ring.mean() > limits.edge_surround:
        return ""
    # Only solid blocks count, so that scattered zeros of a dark sky do not link up.
    solid = _blocks(off, np.logical_and)
    labels, _ = ndimage.label(solid)
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    sizes = np.bincount(labels.ravel(), minlength=1)
    touching = np.unique(border[border > 0])
    largest = float(sizes[touching].max(initial=0)) / solid.size
    if largest < limits.edge_fraction:
        return ""
    return f"{largest:.0%} of the frame is empty (exactly 0), as beyond the edge of a survey"


def _saturated(view: View, limits: InspectionLimits) -> str:
    if view.encoding == "display":
        return ""
    for band, high in enumerate(view.high):
        top = view.pixels[band] == np.float32(high)
        if np.count_nonzero(top) < limits.saturated_pixels:
            continue
        rows, columns = np.nonzero(top)
        box = top[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        labels, _ = ndimage.label(box, structure=np.ones((3, 3)))
        largest = int(np.bincount(labels.ravel())[1:].max())
        height = high - view.sky[band]
        if (
            largest >= limits.saturated_pixels
            and height > limits.saturated_sigma * view.noise[band]
        ):
            return f"{largest} connected pixels of band {band + 1} have the maximum, {high:g}"
    return ""


def _background(view: View, limits: InspectionLimits) -> str:
    if view.encoding == "display":
        return ""
    level = view.above_noise(0.1)
    raised = level > limits.background_sigma
    raised &= view.above_noise(0.1) * view.noise > limits.background_contrast * view.high
    if not raised.any():
        return ""
    band = int(raised.argmax())
    return (
        f"the border of band {band + 1} lies at {view.sky[band]:.4g}, "
        f"{level[band]:.0f} times its noise above 0: subtract the sky"
    )


def _nonpositive_flux(view: View, _: InspectionLimits) -> str:
    if view.encoding == "display" or view.combined.mean() > 0:
        return ""
    return "the total flux, all bands together, is not positive"


def _offcentre(view: View, limits: InspectionLimits) -> str:
    image = _blocks(view.combined, np.add)
    image = ndimage.uniform_filter(image.astype(np.float64), 3, mode="nearest")
    image -= np.median(image)
    noise = -np.quantile(image, 0.159)
    peaks = image == ndimage.maximum_filter(image, 3, mode="nearest")
    y, x = np.nonzero(peaks)
    heights = image[y, x]
    brightest = int(heights.argmax())
    half = (np.array(image.shape) - 1) / 2
    distance = np.hypot(y - half[0], x - half[1]) / (min(image.shape) / 2)
    ratio = limits.offcentre_linear if view.encoding == "linear" else limits.offcentre_display
    floor = max(ratio * heights[brightest], limits.offcentre_sigma / 2 * noise)
    central = heights[distance <= limits.offcentre_radius].max(initial=-np.inf)
    if heights[brightest] <= limits.offcentre_sigma * noise or central >= floor:
        return ""
    return (
        "no source at the centre; the brightest lies "
        f"{distance[brightest]:.0%} of the half side away from it"
    )


def _range(view: View, _: InspectionLimits) -> str:
    low, high = view.low.min(), view.high.max()
    if view.encoding == "linear" or (low >= 0 and 1 < high <= 255):
        return ""
    return f"values from {low:g} to {high:g}, where a picture has 0 to 255"


def _stretch(view: View, _: InspectionLimits) -> str:
    low, high = view.low.min(), view.high.max()
    if view.encoding == "display" or low < 0 or not 64 <= high <= 255:
        return ""
    sample = view.pixels[:, ::16, ::16]
    if (sample != np.rint(sample)).any() or (view.pixels != np.rint(view.pixels)).any():
        return ""
    return "all values are whole numbers from 0 to 255, as in a picture; linear flux is expected"


def _blocks(image: NDArray[Any], reduce: np.ufunc) -> NDArray[Any]:
    """Reduce an image over square blocks, about 64 on a side, leaving odd pixels at the border."""
    side = max(1, min(image.shape) // _BLOCKS)
    rows, columns = image.shape[0] // side, image.shape[1] // side
    y, x = (image.shape[0] - rows * side) // 2, (image.shape[1] - columns * side) // 2
    cut = image[y : y + rows * side, x : x + columns * side]
    reduced = reduce.reduce(cut.reshape(rows, side, columns * side), axis=1)
    blocks: NDArray[Any] = reduce.reduce(reduced.reshape(rows, columns, side), axis=2)
    return blocks


#: Flag and check, in the order in which they are made; a bad one ends the inspection.
CHECKS: tuple[tuple[Flag, Check], ...] = (
    (Flag.BLANK, _blank),
    (Flag.MISSING_BAND, _missing_band),
    (Flag.EDGE, _edge),
    (Flag.SATURATED, _saturated),
    (Flag.BACKGROUND, _background),
    (Flag.NONPOSITIVE_FLUX, _nonpositive_flux),
    (Flag.OFFCENTRE, _offcentre),
    (Flag.IDENTICAL_BANDS, _identical_bands),
    (Flag.RANGE, _range),
    (Flag.STRETCH, _stretch),
)
