"""Which images show the same galaxy, or galaxies so close that their cutouts overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from toomre.errors import ArgumentError

__all__ = ["LINK_LENGTH", "check_link_length", "galaxy_groups"]

#: Default linking length [arcsec].
LINK_LENGTH = 150.0

_ARCSEC = np.pi / 180 / 3600
_LONGEST = 180 * 3600.0


def galaxy_groups(
    galaxy_id: Sequence[str] | ArrayLike,
    ra: ArrayLike,
    dec: ArrayLike,
    link_length: float = LINK_LENGTH,
) -> NDArray[np.intp]:
    """Return the group of each image: the same galaxy, or linked on the sky.

    Two images are linked if they have the same galaxy id or lie at most one linking length
    apart; a group is all that is connected by such links (friends of friends, Huchra &
    Geller 1982, in projection only).

    Parameters
    ----------
    galaxy_id
        The galaxy of each image.
    ra, dec
        Right ascension and declination [degree]; NaN or off the sky forms no links.
    link_length
        Largest distance of two linked images [arcsec]; 0 turns the links on the sky off.

    Returns
    -------
    numpy.ndarray
        A number for each image; groups are numbered by their first image.

    Raises
    ------
    ArgumentError
        If the lengths differ or the linking length is not from 0 to 648000.

    Examples
    --------
    >>> galaxy_groups(["a", "b", "a", "c"], [10, 359.99, 50, 0.01], [0, 0, 0, 0]).tolist()
    [0, 1, 0, 1]
    """
    keys = pd.Series(np.asarray(galaxy_id)).astype(str)
    right, up = (np.asarray(values, dtype="float64") for values in (ra, dec))
    if not len(keys) == len(right) == len(up):
        raise ArgumentError(
            "Expected one galaxy id, ra and dec for each image, but got "
            f"{len(keys)}, {len(right)} and {len(up)}."
        )
    check_link_length(link_length)
    first = pd.factorize(keys)[0]
    same = np.column_stack([np.arange(len(keys)), _first_of_each(first)])
    links = np.concatenate([same, _sky_links(right, up, link_length)])
    size = len(keys)
    graph = coo_array((np.ones(len(links), dtype=bool), links.T), shape=(size, size))
    components = connected_components(graph, directed=False)[1]
    return np.asarray(pd.factorize(components)[0], dtype=np.intp)


def check_link_length(link_length: float) -> None:
    """Raise `ArgumentError` unless a linking length is from 0 to half a turn [arcsec]."""
    if not 0 <= link_length <= _LONGEST:
        raise ArgumentError.expected("link_length", "from 0 to 648000 arcsec", link_length)


def _first_of_each(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return, for each element, the index of the first element with the same code."""
    _, index, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(index[inverse])


def _sky_links(
    ra: NDArray[np.float64], dec: NDArray[np.float64], link_length: float
) -> NDArray[np.intp]:
    """Return pairs of images that are linked on the sky, shape (pair, 2)."""
    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90))
    if link_length == 0 or len(known) == 0:
        return np.empty((0, 2), dtype=np.intp)
    # Images at one position are linked to the first of them; the tree sees it only once.
    position, index, inverse = np.unique(
        np.column_stack([ra[known], dec[known]]), axis=0, return_index=True, return_inverse=True
    )
    tree = cKDTree(_unit_vectors(*position.T))
    chord = 2 * np.sin(link_length * _ARCSEC / 2)
    pairs = tree.query_pairs(chord, output_type="ndarray")
    together = np.column_stack([known, known[index[inverse.ravel()]]])
    return np.concatenate([together, known[index[pairs]]])


def _unit_vectors(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    right, up = np.deg2rad(ra), np.deg2rad(dec)
    return np.column_stack([np.cos(up) * np.cos(right), np.cos(up) * np.sin(right), np.sin(up)])
