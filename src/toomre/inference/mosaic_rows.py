"""Rows of a table whose stamps are cut from mosaics, to be sent to another process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.images.cutout import Cutout
from toomre.inference.mosaic_readings import read_mosaics
from toomre.inference.readings import Reading, Wish
from toomre.inference.rows import file_state, table_part
from toomre.mosaics.opening import SkippedMosaic
from toomre.mosaics.options import StampOptions
from toomre.mosaics.patterns import MosaicSource, find_files, named_file
from toomre.mosaics.stamps import Mosaics

__all__ = ["MosaicRows", "OpenMosaics"]

# Of this process: the images that were used last, which stay open, under what they are.
_opened: dict[str, Mosaics] = {}


@dataclass(frozen=True, eq=False)
class MosaicRows:
    """Stamps from mosaics; see `toomre.inference.mosaic_readings.read_mosaics`.

    Attributes
    ----------
    files_of
        The files of each band that can be used.
    skipped
        Those that were passed over.
    state
        Hash of what the files are, by size and time, and of which were passed over.
    options
        How stamps are cut.
    table
        Their positions.
    """

    files_of: Mapping[str, list[str]]
    skipped: tuple[SkippedMosaic, ...]
    state: str
    options: StampOptions
    table: pd.DataFrame

    together: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.table)

    @property
    def names(self) -> list[str]:
        """See `toomre.inference.rows.Rows`."""
        return self.table["image_id"].astype(str).tolist()

    @property
    def files(self) -> list[Path]:
        """See `toomre.inference.rows.Rows`."""
        return []

    @property
    def digest(self) -> str:
        """See `toomre.inference.rows.Rows`."""
        columns = {name: self.table[name].tolist() for name in self.table.columns}
        return sha256(repr((self.state, columns)).encode("utf-8", "surrogateescape")).hexdigest()

    def readings(self, wish: Wish, start: int, stop: int) -> Iterator[Reading]:
        """See `toomre.inference.rows.Rows`."""
        if self.state not in _opened:
            # Whoever planned the work has checked the sums of the files' bytes, and what is bad.
            options = replace(self.options, checksums=False, skip_bad=False)
            opened = Mosaics.open(self.files_of, self.table, options)
            _remember(self.state, opened.without(self.skipped))
        mosaics = _opened[self.state].of(self.table)
        return read_mosaics(mosaics, wish, np.arange(start, stop))

    def unread(self, row: int, cutout: Cutout) -> Reading:
        """See `toomre.inference.rows.Rows`."""
        image_id, ra, dec = (self.table[name].iloc[row] for name in ("image_id", "ra", "dec"))
        return Reading(str(image_id), cutout, float(ra), float(dec))


class OpenMosaics:
    """Survey images that were opened and checked here, and their table.

    Parameters
    ----------
    source
        The images.
    options
        From `toomre.inference.mosaic_readings.for_model`.
    table
        From `toomre.preparation.catalog.read_table`.
    sums
        Whether DATASUM and CHECKSUM are checked now, where `options` asks for it.

    Attributes
    ----------
    skipped
        Files that were passed over, as they cannot be used.
    """

    def __init__(
        self,
        source: MosaicSource,
        options: StampOptions,
        table: pd.DataFrame,
        *,
        sums: bool = True,
    ) -> None:
        found = find_files(source.files, options.extension)
        usual = options.extension
        given = {
            band: [named_file(path, extension, usual) for path, extension in files]
            for band, files in found.items()
        }
        now = replace(options, checksums=options.checksums and sums)
        opened = Mosaics.open(given, table.iloc[:0], now)
        self.skipped = opened.skipped
        bad = {(each.band, each.file) for each in self.skipped}
        self._files = {
            band: [
                named_file(path.absolute(), extension, usual)
                for path, extension in files
                if (band, named_file(path, extension, usual)) not in bad
            ]
            for band, files in found.items()
        }
        paths = [path for files in found.values() for path, _ in files]
        states = [(path.name, file_state(path)) for path in paths]
        facts = (states, list(found), options, self.skipped)
        self._state = sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()
        self._options = options
        self._table = table
        _remember(self._state, opened)
        self._mosaics = opened

    def rows(self, start: int, stop: int) -> MosaicRows:
        """Return some of the rows, one after another."""
        return self._rows(self._table, start, stop)

    def pick(self, rows: NDArray[np.int64]) -> MosaicRows:
        """Return some of the rows, wherever they are in the table."""
        return self._rows(self._table.iloc[rows], 0, len(rows))

    def reading_order(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return some rows in the order in which least is read: by image, from top to bottom."""
        part = self._mosaics.of(self.pick(rows).table)
        return rows[part.reading_order(np.arange(len(rows)))]

    def _rows(self, table: pd.DataFrame, start: int, stop: int) -> MosaicRows:
        more = [self._options.size_column] if self._options.size_column else []
        part = table_part(table, start, stop, *more)
        return MosaicRows(self._files, self.skipped, self._state, self._options, part)

    def __len__(self) -> int:
        return len(self._table)


def _remember(state: str, mosaics: Mosaics) -> None:
    _opened.clear()
    _opened[state] = mosaics.of(mosaics.table.iloc[:0])
