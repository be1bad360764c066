"""Write the catalogue as HATS, the convention of Rubin and Euclid for large catalogues.

A folder of Parquet files, one for each HEALPix pixel, so that LSDB finds the rows of a part of the
sky at once and matches catalogues by position (Caplar et al. 2025). Rows without a position have
no place in it; they are in ``unplaced.parquet`` beside. What the folder tells of its origin is in
``toomre.json``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from toomre.errors import OutputError
from toomre.inference.sky_pixels import DEEPEST, Batches, Integers, sky_pixels, spatial_index
from toomre.packages import import_package
from toomre.preparation.hats import hats_files
from toomre.storage import read_json, sha256_file, write_json

__all__ = [
    "HATS",
    "HatsWriter",
    "check_hats",
    "hats_sha256",
    "is_own_hats",
    "read_hats",
    "read_hats_provenance",
]

#: The ending of the folder.
HATS = ".hats"

_ROW = "input_row"
_INDEX = "_healpix_29"
_MOST_ROWS = 1_000_000  # of a file
_BATCH = 65_536  # rows that wait together
_NOTE = "toomre.json"
_UNPLACED = "unplaced.parquet"


class HatsWriter:
    """Takes the rows of a catalogue part by part, and writes them along the sky at the end.

    Until then they are in a file beside; the memory holds 16 bytes a row, and the rows of one of
    the pixels. A pixel has at most a million rows. Two columns are added: ``_healpix_29`` and
    ``input_row``, the place of the row in the input.

    Parameters
    ----------
    path
        The folder to make.
    schema
        The columns; `ra` and `dec` are among them.

    Raises
    ------
    MissingPackageError
        If the package hats is not installed.
    OutputError
        From `finish`: if no row has a position.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        check_hats()
        self._path = path
        self._schema = schema
        self._rows = path.with_name("rows.arrow")
        self._file = pa.OSFile(str(self._rows), "wb")
        self._writer = pa.ipc.new_file(self._file, schema)
        self._waiting: list[pa.Table] = []
        self._index: list[Integers] = []

    def write(self, rows: pa.Table) -> None:
        """Add rows."""
        self._index.append(spatial_index(rows))
        self._waiting.append(rows)
        if sum(part.num_rows for part in self._waiting) >= _BATCH:
            self._flush()

    def finish(self, provenance: Mapping[str, Any]) -> None:
        """Write the folder, and where the catalogue comes from."""
        self._flush()
        self._writer.close()
        self._file.close()
        index = np.concatenate([*self._index, np.empty(0, np.int64)])
        order = np.argsort(index, kind="stable")
        placed = order[np.searchsorted(index[order], 0) :]
        if not len(placed):
            raise OutputError(
                "HATS needs positions, but no input has one. Write Parquet, or give a table with "
                "ra and dec (--catalog)."
            )
        self._path.mkdir()
        with pa.memory_map(str(self._rows)) as file:
            batches = Batches(pa.ipc.open_file(file))
            pixels = list(sky_pixels(index[placed], _MOST_ROWS))
            for pixel, start, stop in pixels:
                rows = placed[start:stop]
                self._write_pixel(pixel, batches.take(rows), (index[rows], rows))
            lost = order[: len(order) - len(placed)]
            self._write_table(self._path / _UNPLACED, batches.take(lost), lost)
        self._describe(pixels, len(placed))
        write_json(self._path / _NOTE, dict(provenance))
        for found in self._path.rglob("*"):
            _sync(found)

    def _flush(self) -> None:
        if self._waiting:
            table = pa.concat_tables(self._waiting).combine_chunks()
            self._writer.write_table(table, max_chunksize=_BATCH)
            self._waiting = []

    def _write_pixel(
        self, pixel: tuple[int, int], rows: pa.Table, added: tuple[Integers, Integers]
    ) -> None:
        from hats.io import paths
        from hats.pixel_math.healpix_pixel import HealpixPixel

        path = Path(str(paths.pixel_catalog_file(self._path, HealpixPixel(*pixel))))
        path.parent.mkdir(parents=True, exist_ok=True)
        index, numbers = added
        self._write_table(path, rows.add_column(0, _INDEX, pa.array(index)), numbers)

    def _write_table(self, path: Path, rows: pa.Table, numbers: Integers) -> None:
        rows = rows.append_column(_ROW, pa.array(numbers, pa.int64()))
        pq.write_table(rows.replace_schema_metadata(None), path, compression="zstd")

    def _describe(self, pixels: list[tuple[tuple[int, int], int, int]], rows: int) -> None:
        """Write what readers of HATS look at first."""
        from hats.catalog.dataset.table_properties import TableProperties
        from hats.catalog.partition_info import PartitionInfo
        from hats.io.parquet_metadata import write_parquet_metadata
        from hats.pixel_math.healpix_pixel import HealpixPixel

        info = PartitionInfo.from_healpix([HealpixPixel(*pixel) for pixel, _, _ in pixels])
        info.write_to_file(self._path / "partition_info.csv")
        facts: dict[str, Any] = {
            "catalog_name": "toomre",
            "catalog_type": "object",
            "total_rows": rows,
            "ra_column": "ra",
            "dec_column": "dec",
            "healpix_column": _INDEX,
            "healpix_order": DEEPEST,
            "hats_max_rows": max(stop - start for _, start, stop in pixels),
        }
        TableProperties(**facts).to_properties_file(self._path)
        write_parquet_metadata(self._path)


def check_hats() -> None:
    """Raise a `MissingPackageError` if the package hats is not installed."""
    import_package("hats", "hats", "Writing HATS", "write Parquet")


def is_own_hats(path: Path) -> bool:
    """Return whether a folder was written by `HatsWriter`, and so may be replaced."""
    return path.suffix == HATS and (path / _NOTE).is_file()


def hats_sha256(path: Path) -> str:
    """Return one SHA-256 of all files of a folder: that of their names and hashes, sorted."""
    found = sorted(
        (file.relative_to(path).as_posix(), sha256_file(file))
        for file in path.rglob("*")
        if file.is_file()
    )
    return sha256("".join(f"{digest}  {name}\n" for name, digest in found).encode()).hexdigest()


def read_hats(path: Path) -> pd.DataFrame:
    """Read a folder that `HatsWriter` wrote, in the order of the input."""
    tables = [pq.ParquetFile(file).read() for file in [*hats_files(path), path / _UNPLACED]]
    names = [name for name in tables[0].column_names if name != _INDEX]
    table = pa.concat_tables([table.select(names) for table in tables]).sort_by(_ROW)
    frame: pd.DataFrame = table.drop_columns([_ROW]).to_pandas()
    return frame


def read_hats_provenance(path: Path) -> dict[str, Any]:
    """Return where the catalogue in a folder comes from."""
    return dict(read_json(path / _NOTE))


def _sync(path: Path) -> None:
    """See that a file or an entry of a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
