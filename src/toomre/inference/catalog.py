"""The merger catalogue: its columns, and writing it in seven formats without holding it whole.

Rows come in parts. Parquet and CSV are written part by part; FITS, VOTable and ECSV have no
such way, so their rows go into a temporary Parquet file beside the output and are converted at
the end. That takes about 150 bytes of disk and 1 kB of memory a row, so for many millions of
rows choose Parquet, or HATS, whose rows are sorted on the disk.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from toomre.errors import ArgumentError, OutputError, ToomreError
from toomre.inference.catalog_hats import HATS, HatsWriter, check_hats, is_own_hats
from toomre.inference.catalog_regions import REGIONS, RegionsWriter
from toomre.inference.catalog_text import TEXT_COLUMNS
from toomre.inference.manifest import read_manifest, sidecar_of
from toomre.output import output_lock, refuse_existing
from toomre.spreadsheet import guard
from toomre.storage import atomic_path, sha256_file, write_json
from toomre.surveys.vote_tree import ANSWERS

__all__ = [
    "EXTRA",
    "FORMATS",
    "SCHEMA",
    "VOTE_FORMATS",
    "VOTE_SCHEMA",
    "CatalogWriter",
    "check_output",
    "open_catalog",
    "with_extra",
]

#: The endings of the formats that are files and can be read back.
FORMATS = (".parquet", ".fits", ".vot", ".ecsv", ".csv")

_EMPTY = pd.DataFrame(
    {
        "image_id": pd.Series(dtype="str"),
        "ra": pd.Series(dtype="float64"),
        "dec": pd.Series(dtype="float64"),
        "p_merger": pd.Series(dtype="float64"),
        "p_merger_raw": pd.Series(dtype="float64"),
        "p_merger_std": pd.Series(dtype="float64"),
        "is_merger": pd.Series(dtype="boolean"),
        "status": pd.Series(dtype="str"),
        "flags": pd.Series(dtype="int64"),
        "reason": pd.Series(dtype="str"),
        "model_id": pd.Series(dtype="str"),
    }
)
_TEXT = {name: pa.string() for name in TEXT_COLUMNS}
_PLAIN = pa.Schema.from_pandas(_EMPTY, preserve_index=False)

#: The columns in order, with the note that tells pandas that `is_merger` may be missing.
SCHEMA = pa.schema(
    [pa.field(field.name, _TEXT.get(field.name, field.type)) for field in _PLAIN],
    metadata=_PLAIN.metadata,
)

#: Columns that a catalogue may have behind the others: the standard deviation of p_merger over
#: the models of an ensemble, and the set of `toomre.evaluation.conformal`.
EXTRA = pa.schema([pa.field("p_spread", pa.float64()), pa.field("conformal_set", pa.string())])

#: The same with 37 vote fractions in place of the probability of a merger.
VOTE_SCHEMA = pa.schema(
    [
        *(SCHEMA.field(name) for name in ("image_id", "ra", "dec")),
        *(pa.field(name, pa.float64()) for name in ANSWERS),
        *(SCHEMA.field(name) for name in ("is_merger", "status", "flags", "reason", "model_id")),
    ]
)

#: The endings of formats that can have a dot in the name of a column.
VOTE_FORMATS = (".parquet", ".csv")

# Rows of a Parquet row group: enough to compress well, few enough for any memory.
_GROUP = 16_384


class CatalogWriter(Protocol):
    """Something that takes the rows of a catalogue part by part."""

    def write(self, rows: pa.Table) -> None:
        """Add rows that have the catalogue's schema."""
        ...

    def finish(self, provenance: Mapping[str, Any]) -> None:
        """Write what is left, and where the catalogue comes from."""
        ...


def with_extra(schema: pa.Schema, names: Iterable[str]) -> pa.Schema:
    """Return a schema with those of the `EXTRA` columns behind it that are among some names.

    Examples
    --------
    >>> with_extra(SCHEMA, ["p_spread", "mass"]).names[-2:]
    ['model_id', 'p_spread']
    """
    wanted = set(names)
    for field in EXTRA:
        if field.name in wanted and field.name not in schema.names:
            schema = schema.append(field)
    return schema


def check_output(path: Path, *, overwrite: bool = False) -> None:
    """Refuse an output that cannot be written, before any work is done.

    Raises
    ------
    ArgumentError
        If the ending is none of `FORMATS`, ``.hats`` and ``.reg``.
    OutputError
        If nothing can be written there.
    OutputExistsError
        If it, or the provenance of a CSV beside it, is there already and `overwrite` is off.

    Examples
    --------
    >>> check_output(Path("mergers.txt"))
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `out` to be a file that ends in .parquet, .fits, .vot,
    .ecsv, .csv, .hats, .reg, but got 'mergers.txt'.
    """
    if path.suffix == HATS:
        check_hats()
    elif path.suffix not in _WRITERS:
        allowed = f"a file that ends in {', '.join((*FORMATS, HATS, REGIONS))}"
        raise ArgumentError.expected("out", allowed, path.name)
    for file in _files_of(path):
        if file.is_dir() and not is_own_hats(file):
            raise ArgumentError.expected("out", "a file", f"the folder {file}")
        refuse_existing(file, overwrite=overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):  # without a name, so it cannot be left behind
            pass
    except OSError as error:
        raise OutputError(
            f"Expected `out` to be in a folder that can be written, but {path} cannot be: "
            f"{error.strerror}. Give another place."
        ) from error


