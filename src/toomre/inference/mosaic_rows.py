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
from toomre.mosaics.options import StampOptions
from toomre.mosaics.patterns import MosaicSource, find_files
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
        The files of each band.
    state
        Hash of what the files are, by size and time.
    options
        How stamps are cut.
    table
        Their positions.
    """

    files_of: Mapping[str, list[str]]
    state: str
    options: StampOptions
    table: pd.DataFrame

    together: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.table)

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
            # Whoever planned the work has checked the sums of the files' bytes.
            options = replace(self.options, checksums=False)
            _remember(self.state, Mosaics.open(self.files_of, self.table, options))
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
        self._files = {
            band: [_named(path, extension, options) for path, extension in files]
            for band, files in found.items()
        }
        paths = [path for files in found.values() for path, _ in files]
        states = [(path.name, file_state(path)) for path in paths]
        facts = repr((states, list(found), options)).encode("utf-8", "surrogateescape")
        self._state = sha256(facts).hexdigest()
        self._options = options
        self._table = table
        opened = replace(options, checksums=options.checksums and sums)
        self._mosaics = Mosaics.open(self._files, table.iloc[:0], opened)
        _remember(self._state, self._mosaics)

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
        return MosaicRows(self._files, self._state, self._options, part)

    def __len__(self) -> int:
        return len(self._table)


def _named(path: Path, extension: str | None, options: StampOptions) -> str:
    """Return how a file and its image are given to `toomre.mosaics.patterns.find_files`."""
    whole = str(path.absolute())
    return whole if extension == options.extension else f"{whole}[{extension}]"


def _remember(state: str, mosaics: Mosaics) -> None:
    _opened.clear()
    _opened[state] = mosaics.of(mosaics.table.iloc[:0])
