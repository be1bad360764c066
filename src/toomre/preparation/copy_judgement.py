"""When two aligned images are called copies of one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.preparation.copy_alignment import Alignment, align_modes, refine
from toomre.preparation.copy_features import LogPolar, brightness_maps

__all__ = ["CopySearch", "is_copy"]

# Logarithm of the largest zoom: 1.25, and the tolerance of its measurement.
_LARGEST_ZOOM = 0.26
# Fraction of noise (see `brightness_maps`) below which only structure can tell a copy. Sky noise
# in SDSS cutouts makes 0.001 to 0.1, drawn galaxies without noise make less than 0.0002.
_LITTLE_NOISE = 5e-4
# Least parity gap of such images, both of their contrast and of their brightness.
_CLEAN_GAP = 0.5


@dataclass(frozen=True)
class CopySearch:
    """How thoroughly copies are looked for.

    Attributes
    ----------
    significance
        Least significance of a near copy: Fisher's z of the correlation after alignment, in
        units of what other angles and zooms of the same pair give. Unrelated SDSS images
        reach 7.5 now and then, but then fail the other conditions.
    similarity
        Least correlation after alignment.
    parity_gap
        Least amount by which Fisher's z of the correlation must exceed that of the other
        parity; an image that is its own mirror image has too little structure to be judged.
        Images without noise need more.
    brightness_difference
        Largest value of 1 - correlation of the aligned brightness, beyond the noise.
    candidates
        Images of `rows_b` (in each block) that are examined for an image of `rows_a`; also
        the largest number of exact copies given for it.
    block_a, block_b
        Images held in memory at a time, of either kind.

    Examples
    --------
    >>> CopySearch(candidates=0)
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `candidates` to be at least 1, but got 0.
    """

    significance: float = 7.0
    similarity: float = 0.35
    parity_gap: float = 0.3
    brightness_difference: float = 0.001
    candidates: int = 6
    block_a: int = 256
    block_b: int = 2048

    def __post_init__(self) -> None:
        for name in ("candidates", "block_a", "block_b"):
            if getattr(self, name) < 1:
                raise ArgumentError.expected(name, "at least 1", getattr(self, name))


def is_copy(pair: NDArray[np.floating], alignment: Alignment, search: CopySearch) -> bool:
    """Return whether two images are copies of one another, given how they are best aligned.

    Parameters
    ----------
    pair
        The two images (2, band, y, x).
    alignment
        From the second to the first.
    search
        The limits.
    """
    return bool(
        alignment.significance >= search.significance
        and alignment.similarity >= search.similarity
        and alignment.parity_gap >= search.parity_gap
        and abs(np.log(alignment.zoom)) <= _LARGEST_ZOOM
        and _same_brightness(pair, alignment, search)
    )


def _same_brightness(pair: NDArray[np.floating], alignment: Alignment, search: CopySearch) -> bool:
    """Whether the brightness of two aligned images differs by no more than their noise.

    Two smooth galaxies with one companion each can be turned and zoomed so that all their
    sources coincide; their profiles then still differ.
    """
    maps, noise = brightness_maps(pair)
    if noise.max() < _LITTLE_NOISE:
        # Without noise, a mirror image differs at least by the steps of the pixels.
        modes = LogPolar.of_side(maps.shape[-1]).modes(maps)
        brightness_gap = align_modes(modes[0], modes[1:])[0].parity_gap
        if min(brightness_gap, alignment.parity_gap) < _CLEAN_GAP:
            return False
    difference = 1 - refine(maps[0], maps[1], alignment).similarity
    return bool(difference <= noise.max() + search.brightness_difference)
