"""Rows sorted along the sky: their HEALPix pixels, divided so that each has few enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["DEEPEST", "Batches", "Integers", "sky_pixels", "spatial_index"]

Integers = NDArray[np.int64]

#: The order of the pixels that tell positions apart, of 0.4 milliarcseconds.
DEEPEST = 29


class Batches:
    """Rows of an Arrow file, some at a time wherever they are."""

    def __init__(self, file: Any) -> None:
        self._file = file
        counts = [file.get_batch(number).num_rows for number in range(file.num_record_batches)]
        self._starts = np.cumsum([0, *counts])

    def take(self, rows: Integers) -> pa.Table:
        """Return rows in the order in which they are asked for."""
        order = np.argsort(rows)
        ahead = rows[order]
        cuts = np.searchsorted(ahead, self._starts)
        parts = [self._file.schema.empty_table()]
        for number in np.flatnonzero(np.diff(cuts)).tolist():
            wanted = ahead[cuts[number] : cuts[number + 1]] - self._starts[number]
            batch = self._file.get_batch(number)
            parts.append(pa.Table.from_batches([batch]).take(pa.array(wanted)))
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        return pa.concat_tables(parts).combine_chunks().take(pa.array(back))


def spatial_index(rows: pa.Table) -> Integers:
    """Return the HEALPix pixel of order 29 of each row; -1 where it has no position."""
    from hats.pixel_math.spatial_index import compute_spatial_index

    ra, dec = (rows[name].to_numpy().astype(np.float64) for name in ("ra", "dec"))
    known = (ra >= 0) & (ra <= 360) & (np.abs(dec) <= 90)
    index = np.full(len(ra), -1, np.int64)
    index[known] = compute_spatial_index(ra[known], dec[known], DEEPEST)
    return index


def sky_pixels(index: Integers, most_rows: int) -> Iterator[tuple[tuple[int, int], int, int]]:
    """Divide sorted indices into pixels that have few enough: (order, pixel), start, stop.

    Examples
    --------
    >>> index = np.array([0, 1, 2, 5, 6]) << 2 * DEEPEST
    >>> [pixel for pixel, _, _ in sky_pixels(index, 1)]
    [(0, 0), (0, 1), (0, 2), (0, 5), (0, 6)]
    """
    waiting = [(0, pixel) for pixel in reversed(range(12))]
    while waiting:
        order, pixel = waiting.pop()
        shift = 2 * (DEEPEST - order)
        start, stop = np.searchsorted(index, [pixel << shift, (pixel + 1) << shift]).tolist()
        if stop - start > most_rows and order < DEEPEST:
            waiting += [(order + 1, 4 * pixel + part) for part in (3, 2, 1, 0)]
        elif stop > start:
            yield (order, pixel), start, stop
