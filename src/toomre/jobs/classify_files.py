"""The file of one shard: whole or absent, and any damage to it is noticed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from toomre.errors import OutputError, ToomreError
from toomre.storage import atomic_path, sha256_bytes

__all__ = ["kept_at_full_disk", "read_shard", "shard_path", "shard_provenance", "write_shard"]

_MARK, _ORIGIN = b"toomre_shard", b"toomre"
_KEPT = "what is done is kept"


def shard_path(folder: Path, key: str) -> Path:
    """Return a shard's file.

    Examples
    --------
    >>> shard_path(Path("work"), "a" * 64).suffix
    '.parquet'
    """
    return folder / f"{key}.parquet"


def write_shard(path: Path, key: str, rows: pa.Table, provenance: str) -> None:
    """Write the rows of a shard atomically, with their hash and what they are.

    Parameters
    ----------
    path, key
        The file; the shard's key.
    rows
        Its rows.
    provenance
        Where they come from (JSON), as the whole catalogue will say it.
    """
    mark = {_MARK: json.dumps(_mark(key, rows)).encode()}
    marked = rows.replace_schema_metadata({**(rows.schema.metadata or {}), **mark})
    with (
        atomic_path(path) as temporary,
        pq.ParquetWriter(temporary, marked.schema, compression="zstd") as writer,
    ):
        writer.write_table(marked)
        writer.add_key_value_metadata({_ORIGIN: provenance})


def read_shard(path: Path, key: str, count: int) -> pa.Table | None:
    """Return the rows of a shard's file; None if it is not there, damaged or another's."""
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
        whole = json.loads(table.schema.metadata[_MARK]) == _mark(key, table)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
    return table.replace_schema_metadata(None) if whole and table.num_rows == count else None


def shard_provenance(path: Path) -> dict[str, Any]:
    """Return what a shard's file says of its origin; nothing if it is damaged or says nothing."""
    try:
        told = pq.read_metadata(path).metadata
        return dict(json.loads(told[_ORIGIN])) if _MARK in told else {}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return {}


def _mark(key: str, rows: pa.Table) -> dict[str, object]:
    """Return what tells a shard from others, and from one that is damaged."""
    content = repr(rows.to_pydict()).encode("utf-8", "surrogateescape")
    return {"key": key, "rows": rows.num_rows, "sha256": sha256_bytes(content)}


@contextmanager
def kept_at_full_disk(path: Path) -> Iterator[None]:
    """Say that something cannot be written, and that nothing is lost.

    Examples
    --------
    >>> with kept_at_full_disk(Path("mergers.csv")):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    toomre.errors.OutputError: mergers.csv cannot be written: No space left on device. Free some
    space and run again: what is done is kept.
    """
    try:
        yield
    except OutputError as error:
        cause = error.__cause__
        if _KEPT in str(error) or not isinstance(cause, OSError):
            raise
        # Of the catalogue itself nothing is kept, but the shards are.
        raise OutputError(_full(path, cause)) from error
    except ToomreError:
        raise
    except OSError as error:
        raise OutputError(_full(path, error)) from error


def _full(path: Path, error: OSError) -> str:
    why = error.strerror or error
    return f"{path} cannot be written: {why}. Free some space and run again: {_KEPT}."
