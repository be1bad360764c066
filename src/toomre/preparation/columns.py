"""Which column of a table holds what: guessed by the usual names, or as the user says."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields

import pandas as pd

from toomre.errors import ArgumentError

__all__ = ["Columns", "find_columns", "only_columns"]

_OBJECTS = ("objid", "dr7objid", "dr8objid", "objectid", "object_id", "bestobjid", "specobjid")
_FILES = ("file", "filename", "file_name", "filepath", "path", "image_file", "image")
_GALAXIES = ("galaxy_id", "galaxyid", "group", "group_id", "halo_id", "haloid", "subhalo_id")
_IMAGES = ("image_id", "imageid", "id", "cid", "asset_id")
_GUESSES = {
    "image_id": _IMAGES + _OBJECTS + _FILES + _GALAXIES,
    "file": _FILES,
    "galaxy_id": (*_GALAXIES, "subhaloid", "subid", *_OBJECTS),
    "label": ("label", "is_merger", "merger", "class", "target"),
    "ra": ("ra", "raj2000", "ra_deg", "ra_j2000", "_raj2000"),
    "dec": ("dec", "dej2000", "dec_deg", "decj2000", "dec_j2000", "_dej2000"),
    "redshift": ("redshift", "z", "specz", "zspec", "z_spec"),
}
#: Several images may share these, so they name the image only where each value occurs once.
_MAY_REPEAT = frozenset(_OBJECTS + _FILES + _GALAXIES)


@dataclass(frozen=True)
class Columns:
    """Which column of a table holds what.

    None guesses a column by the usual names, in any case; ``""`` says that the table has none,
    even if a column's name looks like it.

    Attributes
    ----------
    image_id
        The name of the image, unique in the table.
    file
        The file below the input folder.
    galaxy_id
        The galaxy; images of one galaxy never end up in different parts of a split.
    label
        1 / true / merger, or 0 / false / nonmerger (also non-merger, non_merger, non merger).
    ra, dec
        Right ascension and declination: degrees, or sexagesimal text (hours and degrees).
    redshift
        The redshift.
    """

    image_id: str | None = None
    file: str | None = None
    galaxy_id: str | None = None
    label: str | None = None
    ra: str | None = None
    dec: str | None = None
    redshift: str | None = None


def only_columns(columns: Columns, others: Collection[str]) -> Callable[[str], bool]:
    """Return what tells of a column's name whether `find_columns` may choose it.

    Parameters
    ----------
    columns
        Those that are named, in any case.
    others
        Names of columns that are wanted too.

    Examples
    --------
    >>> wanted = only_columns(Columns(redshift="", ra="lon"), ["size"])
    >>> [name for name in ("ID", "ra", "lon", "z", "size", "g_flux") if wanted(name)]
    ['ID', 'lon', 'size']
    """
    names = {name.strip().lower() for name in others}
    for field in fields(columns):
        given = getattr(columns, field.name)
        names.update(_GUESSES[field.name] if given is None else [given.strip().lower()])
    return lambda name: name.strip().lower() in names


def find_columns(frame: pd.DataFrame, columns: Columns) -> dict[str, str | None]:
    """Return the name of the table's column for each field of `Columns`, or None.

    Raises
    ------
    ArgumentError
        If a column that was named is not there, or none names the images.

    Examples
    --------
    >>> table = pd.DataFrame({"cid": ["a"], "RA": [10.0], "Dec": [20.0], "Z": [0.1]})
    >>> found = find_columns(table, Columns(redshift=""))
    >>> found["image_id"], found["ra"], found["redshift"]
    ('cid', 'RA', None)
    """
    lower = {name.strip().lower(): name for name in reversed(list(frame.columns))}
    sources: dict[str, str | None] = {}
    for field in fields(columns):
        given = getattr(columns, field.name)
        if given is None:
            sources[field.name] = _guess(frame, lower, field.name)
        elif given == "":
            sources[field.name] = None
        elif given in frame.columns:
            sources[field.name] = given
        elif given.strip().lower() in lower:
            sources[field.name] = lower[given.strip().lower()]
        else:
            names = ", ".join(frame.columns)
            raise ArgumentError.expected(field.name, f"a column of the table ({names})", given)
    if sources["image_id"] is None:
        sources["image_id"] = sources["file"]
    if sources["image_id"] is None:
        raise ArgumentError(
            "The table has no column that names the images. "
            f"Its columns are {', '.join(frame.columns)}. Name one (--id-column)."
        )
    return sources


def _guess(frame: pd.DataFrame, lower: dict[str, str], role: str) -> str | None:
    found = [lower[name] for name in _GUESSES[role] if name in lower]
    if role == "image_id":
        unique = [
            name
            for name in found
            if name.strip().lower() not in _MAY_REPEAT or frame[name].astype(str).is_unique
        ]
        found = unique or found
    return found[0] if found else None
