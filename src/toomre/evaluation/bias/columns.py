"""Which columns of a catalogue performance is looked at against, and how they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError

__all__ = ["COLUMNS", "Column", "choose_columns", "merger_state"]

# A column of at most so many different whole numbers is a category.
_CATEGORIES = 6


@dataclass(frozen=True)
class Column:
    """A column, its name on an axis with the unit, and how its values are to be read."""

    name: str
    title: str
    kind: Literal["number", "category"] = "number"
    log: bool = False


#: What the simulator, the published data and the morphology write, and common names.
COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column("state", "merger state", "category"),
        Column("kind", "kind", "category"),
        Column("stage", "stage", "category"),
        Column("time_to_merger", "time to merger [Gyr]"),
        Column("mass_ratio", "mass ratio"),
        Column("separation", "separation of the nuclei [kpc]"),
        Column("log_mass", "log$_{10}$ stellar mass [M$_\\odot$]"),
        Column("star_formation_rate", "star-formation rate [M$_\\odot$/yr]", log=True),
        Column("r_mag", "brightness in r [mag]"),
        Column("magnitude", "brightness [mag]"),
        Column("radius", "half-light radius [pixel]"),
        Column("size", "size [pixel]"),
        Column("redshift", "redshift"),
        Column("concentration", "concentration"),
        Column("asymmetry", "asymmetry"),
        Column("gini", "Gini coefficient"),
        Column("m20", "M$_{20}$"),
        Column("camera", "camera", "category"),
    )
}


def merger_state(catalog: pd.DataFrame) -> pd.Series[str]:
    """Return of each image whether it shows a nonmerger, or a past or future merger.

    The past is a merger that is over. It is told from `past` or `past_merger` (true or 1), else
    from `time_to_merger` (0 or less); without any of them, or where it is not known, a merger is
    just a ``"merger"``.

    Examples
    --------
    >>> table = pd.DataFrame({"label": [0, 1, 1], "past": [False, True, False]})
    >>> merger_state(table).tolist()
    ['nonmerger', 'past merger', 'future merger']
    """
    past = np.full(len(catalog), np.nan)
    for name in ("past", "past_merger"):
        if name in catalog:
            said = catalog[name].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
            past = np.where(np.isnan(past), said, past)
    if "time_to_merger" in catalog:
        left = catalog["time_to_merger"].to_numpy(dtype=np.float64, na_value=np.nan)
        past = np.where(np.isnan(past) & ~np.isnan(left), left <= 0, past)
    merger = catalog["label"].to_numpy(dtype=np.float64, na_value=np.nan) == 1
    names = ["nonmerger", "past merger", "future merger"]
    state = np.select([~merger, past == 1, past == 0], names, "merger")
    return pd.Series(state, catalog.index, dtype=str)


def choose_columns(table: pd.DataFrame, wanted: Iterable[str] | None = None) -> list[Column]:
    """Return the columns that can tell something: known, and not the same for all images.

    Parameters
    ----------
    table
        A row an image.
    wanted
        Names; None: all of `COLUMNS` that are there.

    Raises
    ------
    ArgumentError
        If a wanted column is not there, or says nothing.

    Examples
    --------
    >>> table = pd.DataFrame({"redshift": [0.1, 0.2], "m20": [-2.0, -2.0]})
    >>> [column.name for column in choose_columns(table)]
    ['redshift']
    """
    if wanted is None:
        names = [name for name in COLUMNS if name in table]
        return [_column(table, name) for name in names if _varies(table[name])]
    names = list(wanted)
    for name in names:
        if name not in table:
            allowed = f"of the catalogue: {', '.join(map(str, table.columns))}"
            raise ArgumentError.expected("columns", allowed, name)
        if not _varies(table[name]):
            raise ArgumentError.expected("columns", "some that differ between images", name)
    return [_column(table, name) for name in names]


def _varies(values: pd.Series) -> bool:
    return values.nunique(dropna=True) > 1


def _column(table: pd.DataFrame, name: str) -> Column:
    """Return a known column as it is, and judge another one by its values."""
    values = table[name]
    number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    whole = pd.api.types.is_integer_dtype(values)
    few = not number or (whole and values.nunique() <= _CATEGORIES)
    known = COLUMNS.get(name, Column(name, name.replace("_", " "), "category" if few else "number"))
    return known if number else Column(known.name, known.title, "category")
