"""Dust in front of each star."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toomre.mocks.compiling import compiled

__all__ = ["dust_in_front"]

Array = NDArray[np.float64]

# Side of a cell of the dust [kpc] and how many cells the map has on a side.
_CELL = 0.8
_CELLS = 64


def dust_in_front(seen: Array, dust: Array) -> Array:
    """Return how much dust lies between each star and the camera.

    Parameters
    ----------
    seen
        Positions of the stars as the camera sees them [kpc], (3, n), z towards the camera.
    dust
        How much dust each star carries, (n,).

    Returns
    -------
    Dust over area [1/kpc^2], (n,), counted on a grid of cells of 0.8 kpc, smoothed between
    cells. Outside 51 kpc there is none.

    Examples
    --------
    >>> seen = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, -1.0]])
    >>> front, behind = dust_in_front(seen, np.array([1.0, 1.0]))
    >>> bool(front == 0), bool(behind > 0)
    (True, True)
    """
    order = np.argsort(-seen[2], kind="stable")
    column = np.zeros(seen.shape[1])
    _count(seen, dust, order, column, (_CELL, _CELLS))
    return column


@compiled
def _count(
    seen: Array, dust: Array, order: NDArray[np.int64], column: Array, grid: tuple[float, int]
) -> None:
    """Go from the nearest star to the farthest; each looks first and then adds its dust."""
    cell, cells = grid
    sheet = np.zeros((cells, cells))
    for i in order:
        x, y = seen[0, i] / cell + cells / 2, seen[1, i] / cell + cells / 2
        if not (0 <= x < cells - 1 and 0 <= y < cells - 1):
            continue
        kx, ky = int(x), int(y)
        u, w = x - kx, y - ky
        a, b, c, d = (1 - u) * (1 - w), u * (1 - w), (1 - u) * w, u * w
        column[i] = (
            a * sheet[ky, kx]
            + b * sheet[ky, kx + 1]
            + c * sheet[ky + 1, kx]
            + d * sheet[ky + 1, kx + 1]
        ) / (cell * cell)
        if dust[i] > 0:
            sheet[ky, kx] += a * dust[i]
            sheet[ky, kx + 1] += b * dust[i]
            sheet[ky + 1, kx] += c * dust[i]
            sheet[ky + 1, kx + 1] += d * dust[i]
