"""Images that are the same, pixel by pixel, under one of the 8 flips and quarter turns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from toomre.images.dihedral import ORDER, transform
from toomre.preparation.copy_alignment import Alignment

__all__ = ["ExactCopy", "find_exact_copies", "invariants", "row_blocks"]

#: A pair of rows, and the turn and flip from the second to the first.
ExactCopy = tuple[int, int, Alignment]

# Pixel values read at a time: 64 MiB in float64.
_BLOCK_VALUES = 1 << 23
# Two images are the same if no pixel differs by more than this fraction of the largest value:
# 100 roundings of float32, far below one grey level of 8 bits.
_PIXEL_TOLERANCE = 1e-5
# The invariants of such a pair differ by less than this.
_INVARIANT_TOLERANCE = 1e-4


def invariants(images: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return numbers that do not change when an image is flipped or turned by 90 degrees.

    They are sums over all pixels, plain and weighted by functions of the position that have
    the symmetry of the square, and so do not depend on the order of the pixels.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x), finite.

    Returns
    -------
    Array of shape (image, 6).

    Examples
    --------
    >>> image = np.arange(18.0).reshape(1, 2, 3, 3)
    >>> turned = np.rot90(image, axes=(2, 3))
    >>> bool(np.allclose(invariants(image), invariants(turned)))
    True
    """
    flat = images.astype(np.float64)
    height, width = images.shape[-2:]
    y = np.linspace(-1, 1, height)[:, None] ** 2
    x = np.linspace(-1, 1, width)[None, :] ** 2
    power = (flat**2).mean(axis=(1, 2, 3))
    size = np.sqrt(np.where(power > 0, power, 1.0))
    # The bands count differently, so that swapped bands are not taken for a copy.
    bands = np.arange(1, images.shape[1] + 1)
    grey = np.einsum("nbyx,b->nyx", flat, bands / bands.sum()) / size[:, None, None]
    square = np.einsum("nbyx,b->nyx", flat**2, bands / bands.sum()) / size[:, None, None] ** 2
    weights = (np.ones_like(x + y), x + y, x * y)
    sums = [(values * weight).mean(axis=(1, 2)) for values in (grey, square) for weight in weights]
    # The plain sum of squares is nearly 1 by construction: its place is taken by the scale.
    sums[3] = np.log(size)
    return np.stack(sums, axis=1)


def find_exact_copies(
    images: NDArray[np.floating],
    rows_a: NDArray[np.integer],
    rows_b: NDArray[np.integer],
    max_copies: int = 8,
) -> list[ExactCopy]:
    """Find pairs of rows with the same pixels under one of the 8 flips and quarter turns.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x); it may be a memory map. The rows must be finite.
    rows_a, rows_b
        The rows to compare; a pair of two rows that are in both is given once.
    max_copies
        Copies looked for per row of `rows_a`.

    Examples
    --------
    >>> images = np.random.default_rng(0).normal(size=(3, 1, 9, 9))
    >>> images[2] = images[0, :, ::-1]
    >>> [(a, b, copy.transform) for a, b, copy in
    ...  find_exact_copies(images, np.array([2]), np.array([0, 1]))]
    [(2, 0, 'flipped up-down')]
    """
    if len(rows_a) == 0 or len(rows_b) == 0:
        return []
    tree = cKDTree(
        np.concatenate([invariants(images[rows]) for rows in row_blocks(images, rows_b)])
    )
    twice = set(rows_a.tolist()) & set(rows_b.tolist())
    found = []
    for rows in row_blocks(images, rows_a):
        near = tree.query_ball_point(invariants(images[rows]), _INVARIANT_TOLERANCE, p=np.inf)
        for row, candidates in zip(rows.tolist(), near, strict=True):
            copies = 0
            for other in rows_b[candidates].tolist():
                if row == other or (other < row and row in twice and other in twice):
                    continue
                alignment = _same_pixels(images[row], images[other])
                if alignment is not None:
                    found.append((row, other, alignment))
                    copies += 1
                if copies == max_copies:
                    break
    return found


def row_blocks(
    images: NDArray[np.floating], rows: NDArray[np.integer]
) -> Iterator[NDArray[np.integer]]:
    """Yield the rows in blocks whose images fit into memory.

    Examples
    --------
    >>> [len(block) for block in row_blocks(np.zeros((5, 1, 2048, 2048)), np.arange(5))]
    [2, 2, 1]
    """
    size = max(1, _BLOCK_VALUES // int(np.prod(images.shape[1:])))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _same_pixels(first: NDArray[np.floating], second: NDArray[np.floating]) -> Alignment | None:
    tolerance = _PIXEL_TOLERANCE * float(np.abs(first).max())
    for k in range(ORDER):
        view = transform(second, k)
        if view.shape == first.shape and np.abs(view - first).max() <= tolerance:
            # `transform` flips x to -x and turns from y towards x, an `Alignment` flips
            # y to -y and turns from x towards y.
            flipped = k >= ORDER // 2
            angle = (180.0 * flipped - 90.0 * (k % 4)) % 360
            return Alignment(1.0, 0.0, angle, 1.0, flipped)
    return None
