"""Survey images and a table of positions: the stamp of every row, cut when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import BAD, Flag
from toomre.images.opening import shown_name
from toomre.mosaics.band import Band
from toomre.mosaics.block import Window, cut_block
from toomre.mosaics.frame import Frame
from toomre.mosaics.opening import SkippedMosaic, open_frames
from toomre.mosaics.options import StampOptions, sizes_of
from toomre.mosaics.patterns import FileSpec, find_files
from toomre.mosaics.windows import find_windows

__all__ = ["Batch", "Mosaics"]

_BLOCK_BYTES = 32 << 20  # of the stamps that are in memory at a time
_LARGEST_BLOCK = 2048  # rows
_PLANNED = 1 << 16  # rows whose place in the images is looked up at a time
_STRIP = 64  # rows of pixels that are read together


@dataclass(frozen=True, eq=False)
class Batch:
    """Some stamps.

    Attributes
    ----------
    rows
        Their rows in the table.
    cutouts
        In the same order: pixels (band, y, x) at the first band's scale, NaN where there are
        none; bad ones without pixels.
    windows
        Which pixels of the first band they are; None for bad ones.
    """

    rows: NDArray[np.int64]
    cutouts: list[Cutout]
    windows: list[Window | None]


class Mosaics:
    """Stamps from survey images, cut on the fly and never written.

    A row's stamp depends on the files, the options and the row alone: not on the order, nor on
    the rows that are asked for with it.

    Attributes
    ----------
    bands
        Names of the bands in order; the first one's pixel grid is that of the stamps.
    table
        The table of positions.
    options
        How stamps are cut.
    skipped
        Files that were passed over, as they cannot be used.

    Examples
    --------
    ``Mosaics.open({"g": "tiles/*_g.fits", "r": "tiles/*_r.fits"}, table, options)``
    """

    def __init__(
        self,
        bands: Sequence[Band],
        table: pd.DataFrame,
        options: StampOptions,
        skipped: Sequence[SkippedMosaic] = (),
    ) -> None:
        self.table = table
        self.options = options
        self.skipped = tuple(skipped)
        self.bands = tuple(band.name for band in bands)
        self._bands = tuple(bands)
        self._sizes = sizes_of(table, options)
        on_sky = _flags_of(table) & BAD.value == 0
        self._ra, self._dec = (
            np.where(on_sky, table[name].to_numpy(dtype=np.float64, na_value=np.nan), np.nan)
            for name in ("ra", "dec")
        )

    @classmethod
    def open(
        cls,
        mosaics: Mapping[str, FileSpec],
        table: pd.DataFrame,
        options: StampOptions,
    ) -> Mosaics:
        """Open images and check them; no pixel stays in memory.

        Parameters
        ----------
        mosaics
            For each band its files: a name, a pattern, or several; see `find_files`.
        table
            One row a stamp with `ra` and `dec` [degree, ICRS]; from
            `toomre.preparation.catalog.read_table`, whose `flags` and `reason` are kept.
        options
            How stamps are cut.

        Raises
        ------
        MissingFileError
            If a file is not there, or nothing fits a pattern.
        CorruptFileError
            If a file is damaged and not to be passed over, or none of a band can be used.
        ArgumentError
            If a file has no usable image or coordinate system and is not to be passed over, or
            the options do not fit.
        """
        for name in ("ra", "dec"):
            if name not in table:
                raise ArgumentError.expected("table", f"with a column {name!r}", [*table.columns])
        files = find_files(mosaics, options.extension)
        unknown = sorted(set(options.psf.fwhm) - set(files)) if options.psf else []
        if unknown:
            allowed = f"of the bands that are given ({', '.join(files)})"
            raise ArgumentError.expected("psf_fwhm", allowed, ", ".join(unknown))
        bands = []
        skipped = []
        for name, found in files.items():
            frames, bad = open_frames(name, found, options)
            skipped += bad
            band = Band(name, frames, options.psf)
            _flag_filters(band, tuple(files))
            bands.append(band)
        return cls(bands, table, options, skipped)

    def __len__(self) -> int:
        return len(self.table)

    def of(self, table: pd.DataFrame) -> Mosaics:
        """Return the same images with another table; they are not opened anew."""
        return Mosaics(self._bands, table, self.options, self.skipped)

    def without(self, skipped: Sequence[SkippedMosaic]) -> Mosaics:
        """Return the same images where others were passed over already, for the reasons to say."""
        return Mosaics(self._bands, self.table, self.options, skipped)

    def frame(self, window: Window) -> Frame:
        """Return the image of the first band that a window lies in."""
        return self._bands[0].frames[window.frame]

    def stamps(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> Iterator[Cutout]:
        """Give the stamps of some rows in their order; None: of all.

        Yields
        ------
        Cutout
            Pixels (band, y, x), float32, NaN where there are none; None if it is bad. Flags:
            COORDINATES (as the table says), OUTSIDE (in no image), MISSING_BAND (in the images
            of some bands only), SIZE (no size, or above 4096 pixels), EDGE (partly beyond the
            image), REPROJECTED, PSF_BROADER, and what is odd about a file.
        """
        for batch in self.batches(rows):
            yield from batch.cutouts

    def batches(
        self,
        rows: Sequence[int] | NDArray[np.int64] | None = None,
        order: Literal["table", "read"] = "table",
    ) -> Iterator[Batch]:
        """Give the stamps of some rows, a few tens of MB at a time.

        Parameters
        ----------
        rows
            Rows of the table; None: all.
        order
            ``"table"``: as given; within a batch the images are read from top to bottom.
            ``"read"``: as they lie in the images, for the least reading; `Batch.rows` tells
            which they are.
        """
        wanted = self._checked(rows)
        if order not in ("table", "read"):
            raise ArgumentError.expected("order", "'table' or 'read'", order)
        if order == "read":
            wanted = wanted[self.reading_order(wanted)]
        size = self._block_size(wanted)
        for start in range(0, len(wanted), size):
            yield self._batch(wanted[start : start + size])

    def reading_order(self, rows: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the places of some rows as they lie in the first band's images.

        Rows in none of them come first; of those in several the first image counts.
        """
        keys = np.full((3, len(rows)), -1, dtype=np.int64)
        first = self._bands[0].frames
        for start in range(0, len(rows), _PLANNED):
            part = rows[start : start + _PLANNED]
            found = find_windows(first, self._ra[part], self._dec[part], self._sizes[part])
            found = found.take(np.diff(found.row, prepend=-1) > 0)
            keys[:, start + found.row] = found.x0, found.y0 // _STRIP, found.frame
        return np.lexsort(keys)

    def _checked(self, rows: Sequence[int] | NDArray[np.int64] | None) -> NDArray[np.int64]:
        if rows is None:
            return np.arange(len(self), dtype=np.int64)
        wanted = np.asarray(rows, dtype=np.int64).reshape(-1)
        if wanted.size and not 0 <= wanted.min() <= wanted.max() < len(self):
            allowed = f"numbers of rows, 0 to {len(self) - 1}"
            raise ArgumentError.expected("rows", allowed, (int(wanted.min()), int(wanted.max())))
        return wanted

    def _block_size(self, rows: NDArray[np.int64]) -> int:
        """Return how many of the largest stamps fit into a block."""
        finest = min(frame.sky.pixel_scale for frame in self._bands[0].frames)
        sizes = self._sizes[rows]
        largest = np.nanmax(sizes) if np.isfinite(sizes).any() else 0.0
        side = (1 + 2 * self.options.margin) * largest / finest + 10
        return int(np.clip(_BLOCK_BYTES // (4 * len(self.bands) * side**2), 1, _LARGEST_BLOCK))

    def _batch(self, rows: NDArray[np.int64]) -> Batch:
        place = self._ra[rows], self._dec[rows], self._sizes[rows]
        cutouts, windows = cut_block(self._bands, place, self.options, self.skipped)
        marks = _flags_of(self.table)[rows]
        for index in np.flatnonzero(marks):
            flags = Flag(int(marks[index]))
            note = str(self.table["reason"].iloc[int(rows[index])])
            known = Cutout(None) if flags & BAD else cutouts[index]
            cutouts[index] = known.flagged(flags, note)
        return Batch(rows, cutouts, windows)


def _flags_of(table: pd.DataFrame) -> NDArray[np.int64]:
    if "flags" not in table:
        return np.zeros(len(table), np.int64)
    return table["flags"].to_numpy(dtype=np.int64)


def _flag_filters(band: Band, names: tuple[str, ...]) -> None:
    """Flag images whose header states another of the bands that were given."""
    from toomre.images.band_names import find_band
    from toomre.images.fits_header import text

    for frame, flags in zip(band.frames, band.flags, strict=True):
        stated = text(frame.header, "FILTER") or text(frame.header, "BAND")
        if not stated or find_band(band.name, [stated]) is not None:
            continue
        if any(find_band(name, [stated]) is not None for name in names):
            note = f"the header states the band {stated}; taken as {band.name}, as given"
            flags.append((Flag.HEADER_ODD, f"{shown_name(frame.path)}: {note}"))
