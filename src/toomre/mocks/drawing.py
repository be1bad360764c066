"""Drawn SDSS-like colour cutouts, to show and test the tools where there is no data.

These are drawings and not a simulation. Galaxies, tails and shells are smooth curves with an
SDSS-like sky, blur, noise and colour stretch; no star or gas moves, and nothing is tuned to the
real rate of any kind. Nothing scientific follows from a score on them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.mocks.brushes import Canvas
from toomre.mocks.galaxies import MERGERS, NONMERGERS
from toomre.mocks.sdss_picture import PIXEL_SCALE, background, photograph

__all__ = ["draw_cutout", "draw_sample"]

# Redshifts and part of the sky of the drawn objects [degrees]: the survey's northern cap, and
# the redshifts of Galaxy Zoo's mergers (Darg et al. 2010, MNRAS 401, 1043).
_REDSHIFT = (0.065, 0.02, 0.01, 0.1)
_RA, _DEC = (130.0, 230.0), (0.0, 60.0)


def draw_cutout(
    kind: str, rng: np.random.Generator, size: int = 256, pixel_scale: float = PIXEL_SCALE
) -> NDArray[np.uint8]:
    """Draw one cutout, centred on a galaxy.

    Parameters
    ----------
    kind
        ``"spiral"``, ``"elliptical"``, ``"edge_on"`` or ``"irregular"`` for a nonmerger;
        ``"pair"``, ``"tails"`` or ``"shells"`` for a merger.
    rng
        The same state draws the same cutout.
    size
        Pixels on a side.
    pixel_scale
        Pixel scale [arcsec/pixel].

    Returns
    -------
    Array of shape (3, y, x): red, green and blue (i, r, g), 0 to 255.

    Raises
    ------
    ArgumentError
        If the kind is unknown, the size is below 8, or the pixel scale is not positive.

    Notes
    -----
    A drawing, not a simulation: nothing scientific follows from a score on it.

    Examples
    --------
    >>> draw_cutout("spiral", np.random.default_rng(1), size=64).shape
    (3, 64, 64)
    """
    galaxy = lookup({**NONMERGERS, **MERGERS}, kind, "kind")
    canvas = Canvas(size, pixel_scale)
    flux = galaxy(canvas, rng) + background(canvas, rng)
    return photograph(flux, canvas, rng)


def draw_sample(count: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], pd.DataFrame]:
    """Draw mergers and nonmergers in turn, and make up a table for them.

    Parameters
    ----------
    count
        How many cutouts; the first is a merger.
    rng
        The same state draws the same sample.

    Returns
    -------
    images
        Array of shape (count, 3, 256, 256), 0 to 255.
    table
        One row an image: `image_id`, `label` (1 merger, 0 nonmerger), `kind`, `ra` and `dec`
        [degrees], `redshift`. Positions and redshifts are made up.

    Raises
    ------
    ArgumentError
        If `count` is below 1.

    Examples
    --------
    >>> images, table = draw_sample(2, np.random.default_rng(1))
    >>> images.shape, table["label"].tolist()
    ((2, 3, 256, 256), [1, 0])
    """
    if count < 1:
        raise ArgumentError.expected("count", "an integer of 1 or more", count)
    turns = [list(MERGERS), list(NONMERGERS)]
    kinds = [turns[i % 2][i // 2 % len(turns[i % 2])] for i in range(count)]
    images = np.stack([draw_cutout(kind, rng) for kind in kinds])
    mean, spread, nearest, farthest = _REDSHIFT
    south, north = np.sin(np.radians(_DEC))
    sine = rng.uniform(south, north, count)
    table = pd.DataFrame(
        {
            "image_id": [f"drawn_{number:03d}" for number in range(1, count + 1)],
            "label": [int(kind in MERGERS) for kind in kinds],
            "kind": kinds,
            "ra": rng.uniform(*_RA, count).round(6),
            "dec": np.degrees(np.arcsin(sine)).round(6),
            "redshift": rng.normal(mean, spread, count).clip(nearest, farthest).round(4),
        }
    )
    return images, table
