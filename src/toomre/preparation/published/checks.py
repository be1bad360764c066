"""Whether an array is what was published: its statistics, computed in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.preparation.exact_copies import row_blocks
from toomre.preparation.published.schema import Domain, Statistics

__all__ = ["band_statistics", "differences"]

# The published means come from sums in single precision; a wrong or damaged array is further off.
_MEAN_TOLERANCE = 1e-3  # of the standard deviation
_STD_TOLERANCE = 1e-2  # relative


def band_statistics(images: NDArray[Any]) -> Statistics:
    """Return mean and standard deviation of each plane over all pixels, in bounded memory.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x); it may be a memory map.

    Examples
    --------
    >>> band_statistics(np.array([[[[1.0, 3.0]]], [[[5.0, 7.0]]]]))
    Statistics(mean=(4.0,), std=(2.23606797749979,))
    """
    blocks = [np.asarray(rows) for rows in row_blocks(images, np.arange(len(images)))]
    pixels = len(images) * images.shape[2] * images.shape[3]
    mean = sum(_sum(images[rows]) for rows in blocks) / pixels
    middle = np.asarray(mean)[:, None, None]
    square = sum(_sum((images[rows] - middle) ** 2) for rows in blocks) / pixels
    return Statistics(tuple(np.atleast_1d(mean).tolist()), tuple(np.sqrt(square).tolist()))


def differences(domain: Domain, images: NDArray[Any]) -> list[str]:
    """Return in what an array differs from the published one, a sentence each.

    Parameters
    ----------
    domain
        What was published.
    images
        Array of shape (image, band, y, x).

    Examples
    --------
    >>> from toomre.preparation.published.schema import PUBLISHED
    >>> source = PUBLISHED["deepmerge2-simreal"].domains[0]
    >>> differences(source, np.zeros((5, 3, 8, 8)))[0]
    'source has 5 images; 6000 were published'
    """
    if len(images) != domain.images:
        return [f"{domain.name} has {len(images)} images; {domain.images} were published"]
    published = domain.statistics
    if published is None or len(published.mean) != images.shape[1]:
        return []
    found, notes = band_statistics(images), []
    for plane, (mean, std, mean0, std0) in enumerate(
        zip(found.mean, found.std, published.mean, published.std, strict=True), start=1
    ):
        same = abs(mean - mean0) <= _MEAN_TOLERANCE * std0 and abs(std / std0 - 1) <= _STD_TOLERANCE
        if not same:
            notes.append(
                f"plane {plane} of {domain.name} has mean {mean:.6g} and standard deviation "
                f"{std:.6g}; published are {mean0:.6g} and {std0:.6g}"
            )
    return notes


def _sum(block: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(block.sum(axis=(0, 2, 3), dtype=np.float64))
