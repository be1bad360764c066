"""Read a merger catalogue back, exactly as it was written, and where it comes from."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.inference.catalog import FORMATS, SCHEMA, VOTE_SCHEMA, with_extra
from toomre.inference.catalog_hats import HATS, read_hats, read_hats_provenance
from toomre.inference.catalog_regions import REGIONS
from toomre.inference.catalog_text import TEXT_COLUMNS, unescape
from toomre.inference.manifest import (
    MANIFEST,
    RUN_FACTS,
    check_manifest,
    read_manifest,
    sidecar_of,
    work_folder,
)
from toomre.spreadsheet import unguard
from toomre.storage import read_json
from toomre.surveys.vote_tree import ANSWERS, MERGER

__all__ = ["read_catalog", "read_provenance"]


def read_catalog(path: Path | str) -> pd.DataFrame:
    """Read a catalogue of any of the six formats into the same data frame.

    Parameters
    ----------
    path
        What `toomre.classify` wrote.

    Returns
    -------
    pandas.DataFrame
        All columns in order, those of `SCHEMA` or of `VOTE_SCHEMA`, and of `EXTRA` those that it
        has; `is_merger` is ``boolean``, missing where there is no score.

    Raises
    ------
    ArgumentError
        If it has another ending, such as that of DS9 regions, which are not all of it.
    MissingFileError
        If it is not there, or the run that makes it has not finished.
    CorruptFileError
        If it is no such catalogue, or its manifest says another SHA-256.
    """
    path = _known(path)
    check_manifest(path)
    try:
        whole = _read(path)
        frame: pd.DataFrame = whole[_schema(whole).names]
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise CorruptFileError(f"{path} is no catalogue of toomre: {error}.") from error
    score = "p_merger" if "p_merger" in frame else ANSWERS[MERGER]
    frame["is_merger"] = frame["is_merger"].astype("boolean").mask(frame[score].isna())
    texts = frame.columns.intersection(list(TEXT_COLUMNS))
    return frame.astype({"flags": "int64", **dict.fromkeys(texts, "str")})


def read_provenance(path: Path | str) -> dict[str, Any]:
    """Return where a catalogue comes from: versions, model, input, options and counts.

    With its manifest beside it, also when, where and by which command it was made.

    Raises
    ------
    MissingFileError
        If the catalogue, or the file beside a CSV that holds it, is not there.
    CorruptFileError
        If the catalogue says nothing.
    """
    path = _known(path)
    if path.suffix == ".csv":
        found = dict(read_json(sidecar_of(path)))
        found.pop(MANIFEST, None)
        return found
    beside = read_manifest(path) or {}
    try:
        inside = _provenance(path)
    except (KeyError, ValueError, OSError, TypeError, StopIteration) as error:
        raise CorruptFileError(f"{path} does not say where it comes from.") from error
    return {**{key: beside[key] for key in RUN_FACTS if key in beside}, **inside}


def _known(path: Path | str) -> Path:
    path = Path(path)
    if path.suffix not in (*FORMATS, HATS):
        allowed = f"a file that ends in {', '.join((*FORMATS, HATS))}"
        hint = "DS9 regions are for looking; classify again with another ending (--out)."
        raise ArgumentError.expected(
            "path", allowed, path.name, hint if path.suffix == REGIONS else ""
        )
    if not (path.is_dir() if path.suffix == HATS else path.is_file()):
        if work_folder(path).is_dir():
            raise MissingFileError(
                f"There is no catalogue at {path} yet: the run that makes it has not finished. Run "
                "`toomre classify` again as before; it goes on with what is done."
            )
        raise MissingFileError(f"There is no catalogue at {path}.")
    return path


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
        return frame
    if path.suffix == ".csv":
        return _from_csv(path)
    return read_hats(path) if path.suffix == HATS else _from_astropy(path)


def _schema(frame: pd.DataFrame) -> pa.Schema:
    return with_extra(VOTE_SCHEMA if ANSWERS[MERGER] in frame else SCHEMA, frame.columns)


def _from_csv(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    for name in _schema(frame).names:
        if name in TEXT_COLUMNS:
            frame[name] = frame[name].map(unguard)
        elif name == "is_merger":
            frame[name] = frame[name] == "True"
        elif name == "flags":
            frame[name] = frame[name].astype("int64")
        else:
            # Python's own conversion is exact in every release of pandas.
            frame[name] = np.array([float(cell or "nan") for cell in frame[name]], np.float64)
    return frame


def _from_astropy(path: Path) -> pd.DataFrame:
    from astropy.table import Table

    kinds = {".fits": "fits", ".vot": "votable", ".ecsv": "ascii.ecsv"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = Table.read(path, format=kinds[path.suffix])
    frame: dict[str, Any] = {}
    for name in with_extra(SCHEMA, table.colnames).names:
        values = np.ma.asarray(table[name])
        if name in TEXT_COLUMNS:
            frame[name] = [unescape(_text(value)) for value in values.filled("").tolist()]
        elif values.dtype.kind == "f":
            frame[name] = values.filled(np.nan).astype(np.float64)
        else:
            frame[name] = values.filled(0).astype(values.dtype.newbyteorder("="))
    return pd.DataFrame(frame)


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


def _provenance(path: Path) -> dict[str, Any]:
    if path.suffix == HATS:
        return read_hats_provenance(path)
    if path.suffix == ".parquet":
        return dict(json.loads(pq.read_metadata(path).metadata[b"toomre"]))
    if path.suffix == ".fits":
        from astropy.io import fits

        return dict(json.loads(fits.getheader(path, 1)["TOOMRE"]))
    if path.suffix == ".vot":
        from astropy.io.votable import parse

        infos = parse(path).resources[0].infos
        return dict(json.loads(next(info.value for info in infos if info.name == "provenance")))
    from astropy.table import Table

    return dict(Table.read(path, format="ascii.ecsv").meta["toomre"])
