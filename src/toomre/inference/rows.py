"""Some rows of the input, small enough to be sent to another process, which reads them there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pandas as pd
from numpy.typing import NDArray

from toomre.images.arrays import open_stack
from toomre.images.cutout import Cutout
from toomre.inference.readings import (
    Reading,
    Wish,
    placed,
    read_files,
    read_prepared,
    read_stack,
)
from toomre.preparation.inputs import InputItem
from toomre.preparation.prepared import PreparedInfo

__all__ = ["FileRows", "PreparedRows", "Rows", "StackRows", "file_state", "table_part"]


class Rows(Protocol):
    """Consecutive rows of the catalogue before they are read.

    Attributes
    ----------
    together
        Whether several rows are read at a time, as stamps from one image are.
    """

    together: ClassVar[bool]

    def __len__(self) -> int: ...

    @property
    def names(self) -> list[str]:
        """The image ids that the rows have in the catalogue."""
        ...

    @property
    def files(self) -> list[Path]:
        """The files of these rows alone."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of what the table and the names say of the rows; not of the pixels."""
        ...

    def readings(self, wish: Wish, start: int, stop: int) -> Iterator[Reading]:
        """Read some of the rows, counted from the first of these."""
        ...

    def unread(self, row: int, cutout: Cutout) -> Reading:
        """Return what stands for a row that is not read."""
        ...


@dataclass(frozen=True, eq=False)
class FileRows:
    """Inputs of a folder; see `toomre.inference.readings.read_files`."""

    items: tuple[tuple[InputItem, str], ...]
    table: pd.DataFrame | None

    together: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.items)

    @property
    def names(self) -> list[str]:
        """See `Rows`."""
        return [item.image_id for item, _ in self.items]

    @property
    def files(self) -> list[Path]:
        """See `Rows`."""
        return [path for item, _ in self.items for path in item.paths or ()]

    @property
    def digest(self) -> str:
        """See `Rows`."""
        named = [
            (item.image_id, item.bands, [path.name for path in item.paths or ()], problem)
            for item, problem in self.items
        ]
        return _digest(named, self.table)

    def readings(self, wish: Wish, start: int, stop: int) -> Iterator[Reading]:
        """See `Rows`."""
        return read_files(self.items[start:stop], _some(self.table, start, stop), wish)

    def unread(self, row: int, cutout: Cutout) -> Reading:
        """See `Rows`."""
        return placed(Reading(self.items[row][0].image_id, cutout), self.table, row)


@dataclass(frozen=True, eq=False)
class StackRows:
    """Images of a stack; see `toomre.inference.readings.read_stack`."""

    path: Path
    items: tuple[InputItem, ...]
    table: pd.DataFrame | None

    together: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.items)

    @property
    def names(self) -> list[str]:
        """See `Rows`."""
        return [item.image_id for item in self.items]

    @property
    def files(self) -> list[Path]:
        """See `Rows`."""
        return []

    @property
    def digest(self) -> str:
        """See `Rows`."""
        return _digest([(item.image_id, item.row) for item in self.items], self.table)

    def readings(self, wish: Wish, start: int, stop: int) -> Iterator[Reading]:
        """See `Rows`."""
        packed = self.path.suffix.lower() == ".npz"
        stack = _unpacked(self.path, file_state(self.path)) if packed else self.path
        return read_stack(stack, self.items[start:stop], _some(self.table, start, stop), wish)

    def unread(self, row: int, cutout: Cutout) -> Reading:
        """See `Rows`."""
        return placed(Reading(self.items[row].image_id, cutout), self.table, row)


@dataclass(frozen=True, eq=False)
class PreparedRows:
    """Images of a prepared set; see `toomre.inference.readings.read_prepared`."""

    folder: Path
    info: PreparedInfo
    first: int
    catalog: pd.DataFrame

    together: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.catalog)

    @property
    def names(self) -> list[str]:
        """See `Rows`."""
        return self.catalog["image_id"].astype(str).tolist()

    @property
    def files(self) -> list[Path]:
        """See `Rows`."""
        return []

    @property
    def digest(self) -> str:
        """See `Rows`."""
        return _digest(self.first, self.catalog)

    def readings(self, wish: Wish, start: int, stop: int) -> Iterator[Reading]:
        """See `Rows`."""
        part = self.catalog.iloc[start:stop]
        return read_prepared(self.folder, self.info, part, wish, self.first + start)

    def unread(self, row: int, cutout: Cutout) -> Reading:
        """See `Rows`."""
        image_id, ra, dec = (self.catalog[name].iloc[row] for name in ("image_id", "ra", "dec"))
        return Reading(str(image_id), cutout, float(ra), float(dec))


def table_part(table: pd.DataFrame, start: int, stop: int, *more: str) -> pd.DataFrame:
    """Return some rows of a table, with the columns that are read, and others by name.

    Examples
    --------
    >>> table = pd.DataFrame({"image_id": ["a", "b"], "ra": 1.0, "mass": 2.0})
    >>> table_part(table, 1, 2).to_dict("list")
    {'image_id': ['b'], 'ra': [1.0]}
    """
    names = dict.fromkeys(("image_id", "ra", "dec", "flags", "reason", *more))
    return table[[name for name in names if name in table]].iloc[start:stop].reset_index(drop=True)


def file_state(path: Path) -> tuple[int, int]:
    """Return size and time of change of a file, by which another content shows; of none (-1, -1).

    Examples
    --------
    >>> file_state(Path("nowhere"))
    (-1, -1)
    """
    try:
        status = path.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _some(table: pd.DataFrame | None, start: int, stop: int) -> pd.DataFrame | None:
    return None if table is None else table.iloc[start:stop]


def _digest(named: object, table: pd.DataFrame | None) -> str:
    columns = {} if table is None else {name: table[name].tolist() for name in table.columns}
    return sha256(repr((named, columns)).encode("utf-8", "surrogateescape")).hexdigest()


@lru_cache(maxsize=1)
def _unpacked(path: Path, state: tuple[int, int]) -> NDArray[Any]:
    """Return a stack that is in memory whole, once for all its rows."""
    return open_stack(path)
