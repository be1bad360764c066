"""Write the catalogue as FITS, VOTable or ECSV, with its provenance inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import Info
from astropy.table import MaskedColumn, Table

from toomre.inference.catalog_text import TEXT_COLUMNS, escape

__all__ = ["write_astropy"]

_UNITS = {"ra": "deg", "dec": "deg"}
#: FITS cards: the entry of the provenance that each repeats for people.
_CARDS = {
    "TOOMREV": "toomre",
    "MODELID": "model_id",
    "MODELSHA": "weights_sha256",
    "INPUT": "input",
}


def write_astropy(path: Path, rows: pa.Table, provenance: Mapping[str, Any]) -> None:
    """Write rows in the format that the path's ending says.

    The provenance is the FITS card ``TOOMRE`` (JSON, continued over several cards) with the
    main entries in cards of their own, the VOTable's ``INFO`` elements, or ECSV's ``meta``.
    A missing `is_merger` is null in VOTable and ECSV. In FITS it is false, for the null of
    FITS' logical columns is not kept by its readers.
    """
    table = _table(rows, ascii_only=path.suffix == ".fits")
    if path.suffix == ".fits":
        _write_fits(path, table, provenance)
    elif path.suffix == ".vot":
        _write_votable(path, table, provenance)
    else:
        table.meta["toomre"] = json.loads(json.dumps(provenance))
        table.write(path, format="ascii.ecsv")


def _table(rows: pa.Table, *, ascii_only: bool) -> Table:
    table = Table()
    for name in rows.column_names:
        column = rows[name]
        if name in TEXT_COLUMNS:
            texts = [escape(text, ascii_only=ascii_only) for text in column.to_pylist()]
            # One byte a character where that is all FITS has, instead of four.
            table[name] = np.array(texts, dtype="S" if ascii_only else "U")
        elif name == "is_merger":
            table[name] = MaskedColumn(
                column.fill_null(False).to_numpy(), mask=column.is_null().to_numpy()
            )
        else:
            table[name] = column.to_numpy()
            table[name].unit = _UNITS.get(name)
    return table


def _write_fits(path: Path, table: Table, provenance: Mapping[str, Any]) -> None:
    table["is_merger"] = np.asarray(table["is_merger"].filled(False))
    hdu = fits.table_to_hdu(table)
    for card, entry in _CARDS.items():
        hdu.header[card] = _ascii(str(provenance.get(entry, "")))
    hdu.header["TOOMRE"] = json.dumps(provenance)
    hdu.header.add_comment("is_merger is F where p_merger is NaN: no score, see status.")
    hdu.header.add_comment("TOOMRE holds the full provenance as JSON.")
    hdu.add_checksum(when="written by toomre")  # not the time, with which the bytes would change
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)


def _write_votable(path: Path, table: Table, provenance: Mapping[str, Any]) -> None:
    votable = from_table(table)
    resource = votable.resources[0]
    for entry in _CARDS.values():
        text = escape(str(provenance.get(entry, "")))
        resource.infos.append(Info(name=entry, value=text))
    resource.infos.append(Info(name="provenance", value=json.dumps(provenance)))
    votable.to_xml(str(path))


def _ascii(text: str) -> str:
    return escape(text, ascii_only=True)
