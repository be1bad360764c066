"""Find images that are copies of one another: exact, or turned, zoomed or made noisier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.preparation.copy_alignment import Alignment, align_modes, refine
from toomre.preparation.copy_features import (
    MAP_SIDE,
    ZOOM_STEPS,
    Complexes,
    Floats,
    LogPolar,
    contrast_maps,
)
from toomre.preparation.copy_judgement import CopySearch, is_copy
from toomre.preparation.exact_copies import find_exact_copies, row_blocks

__all__ = ["COLUMNS", "CopySearch", "Progress", "find_copies", "usable_rows"]

#: Called with the number of pairs of images compared and that of all pairs.
Progress = Callable[[int, int], None]

#: The columns of the table that `find_copies` returns.
COLUMNS = ("row_a", "row_b", "kind", "similarity", "significance", "transform")

# For the first, quick comparison: modes 1 to 12 and every second radius.
_FEW_MODES, _RADIUS_STEP = 12, 2

# Smaller images have too few pixels to tell a copy from a look-alike.
_LEAST_SIDE = 48


def find_copies(
    images: NDArray[np.floating],
    rows_a: ArrayLike,
    rows_b: ArrayLike,
    *,
    search: CopySearch | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Find the images of `rows_a` that are copies of images of `rows_b`.

    Copies are exact (the same pixels under one of the 8 flips and quarter turns, to the
    rounding of float32) or near: flipped, turned by any angle, zoomed by 0.8 to 1.25, with
    added noise, with other brightness and contrast, or all of these. Both images must have
    their galaxy at the centre to about 2 pixels of 64.

    A copy is told from a look-alike by its fine structure, its other sources and its noise.
    Two smooth, round galaxies drawn without noise have none of these: no method can tell a
    zoomed copy of one from another, so they are never called near copies. A near copy of such
    an image is missed; an exact one is found. In images below 48
    pixels only exact copies are looked for.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x); it may be a memory map.
    rows_a, rows_b
        The rows to compare. They may overlap or be the same; a row is not compared with
        itself, and a pair is given once. Rows that are constant or not finite are left out
        (`usable_rows`).
    search
        Thresholds and block sizes.
    progress
        Called as the work goes on.

    Returns
    -------
    Table with the columns `row_a`, `row_b`, `kind` (``exact``, ``renoised``, or ``flipped``,
    ``rotated``, ``zoomed`` joined by ``+``), `similarity` (correlation of the fine structure,
    at most 1), `significance` and `transform` (from image b to image a), sorted by rows.

    Raises
    ------
    ArgumentError
        If the images do not have four axes or a row is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> images = rng.normal(size=(4, 1, 48, 48))
    >>> images[3] = np.rot90(images[0], axes=(1, 2))
    >>> images[2] = images[1, :, :, ::-1] + 0.5 * rng.normal(size=(48, 48))
    >>> find_copies(images, [2, 3], [0, 1])[["row_a", "row_b", "kind", "transform"]]
       row_a  row_b     kind           transform
    0      2      1  flipped  flipped left-right
    1      3      0    exact     rotated 270 deg
    """
    search = search or CopySearch()
    a, b = (usable_rows(images, rows) for rows in (rows_a, rows_b))
    pairs = {
        (first, second): ("exact", copy)
        for first, second, copy in find_exact_copies(images, a, b, search.candidates)
    }
    known = np.array([*pairs, *(pair[::-1] for pair in pairs)], dtype=np.int64).reshape(-1, 2)
    for first, second, copy in _find_near(images, a, b, known, search, progress):
        if (second, first) not in pairs:
            pairs[first, second] = (copy.kind, copy)
    rows = [
        (*key, kind, copy.similarity, copy.significance, copy.transform)
        for key, (kind, copy) in sorted(pairs.items())
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"row_a": np.int64, "row_b": np.int64})


def usable_rows(images: NDArray[np.floating], rows: ArrayLike) -> NDArray[np.int64]:
    """Return the rows whose images are finite and not constant, in order and once each."""
    if np.ndim(images) != 4:
        raise ArgumentError.expected(
            "images", "an array of shape (image, band, y, x)", np.shape(images)
        )
    wanted = np.unique(np.asarray(rows, dtype=np.int64))
    if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < len(images):
        bad = int(wanted[0] if wanted[0] < 0 else wanted[-1])
        raise ArgumentError.expected("rows", f"row numbers from 0 to {len(images) - 1}", bad)
    lowest = np.array([images[row].min() for row in wanted])
    highest = np.array([images[row].max() for row in wanted])
    usable = np.isfinite(lowest) & np.isfinite(highest) & (lowest < highest)
    return np.asarray(wanted[usable], np.int64)


@dataclass(frozen=True, eq=False)
class _Block:
    """Some rows with their contrast maps and angular modes."""

    rows: NDArray[np.int64]
    maps: Floats
    modes: Complexes


