"""Galaxy Zoo 2's vote fractions: from its own tables, or as Kaggle's challenge gives them.

The labels of the challenge are cumulative: the answers of a question sum to the fraction of the
answer after which it is asked.
"""

from __future__ import annotations

import csv
import gzip
import warnings
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError, MissingFileError
from toomre.preparation.tables import LoadedTable
from toomre.surveys.vote_tree import ANSWERS, GZ2_COLUMNS, QUESTIONS, parents

__all__ = [
    "MAPPING",
    "check_votes",
    "cumulative_votes",
    "has_votes",
    "load_gz2",
    "refuse_some_votes",
]

#: The table of Galaxy Zoo 2's file names, which is looked for beside its table of votes.
MAPPING = "gz2_filename_mapping.csv"

_WEIGHTED = [f"{name}_weighted_fraction" for name in GZ2_COLUMNS]
# A line longer than this names no columns [byte].
_LONGEST = 1 << 16
# Rows that are in memory with all their columns.
_ROWS = 10_000
_OBJECTS = ("dr7objid", "objid")
# Kaggle's labels are rounded.
_ROUNDING = 1e-3
# Missing columns that are named.
_NAMED = 10


def cumulative_votes(fractions: ArrayLike) -> NDArray[np.float64]:
    """Return the challenge's labels from the fractions of each question by itself.

    The answers of each question are divided by their sum, and multiplied by the label of the
    answer after which the question is asked. A question that nobody answered has zeros.

    Parameters
    ----------
    fractions
        Weighted fractions of each answer, (galaxy, 37).

    References
    ----------
    Willett et al. (2013), section 3; the rule of the challenge is on its page.

    Examples
    --------
    >>> votes = cumulative_votes(np.full((1, 37), 0.5))
    >>> [round(float(votes[0, ANSWERS.index(name)]), 3) for name in ("Class1.2", "Class2.2")]
    [0.333, 0.167]
    """
    given = np.asarray(fractions, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] != len(ANSWERS):
        raise ArgumentError.expected("fractions", "of shape (galaxy, 37)", given.shape)
    votes = np.empty_like(given)
    above, start = parents(), 0
    for question in QUESTIONS:
        columns = slice(start, start + len(question.answers))
        total = given[:, columns].sum(axis=1, keepdims=True)
        shares = np.divide(
            given[:, columns], total, out=np.zeros_like(given[:, columns]), where=total != 0
        )
        parent = above[start]
        votes[:, columns] = shares if parent is None else shares * votes[:, parent, np.newaxis]
        start = columns.stop
    return votes


def has_votes(table: pd.DataFrame) -> bool:
    """Return whether a table has the 37 columns of the challenge.

    Examples
    --------
    >>> has_votes(pd.DataFrame({"Class1.1": [0.5]}))
    False
    """
    return set(ANSWERS) <= set(table.columns)


def refuse_some_votes(names: Collection[str], path: Path | str) -> None:
    """Refuse a table that has some of the 37 columns of votes, but not all.

    Parameters
    ----------
    names
        The names of its columns: the challenge's, or the weighted fractions of Galaxy Zoo 2's
        own tables.
    path
        The table, for the message.

    Raises
    ------
    ArgumentError
        With the columns that are missing.

    Examples
    --------
    >>> refuse_some_votes(["GalaxyID", *ANSWERS[1:]], "votes.csv")
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `the columns of votes of votes.csv` to be all 37 or
    none, but got '36 without Class1.1'. Get the whole table; where the votes are not to be
    learnt, take these columns out or give them other names.
    """
    for wanted in (ANSWERS, _WEIGHTED):
        missing = [name for name in wanted if name not in names]
        if not missing or len(missing) == len(wanted):
            continue
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise ArgumentError.expected(
            f"the columns of votes of {path}",
            f"all {len(wanted)} or none",
            f"{len(wanted) - len(missing)} without {', '.join(missing[:_NAMED])}{more}",
            "Get the whole table; where the votes are not to be learnt, take these columns out or "
            "give them other names.",
        )


