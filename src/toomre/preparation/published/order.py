"""The order of the DeepMerge arrays: originals, their four copies, nonmergers; four cameras each.

Measured on the published ids: the mergers are whole galaxies of four cameras in turn, and so are
the nonmergers, but for one of which two images are missing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.images.dihedral import ORDER, transform

__all__ = ["CAMERAS", "COPIES", "check_copies", "file_order"]

#: How often each galaxy was seen.
CAMERAS = 4
#: Each merger and its copies, flipped up-down, left-right, turned by 90 and by 180 degrees.
COPIES = 5

_NONMERGERS = 7306  # published: 1827 galaxies, of which the one here has only two images
_SHORT_GALAXY, _SHORT_IMAGES = 30, 2

_NAMES = (
    "original",
    "rotated 90 deg",
    "rotated 180 deg",
    "rotated 270 deg",
    "flipped left-right",
    "flipped left-right, rotated 90 deg",
    "flipped up-down",
    "flipped left-right, rotated 270 deg",
)


def file_order(images: NDArray[Any], labels: NDArray[np.int8]) -> pd.DataFrame | None:
    """Return which galaxy, view and copy each image is, or None if the order is another.

    Labels and pixels both have to agree: ones and then zeros in possible numbers, and the
    image of each copy must be its original, flipped or turned alike for all.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x); it may be a memory map.
    labels
        Array of shape (image,), 1 or 0.

    Returns
    -------
    DataFrame
        A row an image: `galaxy_id`, `view_id` (shared by copies of one image), `copy`
        (``original``, ``flipped up-down``, ...), `camera` (0 to 3).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> first = rng.normal(size=(4, 1, 8, 8))
    >>> turned = [transform(first, k) for k in (0, 6, 4, 1, 2)]
    >>> images = np.concatenate([*turned, rng.normal(size=(4, 1, 8, 8))])
    >>> table = file_order(images, np.repeat([1, 0], [20, 4]).astype("i1"))
    >>> table["galaxy_id"].nunique(), table["view_id"].nunique(), table["copy"][4]
    (2, 8, 'flipped up-down')
    """
    mergers = int(labels.sum())
    rest = _nonmerger_galaxies(len(labels) - mergers)
    if rest is None or mergers % (COPIES * CAMERAS) or not labels[:mergers].all():
        return None
    originals = mergers // COPIES
    kinds = check_copies(images, originals)
    if kinds is None:
        return None
    parent = np.arange(mergers) % originals
    first = np.concatenate([[True], np.diff(rest) > 0])
    start = np.maximum.accumulate(np.where(first, np.arange(len(rest)), 0))
    return pd.DataFrame(
        {
            "galaxy_id": [
                *(f"m{galaxy:04d}" for galaxy in parent // CAMERAS),
                *(f"n{galaxy:04d}" for galaxy in rest),
            ],
            "view_id": [
                *(f"{row:05d}" for row in parent),
                *(f"{row:05d}" for row in range(mergers, len(labels))),
            ],
            "copy": [
                *(_NAMES[kind] for kind in kinds for _ in range(originals)),
                *[_NAMES[0]] * len(rest),
            ],
            "camera": [*(parent % CAMERAS), *(np.arange(len(rest)) - start)],
        }
    ).astype({"camera": "int8"})


def check_copies(images: NDArray[Any], originals: int) -> list[int] | None:
    """Return how each block of copies comes from the first block, or None if one does not.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x), of which the first `COPIES` times `originals` are
        the originals and their copies.
    originals
        How many images were copied.

    Returns
    -------
    list of int
        For each block the number of the flip or turn (`toomre.images.dihedral.transform`); the
        first is 0.
    """
    kinds = [0]
    for block in range(1, COPIES):
        possible = list(range(1, ORDER))
        for row in range(originals):
            first, copy = np.asarray(images[row]), np.asarray(images[block * originals + row])
            possible = [k for k in possible if np.array_equal(transform(first, k), copy)]
            if not possible:
                return None
        kinds.append(possible[0])
    return kinds if originals else None


def _nonmerger_galaxies(count: int) -> NDArray[np.intp] | None:
    """Return the galaxy of each nonmerger, or None if the number cannot be right."""
    if count == _NONMERGERS:
        images = np.full(-(-count // CAMERAS), CAMERAS)
        images[_SHORT_GALAXY] = _SHORT_IMAGES
        return np.repeat(np.arange(len(images)), images)
    return None if count % CAMERAS else np.arange(count) // CAMERAS