def _read_blocks(
    images: NDArray[np.floating], rows: NDArray[np.int64], size: int, grid: LogPolar
) -> Iterator[_Block]:
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        # Few images at a time, for the maps are far smaller than the images.
        maps = np.concatenate([contrast_maps(images[few]) for few in row_blocks(images, part)])
        yield _Block(part, maps, grid.modes(maps))


def _find_near(
    images: NDArray[np.floating],
    rows_a: NDArray[np.int64],
    rows_b: NDArray[np.int64],
    known: NDArray[np.int64],
    search: CopySearch,
    progress: Progress | None,
) -> Iterator[tuple[int, int, Alignment]]:
    """Yield the near copies that are not known."""
    side = min(images.shape[-2:])
    if len(rows_a) == 0 or len(rows_b) == 0 or side < _LEAST_SIDE:
        return
    grid = LogPolar.of_side(min(MAP_SIDE, side))
    self_pairs = np.repeat(np.intersect1d(rows_a, rows_b)[:, None], 2, axis=1)
    known = np.concatenate([known, self_pairs])
    done, total = 0, len(rows_a) * len(rows_b)
    for block_b in _read_blocks(images, rows_b, search.block_b, grid):
        targets = _compact(LogPolar.window(block_b.modes, 0))
        for block_a in _read_blocks(images, rows_a, search.block_a, grid):
            bound = _correlation_bound(block_a.modes, targets)
            bound[_places(known, block_a.rows, block_b.rows)] = -1
            yield from _verify(images, block_a, block_b, bound, search)
            done += len(block_a.rows) * len(block_b.rows)
            if progress is not None:
                progress(done, total)


def _compact(window: Complexes) -> tuple[Floats, Floats]:
    """Return the real and imaginary parts as (mode, radius, image), coarsely sampled."""
    few = window[:, ::_RADIUS_STEP, :_FEW_MODES].transpose(2, 1, 0)
    return np.ascontiguousarray(few.real), np.ascontiguousarray(few.imag)


def _correlation_bound(modes: Complexes, targets: tuple[Floats, Floats]) -> Floats:
    """Return an upper bound of the correlation over all angles, for all pairs.

    The correlation at angle phi is the real part of the sum over m of C_m exp(i m phi), where
    C_m is a sum over radii. The sum of the |C_m| needs no angle.
    """
    real, imaginary = targets
    best = np.zeros((len(modes), real.shape[2]), np.float32)
    for step in range(-ZOOM_STEPS, ZOOM_STEPS + 1):
        ours = [
            np.ascontiguousarray(part.transpose(0, 2, 1))
            for part in _compact(LogPolar.window(modes, step))
        ]
        turned, flipped = np.zeros_like(best), np.zeros_like(best)
        for mode in range(_FEW_MODES):
            rr, ii = ours[0][mode] @ real[mode], ours[1][mode] @ imaginary[mode]
            ri, ir = ours[0][mode] @ imaginary[mode], ours[1][mode] @ real[mode]
            turned += np.hypot(rr + ii, ir - ri)
            flipped += np.hypot(rr - ii, ir + ri)
        np.maximum(best, turned, out=best)
        np.maximum(best, flipped, out=best)
    return best


def _places(
    pairs: NDArray[np.int64], rows_a: NDArray[np.int64], rows_b: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the pairs stand in a table of some rows (sorted) by others."""
    inside = pairs[np.isin(pairs[:, 0], rows_a) & np.isin(pairs[:, 1], rows_b)]
    return np.searchsorted(rows_a, inside[:, 0]), np.searchsorted(rows_b, inside[:, 1])


def _verify(
    images: NDArray[np.floating],
    block_a: _Block,
    block_b: _Block,
    bound: Floats,
    search: CopySearch,
) -> Iterator[tuple[int, int, Alignment]]:
    """Align the best candidates of each image and yield those that are copies."""
    count = min(search.candidates, len(block_b.rows))
    best = np.argpartition(-bound, count - 1, axis=1)[:, :count]
    for k, candidates in enumerate(best):
        kept = candidates[bound[k, candidates] >= 0]
        if len(kept) == 0:
            continue
        aligned = align_modes(block_a.modes[k], block_b.modes[kept])
        for other, rough in zip(kept.tolist(), aligned, strict=True):
            # The pixels can better a rough alignment, but not without limit.
            if rough.significance < 0.75 * search.significance:
                continue
            fine = refine(block_a.maps[k], block_b.maps[other], rough)
            fine = replace(fine, similarity=max(fine.similarity, rough.similarity))
            row_a, row_b = int(block_a.rows[k]), int(block_b.rows[other])
            if is_copy(images[[row_a, row_b]], fine, search):
                yield row_a, row_b, fine
