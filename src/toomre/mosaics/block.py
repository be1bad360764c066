"""Cut the stamps of a few hundred rows in all bands at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError
from toomre.mosaics.band import Band
from toomre.mosaics.frame import Frame
from toomre.mosaics.opening import SkippedMosaic
from toomre.mosaics.options import LARGEST_SIDE, StampOptions
from toomre.mosaics.regrid import regridded, shifts, window_on, window_wcs
from toomre.mosaics.windows import Windows, find_windows

__all__ = ["Window", "cut_block"]

Floats = NDArray[np.float64]
#: What was found in some of the stamps: flags with a sentence each.
Notes = defaultdict[int, list[tuple[Flag, str]]]


class Window(NamedTuple):
    """The pixels of the first band that a stamp shows.

    Attributes
    ----------
    frame
        The number of the image.
    x0, y0, side
        First column, first row, side [pixel]; it may reach beyond the image.
    pad
        How many of its pixels on each side are margin.
    """

    frame: int
    x0: int
    y0: int
    side: int
    pad: int


def cut_block(
    bands: Sequence[Band],
    place: tuple[Floats, Floats, Floats],
    options: StampOptions,
    skipped: Sequence[SkippedMosaic] = (),
) -> tuple[list[Cutout], list[Window | None]]:
    """Return the stamp of each row, and which pixels of the first band it shows.

    Parameters
    ----------
    bands
        The first one's pixel grid is that of the stamps.
    place
        ra, dec [degree] and size [arcsec] of each row; NaN where unknown.
    options
        How stamps are cut.
    skipped
        Files that were passed over: a row that has no stamp may lie in them.
    """
    found = [find_windows(band.frames, *place, options.margin) for band in bands]
    cutouts, usable = _absent(bands, found, place[2], (options, skipped))
    kept: list[Window | None] = [None] * len(cutouts)
    chosen = [
        band.choose(windows.take(usable[windows.row]))
        for band, windows in zip(bands, found, strict=True)
    ]
    base = chosen[0]
    images = _empty(len(bands), base.side)
    notes: Notes = defaultdict(list)
    for number, (band, windows) in enumerate(zip(bands, chosen, strict=True)):
        targets = [image[number] for image in images]
        for index, frame in enumerate(windows.frame.tolist() if any(band.flags) else ()):
            notes[index] += band.flags[frame]
        if number == 0:
            _note_failed(band, band.fill(targets, base), notes)
            _note_edges(band, base, notes)
        else:
            _fill_other(band, windows, (bands[0], base), (targets, notes), options)
    names = tuple(band.name for band in bands)
    columns = (base.row, base.scale, base.frame, base.x0, base.y0, base.side, base.pad)
    rows = zip(images, *(column.tolist() for column in columns), strict=True)
    for index, (image, row, scale, *window) in enumerate(rows):
        cutout = Cutout(image, names, scale)
        for flag, note in notes.get(index, ()):
            cutout = cutout.flagged(flag, note)
        cutouts[row] = cutout
        kept[row] = Window(*window) if cutout.pixels is not None else None
    return cutouts, kept


def _absent(
    bands: Sequence[Band],
    found: Sequence[Windows],
    sizes: Floats,
    how: tuple[StampOptions, Sequence[SkippedMosaic]],
) -> tuple[list[Cutout], NDArray[np.bool_]]:
    """Return a bad cutout for each row that has no stamp, and which rows have one."""
    options, skipped = how
    shown = np.zeros((len(bands), len(sizes)), bool)
    for band, windows in zip(shown, found, strict=True):
        band[windows.row] = True
    too_large = np.zeros(len(sizes), bool)
    too_large[found[0].row] = found[0].side - 2 * found[0].pad > LARGEST_SIDE
    usable = shown.all(axis=0) & ~too_large
    cutouts = [_WAITING] * len(sizes)
    for row in np.flatnonzero(~usable).tolist():
        lacking = [band.name for band, has in zip(bands, shown[:, row], strict=True) if not has]
        if not np.isfinite(sizes[row]):
            name = options.size_column
            cutouts[row] = Cutout.bad(Flag.SIZE, f"the column {name!r} has no size above 0")
        elif too_large[row]:
            note = f"the stamp of {sizes[row]:.4g} arcsec has more than {LARGEST_SIDE} pixels"
            cutouts[row] = Cutout.bad(Flag.SIZE, f"{note} on a side")
        elif len(lacking) == len(bands):
            note = f"the position lies in none of the mosaics{_without(lacking, skipped)}"
            cutouts[row] = Cutout.bad(Flag.OUTSIDE, note)
        else:
            note = f"the position lies in no mosaic of the band {', '.join(lacking)}"
            cutouts[row] = Cutout.bad(Flag.MISSING_BAND, note + _without(lacking, skipped))
    return cutouts, usable


def _without(bands: Sequence[str], skipped: Sequence[SkippedMosaic]) -> str:
    """Return which files of these bands were passed over, for the end of a sentence."""
    files = sorted({each.file for each in skipped if each.band in bands})
    if not files:
        return ""
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return f" but perhaps in what was skipped: {', '.join(map(ascii, files[:_NAMED]))}{more}"


_NAMED = 3


_WAITING = Cutout(None)


def _empty(bands: int, sides: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    """Return an array (band, y, x) for each stamp."""
    if len(sides) and (sides == sides[0]).all():
        return list(np.empty((len(sides), bands, sides[0], sides[0]), np.float32))
    return [np.empty((bands, side, side), np.float32) for side in sides.tolist()]


def _note_failed(band: Band, failed: dict[int, BadInputError], notes: Notes) -> None:
    for index, error in failed.items():
        notes[index].append((error.flag, f"{band.name}: {error.note}"))


def _note_edges(band: Band, windows: Windows, notes: Notes) -> None:
    """Flag windows that reach beyond their image, not counting the margin."""
    side = windows.side - 2 * windows.pad
    shapes = np.array([frame.shape for frame in band.frames])[windows.frame].reshape(-1, 2)
    inside = [
        np.minimum(start + windows.pad + side, length) - np.maximum(start + windows.pad, 0)
        for start, length in zip((windows.y0, windows.x0), shapes.T, strict=True)
    ]
    part = np.clip(inside[0], 0, None) * np.clip(inside[1], 0, None) / side**2
    for index in np.flatnonzero(part < 1).tolist():
        note = f"{band.name}: {100 * (1 - part[index]):.3g} % of the field is beyond the image"
        notes[index].append((Flag.EDGE, note))


def _fill_other(
    band: Band,
    windows: Windows,
    reference: tuple[Band, Windows],
    into: tuple[list[NDArray[np.float32]], Notes],
    options: StampOptions,
) -> None:
    """Fill the targets with a further band, on the pixel grid of the first."""
    (first, base), (targets, notes) = reference, into
    steps = np.zeros((len(base), 2))
    for pair in np.unique(np.stack([base.frame, windows.frame], axis=1), axis=0).tolist():
        here = np.flatnonzero((base.frame == pair[0]) & (windows.frame == pair[1]))
        steps[here] = shifts(base.take(here), first.frames[pair[0]], band.frames[pair[1]])
    aligned = np.flatnonzero(np.isfinite(steps).all(axis=1))
    x, y = steps[aligned].astype(np.int64).T
    taken = base.take(aligned)
    moved = replace(taken, frame=windows.frame[aligned], x0=taken.x0 + x, y0=taken.y0 + y)
    found: Notes = defaultdict(list)
    _note_failed(band, band.fill([targets[index] for index in aligned], moved), found)
    _note_edges(band, moved, found)
    for index, said in found.items():
        notes[int(aligned[index])] += said
    for index in np.flatnonzero(np.isnan(steps).any(axis=1)).tolist():
        start = int(base.x0[index]), int(base.y0[index])
        frames = first.frames[base.frame[index]], int(windows.frame[index])
        try:
            targets[index][...] = _moved(band, frames, start, len(targets[index]), options)
        except BadInputError as error:
            notes[index].append((error.flag, f"{band.name}: {error.note}"))
            continue
        note = f"{band.name}: brought to the pixel grid of {first.name} ({options.regrid})"
        notes[index].append((Flag.REPROJECTED, note))


def _moved(
    band: Band, frames: tuple[Frame, int], start: tuple[int, int], side: int, options: StampOptions
) -> NDArray[np.float32]:
    """Return a band's pixels on the grid of a window of another image."""
    frame, number = frames
    other = band.frames[number]
    square = window_on(frame, start, side, other)
    if square is None or square[2] > _MOST_ENLARGED * LARGEST_SIDE:
        raise BadInputError(Flag.WCS, "its coordinate system cannot be brought to the first band's")
    x0, y0, wide = square
    middle = [np.array([value + (side - 1) / 2]) for value in start]
    there = [np.array([value + (wide - 1) / 2]) for value in (x0, y0)]
    ratio = frame.sky.local_scales(*middle) / other.sky.local_scales(*there)
    return regridded(
        band.window(number, y0, x0, wide),
        window_wcs(other.sky.wcs, x0, y0, wide),
        window_wcs(frame.sky.wcs, *start, side),
        area_ratio=float(ratio[0] ** 2),
        method=options.regrid,
    )


_MOST_ENLARGED = 4