def check_votes(table: pd.DataFrame, path: Path | str) -> pd.DataFrame:
    """Return a table whose 37 columns, if it has them, are numbers; NaN where one is missing.

    Raises
    ------
    ArgumentError
        If a value is not from 0 to 1.
    """
    if not has_votes(table):
        return table
    votes = table[list(ANSWERS)].apply(pd.to_numeric, errors="coerce").astype("float64")
    outside = (votes < -_ROUNDING) | (votes > 1 + _ROUNDING)
    if outside.to_numpy().any():
        name = str(outside.any().idxmax())
        value = float(votes.loc[outside[name], name].iloc[0])
        raise ArgumentError.expected(
            f"the column {name} of {path}", "vote fractions from 0 to 1", value
        )
    return table.assign(**{name: votes[name].clip(0, 1) for name in ANSWERS})


def load_gz2(path: Path) -> LoadedTable | None:
    """Read a table of Galaxy Zoo 2 (Hart et al. 2016) with its votes as the challenge's labels.

    A few thousand rows are in memory at a time with all their 230 columns. Where the table does
    not say the names of the images, they are taken from `MAPPING` beside it: its rows of the
    sample "original", joined by the 64-bit object ids.

    Returns
    -------
    LoadedTable or None
        The 37 columns and what is no vote, ids as text; None if the file is another table.

    Raises
    ------
    MissingFileError
        If the table of file names is not there.
    ArgumentError
        If an object id has lost digits, or none is in both tables.
    """
    names = _header(path)
    if not set(_WEIGHTED) <= set(names):
        return None
    plain = [name for name in names if not name.startswith(tuple(GZ2_COLUMNS))]
    ids = {name: str for name in plain if name in (*_OBJECTS, "asset_id")}
    parts = []
    reader = pd.read_csv(path, usecols=[*plain, *_WEIGHTED], dtype=ids, chunksize=_ROWS)
    for part in reader:
        votes = cumulative_votes(part[_WEIGHTED].to_numpy(np.float64))
        parts.append(part[plain].assign(**dict(zip(ANSWERS, votes.T, strict=True))))
    table = pd.concat(parts, ignore_index=True)
    if "asset_id" not in plain:
        table = _named(table, path)
    return LoadedTable(table, table)


def _header(path: Path) -> list[str]:
    """Return the names in the first line of a CSV table; nothing of another file."""
    with path.open("rb") as file:
        line = file.readline(_LONGEST)
    try:
        if line.startswith(b"\x1f\x8b"):
            with gzip.open(path) as unzipped:
                line = unzipped.readline(_LONGEST)
        text = line.decode("utf-8-sig").strip("\r\n")
    except (UnicodeDecodeError, OSError, EOFError):
        return []
    return [] if "\0" in text else next(csv.reader([text]), [])


def _named(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Add the names of the images; rows without an image are left out."""
    mapping = path.with_name(MAPPING)
    if not mapping.is_file():
        raise MissingFileError(
            f"{path} does not say which image shows which galaxy, and there is no {MAPPING} beside "
            "it. Get it from the place of the images (Zenodo 3565489)."
        )
    files = pd.read_csv(mapping, dtype=str)
    files = files[files["sample"] == "original"].drop(columns="sample")
    key = next(name for name in _OBJECTS if name in table)
    joined = (
        table.assign(_key=_exact(table[key], path))
        .merge(files.assign(_key=_exact(files["objid"], mapping))[["_key", "asset_id"]], on="_key")
        .drop(columns="_key")
    )
    if joined.empty:
        raise ArgumentError(f"No {key} of {path} is an objid of {mapping}. Get both files again.")
    if len(joined) < len(table):
        warnings.warn(
            f"{len(table) - len(joined)} of the {len(table)} galaxies of {path} have no image in "
            f"{mapping} and are left out.",
            UserWarning,
            stacklevel=4,
        )
    return joined


def _exact(ids: pd.Series, path: Path) -> pd.Series:
    """Return object ids as 64-bit integers."""
    wrong = ids[~ids.fillna("").str.fullmatch(r"\d{1,19}")]
    if len(wrong):
        raise ArgumentError.expected(
            f"the object ids of {path}",
            "whole numbers with all their digits",
            wrong.iloc[0],
            "A program that read them as floating point has rounded them; get the file again.",
        )
    return ids.astype("int64")