@contextmanager
def open_catalog(
    path: Path, *, schema: pa.Schema = SCHEMA, overwrite: bool = False
) -> Iterator[CatalogWriter]:
    """Open a catalogue for writing; it appears under its name whole, or not at all.

    `finish` must be called before the context ends. What a process that died left beside the
    output is removed by the next run with the same output.

    Parameters
    ----------
    path
        The output; its ending says the format.
    schema
        The columns; text is in `toomre.inference.catalog_text.TEXT_COLUMNS` only.
    overwrite
        Replace what is there.

    Raises
    ------
    OutputExistsError
        If it is there already, or another run is writing it.
    OutputError
        If it cannot be written, for example because the disk is full.
    """
    check_output(path, overwrite=overwrite)
    try:
        with output_lock(path), _scratch(path) as folder:
            written = folder / path.name
            yield _WRITERS[path.suffix](written, schema)
            # Another run may have written the same output in the meantime.
            check_output(path, overwrite=overwrite)
            # What stands beside the old catalogue is not of the new one.
            if path.suffix == ".csv" or read_manifest(path) is not None:
                sidecar_of(path).unlink(missing_ok=True)
            _take_places(folder, path)
    except ToomreError:
        raise
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}. Nothing of it was kept."
        ) from error


def _take_places(folder: Path, path: Path) -> None:
    """Put what was written into a folder where it is to be."""
    if path.suffix == HATS:
        if path.exists():
            path.rename(folder / "replaced")
        (folder / path.name).replace(path)
        return
    for file in _files_of(path):
        with atomic_path(file) as temporary:
            (folder / file.name).replace(temporary)


def _files_of(path: Path) -> tuple[Path, ...]:
    """Return the files that a catalogue consists of."""
    return (path, sidecar_of(path)) if path.suffix == ".csv" else (path,)


@contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    """Give a new folder on the output's disk; the lock must be held, for its name is fixed."""
    folder = path.with_name(f".{path.name}.unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _ParquetWriter:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[pa.Table] = []

    def write(self, rows: pa.Table) -> None:
        self._waiting.append(rows)
        if sum(part.num_rows for part in self._waiting) >= _GROUP:
            self._flush()

    def finish(self, provenance: Mapping[str, Any]) -> None:
        self._flush()
        self._writer.add_key_value_metadata({"toomre": json.dumps(provenance)})
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting = []


class _CsvWriter:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._rows = 0
        self._append(schema.empty_table().to_pandas(), header=True)

    def write(self, rows: pa.Table) -> None:
        self._rows += rows.num_rows
        frame = rows.to_pandas()
        for name in frame.columns.intersection(list(TEXT_COLUMNS)):
            frame[name] = [guard(text) for text in frame[name]]
        self._append(frame, header=False)

    def finish(self, provenance: Mapping[str, Any]) -> None:
        content = {**provenance, "rows": self._rows, "csv_sha256": sha256_file(self._path)}
        write_json(sidecar_of(self._path), content)

    def _append(self, frame: pd.DataFrame, header: bool) -> None:
        with self._path.open("a", encoding="utf-8", newline="") as file:
            # Every text is quoted, for a lone carriage return would otherwise end the line.
            frame.to_csv(
                file,
                index=False,
                header=header,
                lineterminator="\n",
                quoting=csv.QUOTE_NONNUMERIC,
            )


class _ConvertedWriter:
    """Collects the rows in a Parquet file and writes FITS, VOTable or ECSV from it."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._rows = path.with_name("rows.parquet")
        self._writer = _ParquetWriter(self._rows, schema)

    def write(self, rows: pa.Table) -> None:
        self._writer.write(rows)

    def finish(self, provenance: Mapping[str, Any]) -> None:
        from toomre.inference.catalog_astropy import write_astropy

        self._writer.finish({})
        write_astropy(self._path, pq.read_table(self._rows), provenance)


_WRITERS: Mapping[str, Callable[[Path, pa.Schema], CatalogWriter]] = {
    ".parquet": _ParquetWriter,
    ".csv": _CsvWriter,
    ".fits": _ConvertedWriter,
    ".vot": _ConvertedWriter,
    ".ecsv": _ConvertedWriter,
    HATS: HatsWriter,
    REGIONS: RegionsWriter,
}
