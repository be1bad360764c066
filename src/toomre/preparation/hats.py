"""Read HATS catalogues: folders of Parquet files, one a HEALPix pixel, as Rubin and Euclid have.

The layout is that of the IVOA note on HATS (Caplar et al. 2025): ``hats.properties``, or
``properties`` of its first releases, and ``dataset/Norder=k/Dir=d/Npix=p.parquet``, or a folder of
that name; a collection names its main catalogue in ``collection.properties``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from toomre.errors import ArgumentError, CorruptFileError

__all__ = ["ALONG_SKY", "hats_columns", "hats_files", "is_hats", "load_hats"]

#: The attribute of a table whose rows are sorted by position, so that their order says nothing.
ALONG_SKY = "along_sky"

_NAMES = ("hats.properties", "properties")
_COLLECTION = "collection.properties"
_PIXEL = re.compile(r"Norder=(\d+)/(?:Dir=\d+/)?Npix=(\d+)")
_DEEPEST = 29
_KINDS = ("object", "source")
_FOLDERS = frozenset({"Norder", "Dir", "Npix"})


def is_hats(path: Path) -> bool:
    """Return whether a path is the folder of a HATS catalogue.

    Examples
    --------
    >>> is_hats(Path("nowhere"))
    False
    """
    return any((path / name).is_file() for name in (*_NAMES, _COLLECTION))


def load_hats(path: Path, wanted: Callable[[str], bool] | None = None) -> pd.DataFrame:
    """Read a HATS catalogue, in the order of its pixels on the sky and of the rows in each.

    Parameters
    ----------
    path
        Its folder.
    wanted
        Says by its name whether a column is to be read; None reads all. The others cost neither
        time nor memory.

    Returns
    -------
    pandas.DataFrame
        As `toomre.preparation.tables.load_table`.

    Raises
    ------
    ArgumentError
        If it is an index, a margin or a map, or has no files.
    CorruptFileError
        If a file cannot be read, or rows are missing.
    """
    files = hats_files(path)
    try:
        schema = pq.read_schema(files[0])
        names = _columns_of(schema)
        names = names if wanted is None else [name for name in names if wanted(name)]
        table = ds.dataset([str(file) for file in files], schema=schema).to_table(columns=names)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise CorruptFileError(f"The HATS catalogue {path} cannot be read: {error}.") from error
    told = _properties(_main(path)).get("hats_nrows", "")
    if told.isdecimal() and int(told) != len(table):
        raise CorruptFileError(
            f"The HATS catalogue {path} says that it has {told} rows, but its files have "
            f"{len(table)}. Fetch it again."
        )
    frame: pd.DataFrame = table.to_pandas(types_mapper=_types().get, ignore_metadata=True)
    return frame


def hats_columns(path: Path) -> list[str]:
    """Return the names of the columns of a HATS catalogue, without reading a row.

    Raises
    ------
    ArgumentError
        As `hats_files`.
    """
    return _columns_of(pq.read_schema(hats_files(path)[0]))


def _columns_of(schema: pa.Schema) -> list[str]:
    return [name for name in schema.names if name not in _FOLDERS]


def hats_files(path: Path) -> list[Path]:
    """Return the Parquet files of a HATS catalogue, sorted along the sky.

    Raises
    ------
    ArgumentError
        If it is not a table of objects or sources, or has no files.
    """
    folder = _main(path)
    kind = _properties(folder).get("dataproduct_type", "object")
    if kind not in _KINDS:
        allowed = f"a HATS catalogue of kind {' or '.join(_KINDS)}"
        raise ArgumentError.expected("catalog", allowed, f"{path} of kind {kind}")
    found = []
    root = folder / "dataset"
    for file in (root if root.is_dir() else folder).rglob("*.parquet"):
        place = _PIXEL.search(file.relative_to(folder).as_posix())
        if place is not None:
            order, pixel = int(place[1]), int(place[2])
            found.append((pixel << 2 * (_DEEPEST - min(order, _DEEPEST)), order, str(file)))
    if not found:
        raise ArgumentError(f"The HATS catalogue {path} has no files dataset/Norder=*/*/Npix=*.")
    return [Path(file) for _, _, file in sorted(found)]


def _main(path: Path) -> Path:
    """Return the folder of the catalogue itself: of a collection the main one."""
    collection = path / _COLLECTION
    if not collection.is_file():
        return path
    name = _read(collection).get("hats_primary_table_url", "")
    if name in {"", ".", ".."} or Path(name).name != name:
        allowed = "the name of a folder beside it"
        raise ArgumentError.expected(f"hats_primary_table_url in {collection}", allowed, name)
    return path / name


def _properties(folder: Path) -> dict[str, str]:
    found = [folder / name for name in _NAMES if (folder / name).is_file()]
    return _read(found[0]) if found else {}


def _read(path: Path) -> dict[str, str]:
    """Return the entries of a file of Java properties, which in HATS are plain words."""
    pairs = (
        line.partition("=")
        for line in path.read_text("utf-8", "replace").splitlines()
        if not line.lstrip().startswith(("#", "!"))
    )
    return {key.strip(): value.strip().replace("\\", "") for key, mark, value in pairs if mark}


def _types() -> dict[pa.DataType, pd.api.extensions.ExtensionDtype]:
    """Return the types that keep integers exact where values are missing."""
    return {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
