"""Read the user's table of galaxies: which column is what, checked and with exact ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from astropy import units
from astropy.coordinates import Angle
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.images.flags import Flag
from toomre.preparation.columns import Columns, find_columns, only_columns
from toomre.preparation.hats import ALONG_SKY, hats_columns, is_hats, load_hats
from toomre.preparation.tables import MISSING_WORDS, LoadedTable, load_verbatim
from toomre.preparation.vote_table import check_votes, load_gz2

__all__ = ["RESERVED", "Columns", "has_labels", "read_table", "refuse_duplicates"]

#: The names of a catalogue's own columns; another column of a table with one of these names
#: is kept as `<name>_table`.
RESERVED = (
    "image_id",
    "galaxy_id",
    "label",
    "ra",
    "dec",
    "redshift",
    "file",
    "status",
    "flags",
    "reason",
)

_LABELS = {"1": 1, "1.0": 1, "true": 1, "merger": 1}
_LABELS |= {"0": 0, "0.0": 0, "false": 0, "nonmerger": 0}
_EXACT = 2.0**53  # above this a double skips integers
_DIGITS = re.compile(r"[+-]?[0-9]+")


def read_table(
    path: Path | str,
    columns: Columns = Columns(),
    *,
    only: Collection[str] | None = None,
    positions: bool = False,
) -> pd.DataFrame:
    r"""Read a table of images and bring its columns to the catalogue's names.

    Parameters
    ----------
    path
        CSV, ECSV, FITS, VOTable or Parquet, or the folder of a HATS catalogue.
    columns
        Which column holds what; by default guessed.
    only
        Of HATS, which may have hundreds of columns, these are read beside the ones that have a
        meaning here; None: all of them.
    positions
        Refuse a table in which no column is found for `ra` or for `dec`.

    Returns
    -------
    pandas.DataFrame
        One row an image: `image_id` (text), `galaxy_id` (text; the image's own id where the
        table has none), `label` (Int8; missing = unlabelled), `ra`, `dec` [degree],
        `redshift`, `file` (if the table has it), `flags` (`Flag.COORDINATES` where a
        position is not on the sky), `reason` (why), then all columns of the table. A column
        that has one of these names already is replaced if it is the source, and else kept
        with `_table` behind its name. Ids and files of CSV are the text of the cell, also
        where it looks like a number (``1e5``, ``+5``, ``1.0``).

    Raises
    ------
    MissingFileError
        If there is no such file.
    ArgumentError
        If it cannot be read, a column is not there (those of the positions, where they are
        needed), an id occurs twice or has lost digits,
        or a label is neither merger nor nonmerger.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "table.csv"
    >>> _ = path.write_text("objid,class,ra,dec\n587732769978777642,merger,12:00:00,-0:30:00\n")
    >>> read_table(path).loc[0, ["image_id", "label", "dec"]].tolist()
    ['587732769978777642', np.int8(1), np.float64(-0.5)]
    """
    table = open_table(path, None if only is None else only_columns(columns, only))
    frame = table.values
    sources = find_columns(table.verbatim, columns)
    if positions:
        _check_positions(Path(path), frame, sources)
    image_id = _ids(table, sources["image_id"])
    refuse_duplicates("image id", image_id, f"in the table {path}")
    result = pd.DataFrame({"image_id": pd.Series(image_id, dtype="str")})
    own = _names(table, sources["galaxy_id"]) if sources["galaxy_id"] else [""] * len(frame)
    result["galaxy_id"] = pd.Series(
        [galaxy or image for galaxy, image in zip(own, image_id, strict=True)], dtype="str"
    )
    result["label"] = _labels(frame, sources["label"])
    result["ra"] = _angles(frame, sources["ra"], units.hourangle)
    result["dec"] = _angles(frame, sources["dec"], units.deg)
    result["redshift"] = _numbers(frame, sources["redshift"])
    if sources["file"]:
        result["file"] = pd.Series(_names(table, sources["file"]), dtype="str")
    has_sky = bool(sources["ra"]) and bool(sources["dec"])
    result["flags"], result["reason"] = _check_sky(result, has_sky)
    whole = check_votes(pd.concat([result, _others(frame, sources)], axis=1), path)
    if is_hats(Path(path)):
        whole.attrs[ALONG_SKY] = True
    return whole


def open_table(path: Path | str, wanted: Callable[[str], bool] | None = None) -> LoadedTable:
    """Read a table; the votes of Galaxy Zoo 2's own become the challenge's 37 labels."""
    path = Path(path)
    if is_hats(path):
        frame = load_hats(path, wanted)
        return LoadedTable(frame, frame)
    return (load_gz2(path) if path.is_file() else None) or load_verbatim(path)


def _check_positions(path: Path, frame: pd.DataFrame, sources: dict[str, str | None]) -> None:
    lacking = [name for name in ("ra", "dec") if not sources[name]]
    if lacking:
        names = hats_columns(path) if is_hats(path) else frame.columns
        options = " and ".join(f"--{name}-column" for name in lacking)
        raise ArgumentError(
            f"Expected the table {path} to have positions, but no column was found for "
            f"{' and '.join(lacking)}. Its columns are {', '.join(map(str, names))}. "
            f"Name what is in degrees or sexagesimal ({options})."
        )


def has_labels(table: pd.DataFrame) -> bool:
    """Return whether any row of a catalogue has a label.

    Examples
    --------
    >>> has_labels(pd.DataFrame({"label": [np.nan, 1]}))
    True
    """
    return bool(table["label"].notna().any())


def refuse_duplicates(what: str, values: Sequence[str], where: str) -> None:
    """Raise an error that lists the first 10 values that occur more than once.

    Examples
    --------
    >>> refuse_duplicates("image id", ["a", "b", "a"], "in the table")
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected every image id in the table to occur once, but 1 occur
    more often: 'a'. Remove the repeated rows, or name another column.
    """
    series = pd.Series(values, dtype="str")
    repeated = series[series.duplicated()].unique()
    if len(repeated):
        first = ", ".join(repr(value) for value in repeated[:10])
        more = ", ..." if len(repeated) > 10 else ""
        raise ArgumentError(
            f"Expected every {what} {where} to occur once, but {len(repeated)} occur more "
            f"often: {first}{more}. Remove the repeated rows, or name another column."
        )


def _ids(table: LoadedTable, source: str | None) -> list[str]:
    """Return a column of ids as text, that of CSV verbatim; a missing one is empty."""
    column, texts = table.values[source], table.verbatim[source]
    is_text = table.verbatim is not table.values
    if pd.api.types.is_float_dtype(column.dtype):
        numbers = column.to_numpy(dtype="float64", na_value=np.nan)
        rounded = np.isfinite(numbers) & (np.abs(numbers) > _EXACT)
        if is_text:  # digits alone are all there, however many
            rounded &= ~texts.str.strip().str.fullmatch(_DIGITS).to_numpy(dtype=bool)
        else:
            rounded |= np.isfinite(numbers) & (numbers != np.round(numbers))
        if rounded.any():
            raise ArgumentError(
                f"Expected the ids in column {source!r} to be whole numbers or text, but got "
                f"floating-point numbers such as {numbers[rounded][0]!r}, which cannot hold an id "
                "of more than 15 digits. Write the column as 64-bit integers or as text."
            )
        if not is_text:
            return [str(int(value)) if np.isfinite(value) else "" for value in numbers]
    if is_text and not pd.api.types.is_string_dtype(column.dtype):
        texts = texts.str.strip()  # spaces around a number do not belong to it
    return ["" if pd.isna(value) else str(value) for value in texts.tolist()]


def _names(table: LoadedTable, source: str) -> list[str]:
    """Return ids as `_ids` does, but empty where a column of numbers says NaN or null."""
    missing = table.values[source].isna()
    return ["" if no else name for name, no in zip(_ids(table, source), missing, strict=True)]


def _labels(frame: pd.DataFrame, source: str | None) -> pd.Series:
    if source is None:
        return pd.Series(pd.NA, index=frame.index, dtype="Int8")
    texts = frame[source].astype("object").map(lambda v: "" if pd.isna(v) else str(v).strip())
    words = texts.str.lower()
    missing = words.isin(MISSING_WORDS)
    labels = words.str.replace(re.compile("[-_ ]"), "", regex=True).map(_LABELS)
    # A minus sign is no separator: "-1" is no label.
    wrong = (labels.isna() | words.str.startswith("-")) & ~missing
    if wrong.any():
        counts = texts[~missing].value_counts()
        found = ", ".join(f"{value!r} ({count})" for value, count in counts.head(10).items())
        raise ArgumentError(
            f"Expected the labels in column {source!r} to be 1, true or merger, or 0, false or "
            f"nonmerger (nothing = unlabelled), but got {found}"
            f"{', ...' if len(counts) > 10 else ''}. Change them or name another column "
            "(--label-column); an empty name leaves the labels out."
        )
    return labels.mask(missing).astype("Int8")


def _numbers(frame: pd.DataFrame, source: str | None) -> pd.Series:
    if source is None:
        return pd.Series(np.nan, index=frame.index, dtype="float64")
    numbers = pd.to_numeric(frame[source], errors="coerce")
    return pd.Series(numbers.to_numpy(dtype="float64", na_value=np.nan), index=frame.index)


def _angles(frame: pd.DataFrame, source: str | None, unit: units.UnitBase) -> pd.Series:
    """Return degrees; text that is no number is read as sexagesimal in `unit`."""
    degrees = _numbers(frame, source)
    if source is None or not pd.api.types.is_string_dtype(frame[source].dtype):
        return degrees
    texts = frame[source].fillna("").str.strip()
    wanted = degrees.isna() & ~texts.str.lower().isin(MISSING_WORDS)
    degrees[wanted] = _sexagesimal(texts[wanted].tolist(), unit)
    return degrees


def _sexagesimal(texts: list[str], unit: units.UnitBase) -> NDArray[np.float64]:
    if not texts:
        return np.empty(0)
    try:
        return np.asarray(Angle(texts, unit).deg, dtype="float64")
    except Exception:  # one of them is no angle (astropy raises many kinds): look at each
        if len(texts) == 1:
            return np.array([np.nan])
        half = len(texts) // 2
        parts = [_sexagesimal(part, unit) for part in (texts[:half], texts[half:])]
        return np.concatenate(parts)


def _check_sky(table: pd.DataFrame, has_sky: bool) -> tuple[pd.Series, pd.Series]:
    """Return the flags and the reasons of rows whose position is not on the sky."""
    ra, dec = table["ra"], table["dec"]
    bad = ~(ra.between(0, 360) & dec.between(-90, 90)) & has_sky
    flags = pd.Series(np.where(bad, Flag.COORDINATES.value, 0), index=table.index, dtype="int64")
    swapped = bad & dec.between(0, 360) & ra.between(-90, 90)
    hints = np.where(swapped, "; are ra and dec swapped?", "")
    texts = [
        f"ra = {a} and dec = {d} is not on the sky{hint}" if wrong else ""
        for a, d, hint, wrong in zip(ra, dec, hints, bad, strict=True)
    ]
    return flags, pd.Series(texts, index=table.index, dtype="str")


def _others(frame: pd.DataFrame, sources: dict[str, str | None]) -> pd.DataFrame:
    """Return the table's own columns, but for those that the normalised ones replace."""
    replaced = {s for role, s in sources.items() if s and s.strip().lower() == role}
    kept = frame.drop(columns=list(replaced))
    names: list[str] = []
    for name in kept.columns:
        new = f"{name}_table" if name in RESERVED else name
        while new in names or (new != name and new in frame.columns):
            new = f"{new}_table"
        names.append(new)
    return kept.set_axis(names, axis=1)
