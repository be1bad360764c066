"""Read a table of any usual format into a data frame, with every 64-bit integer exact."""

from __future__ import annotations

import csv
import gzip
import io
import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table

from toomre.errors import ArgumentError, MissingFileError

__all__ = ["MISSING_WORDS", "LoadedTable", "load_table", "load_verbatim"]

#: Words that stand for "no value" in a column of numbers or labels; a column of text keeps them.
MISSING_WORDS = frozenset({"", "nan", "null", "none", "n/a", "na", "--", "<na>"})

_HEAD = 1 << 12
_INTEGER = r"0|-?[1-9][0-9]{0,19}"
_NOT_A_NUMBER = re.compile(r"[^0-9.eE+\-infaINFA]")
_PADDED = r"-?0[0-9]"  # the leading zeros of an id
_NULLABLE = {
    "int8": "Int8",
    "int16": "Int16",
    "int32": "Int32",
    "int64": "Int64",
    "uint8": "UInt8",
    "uint16": "UInt16",
    "uint32": "UInt32",
    "uint64": "UInt64",
}
_DELIMITERS = (",", ";", "\t", "|")


class LoadedTable(NamedTuple):
    """A table twice: with its values, and as the file has them.

    Attributes
    ----------
    values
        From `load_table`.
    verbatim
        The same columns; those of CSV are the text between the commas.
    """

    values: pd.DataFrame
    verbatim: pd.DataFrame


def load_table(path: Path | str) -> pd.DataFrame:
    r"""Read CSV (also gzipped), ECSV, FITS, VOTable or Parquet, as the content says.

    Parameters
    ----------
    path
        The table. CSV must be UTF-8 (or UTF-16 with a mark); commas, semicolons, tabs and bars
        are told apart by the first line. Of a FITS file the first table is read.

    Returns
    -------
    pandas.DataFrame
        The columns as the file names them. Integers are exact (nullable where values are
        missing) and never pass through floating point; text of digits with leading zeros
        stays text; masked values are missing; numbers have the machine's byte order.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ArgumentError
        If the file cannot be read as a table or has no rows.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "table.csv"
    >>> _ = path.write_text("objid;name\n587732769978777642;a\n;b\n")
    >>> load_table(path)["objid"].tolist()
    [587732769978777642, <NA>]
    """
    return load_verbatim(path).values


def load_verbatim(path: Path | str) -> LoadedTable:
    r"""Read a table as `load_table` does, and keep the text of CSV beside the values.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "table.csv"
    >>> _ = path.write_text("objid,ra\n1e5,10.0\n")
    >>> load_verbatim(path).verbatim["objid"].tolist()
    ['1e5']
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"Expected a table at {path}, but there is no such file.")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    try:
        table = _load(path, head)
    except ArgumentError:
        raise
    except Exception as error:
        raise ArgumentError(
            f"The table {path} cannot be read: {type(error).__name__}: {error}. "
            "It must be CSV, ECSV, FITS, VOTable or Parquet."
        ) from error
    if table.values.empty:
        raise ArgumentError(f"The table {path} has no rows. It must have one row an image.")
    for frame in table:
        frame.columns = [str(name) for name in frame.columns]
    return table


def _load(path: Path, head: bytes) -> LoadedTable:
    frame = _load_binary(path, head)
    if frame is not None:
        return LoadedTable(frame, frame)
    text = _load_csv(path, head)
    return LoadedTable(text.apply(_typed), text)


def _load_binary(path: Path, head: bytes) -> pd.DataFrame | None:
    """Return a table that has types of its own, or None if it is CSV."""
    start = head.lstrip()
    with warnings.catch_warnings():
        # Odd units and several tables in one file do not change the values that are read.
        warnings.simplefilter("ignore")
        if head.startswith(b"PAR1"):
            return _load_parquet(path)
        if head.startswith(b"SIMPLE  =") or ".fit" in path.name.lower():
            return _from_astropy(_load_fits(path))
        if start.startswith(b"<?xml") or b"<VOTABLE" in head:
            return _from_astropy(parse_single_table(path).to_table(use_names_over_ids=True))
        if start.startswith(b"# %ECSV"):
            return _from_astropy(Table.read(path, format="ascii.ecsv"))
    return None


def _load_parquet(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path, dtype_backend="numpy_nullable").reset_index(drop=True)


def _load_fits(path: Path) -> Table:
    with fits.open(path, memmap=False) as hdus:
        tables = [
            i for i, hdu in enumerate(hdus) if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)
        ]
        if not tables:
            raise ArgumentError(f"The FITS file {path} has no table, only images.")
        return Table.read(hdus, format="fits", hdu=tables[0])


def _from_astropy(table: Table) -> pd.DataFrame:
    frame = pd.DataFrame(index=pd.RangeIndex(len(table)))
    return frame.assign(**{name: _column(table[name]) for name in table.colnames})


def _column(column: Any) -> Any:
    values = np.ma.asarray(column if isinstance(column, np.ndarray) else column.value)
    mask = np.ma.getmaskarray(values)
    data = np.ma.getdata(values)
    if data.ndim > 1:
        return pd.Series([row.tolist() for row in data])
    if data.dtype.kind == "S":
        data = np.array([item.decode("utf-8", "backslashreplace") for item in data], dtype=object)
    data = data.astype(data.dtype.newbyteorder("="), copy=False)
    if data.dtype.kind in "iub":
        if not mask.any():
            return data
        name = "boolean" if data.dtype.kind == "b" else _NULLABLE[data.dtype.name]
        return pd.Series(data).astype(pd.api.types.pandas_dtype(name)).mask(mask)
    if data.dtype.kind == "f":
        return np.where(mask, np.nan, data)
    items = zip(data.tolist(), mask, strict=True)
    return pd.Series([None if masked else _plain(item) for item, masked in items])


def _plain(value: Any) -> Any:
    """Return text, or a list for an array of variable length."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value.tolist() if isinstance(value, np.ndarray) else str(value)


def _load_csv(path: Path, head: bytes) -> pd.DataFrame:
    """Return the text of every cell."""
    content = gzip.decompress(path.read_bytes()) if head.startswith(b"\x1f\x8b") else None
    raw = path.read_bytes() if content is None else content
    text = _decode(path, raw)
    first, _, rest = text.partition("\n")
    if first.startswith("#") and not any(mark in first for mark in _DELIMITERS):
        text, first = rest, rest.partition("\n")[0]  # the "#Table1" of SDSS queries
    if not first.strip():
        raise ArgumentError(f"The table {path} is empty. Its first line must name the columns.")
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # more values than columns
        return pd.read_csv(
            io.StringIO(text),
            sep=_delimiter(first),
            dtype=str,
            keep_default_na=False,
            index_col=False,
        )


def _decode(path: Path, raw: bytes) -> str:
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ArgumentError(
            f"The table {path} is not text in UTF-8 (line {line}). Save it as CSV in UTF-8, "
            "or give ECSV, FITS, VOTable or Parquet."
        ) from error


def _delimiter(first_line: str) -> str:
    counts = {mark: len(next(csv.reader([first_line], delimiter=mark))) for mark in _DELIMITERS}
    return max(counts, key=lambda mark: counts[mark])  # the comma wins a tie


def _typed(column: pd.Series) -> pd.Series:
    """Turn a column of text into numbers where every value is one."""
    missing = column.str.strip().str.lower().isin(MISSING_WORDS)
    present = column[~missing].str.strip()
    if present.empty:
        return column.where(column != "")
    if present.str.fullmatch(_INTEGER).all():
        return _integers(column, present)
    if present.str.lower().isin(["true", "false"]).all():
        return _filled(column, present.str.lower() == "true", "boolean")
    if not present.str.contains(_NOT_A_NUMBER).any() and not present.str.match(_PADDED).any():
        try:
            numbers = np.array([float(text) for text in present])
        except ValueError:
            return column.where(column != "")
        return _filled(column, pd.Series(numbers, index=present.index), "float64")
    return column.where(column != "")


def _integers(column: pd.Series, present: pd.Series) -> pd.Series:
    for dtype in ("int64", "uint64"):
        try:
            numbers = pd.Series([int(text) for text in present], index=present.index, dtype=dtype)
        except OverflowError:
            continue
        if len(present) == len(column):
            return numbers
        return _filled(column, numbers, _NULLABLE[dtype])
    return column.where(column != "")


def _filled(column: pd.Series, values: pd.Series, dtype: str) -> pd.Series:
    result = pd.Series(pd.NA if dtype != "float64" else np.nan, index=column.index, dtype=dtype)
    result[values.index] = values
    return result
