"""Find the image of each row of a table: only among what was listed, never by building a path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from toomre.errors import ArgumentError, MissingFileError
from toomre.preparation.catalog import refuse_duplicates
from toomre.preparation.hats import ALONG_SKY
from toomre.preparation.inputs import InputItem, stem_of

__all__ = ["Match", "match_files", "match_rows"]

_SHOWN = 100


@dataclass(frozen=True)
class Match:
    """The input of one row of a table; without paths and row if there is none.

    Attributes
    ----------
    item
        The input, under the table's image id.
    problem
        Why there is none; empty if there is one.
    """

    item: InputItem
    problem: str = ""


@dataclass
class _Names:
    """Which inputs have a name: the path below the folder, the file's name, or its stem."""

    paths: dict[str, list[int]] = field(default_factory=dict)
    names: dict[str, list[int]] = field(default_factory=dict)
    stems: dict[str, list[int]] = field(default_factory=dict)

    def add(self, index: int, path: str) -> None:
        name = path.rpartition("/")[2]
        _remember(self.paths, path, index)
        _remember(self.names, name, index)
        _remember(self.stems, stem_of(name), index)

    def find(self, wanted: str) -> list[int]:
        for table in (self.paths, self.names, self.stems):
            if wanted in table:
                return table[wanted]
        return []


def match_files(table: pd.DataFrame, items: Iterable[InputItem], folder: Path) -> list[Match]:
    """Return the input of each row of a table.

    The row's `file` (or its `image_id`, if the table has no files) is compared with the path
    of each input below the folder, then with its name, then with its name without the ending.
    It must fit exactly one input.

    Parameters
    ----------
    table
        From `toomre.preparation.catalog.read_table`.
    items
        From `toomre.preparation.inputs.find_inputs`.
    folder
        Where they were found.

    Raises
    ------
    MissingFileError
        If no row has an image.
    ArgumentError
        If two rows have the same image.

    Examples
    --------
    >>> items = [InputItem("a/1.jpg", (Path("in/a/1.jpg"),))]
    >>> table = pd.DataFrame({"image_id": ["1", "../1.jpg"]})
    >>> [match.problem for match in match_files(table, items, Path("in"))]
    ['', "no image is named '../1.jpg'"]
    """
    listed = list(items)
    known = _Names()
    for index, item in enumerate(listed):
        for path in {item.image_id, *(_below(path, folder) for path in item.paths or ())}:
            known.add(index, path)
    image_ids = [str(value) for value in table["image_id"]]
    wanted = image_ids
    if "file" in table:
        pairs = zip(table["file"].fillna("").astype(str), image_ids, strict=True)
        wanted = [file or image_id for file, image_id in pairs]
    prefix = f"{folder.absolute().as_posix()}/"
    found = [known.find(name.removeprefix(prefix).removeprefix("./")) for name in wanted]
    used = [listed[rows[0]].image_id for rows in found if len(rows) == 1]
    if not used:
        raise MissingFileError(
            f"None of the {len(table)} rows of the table has an image in {folder}. The first row "
            f"names {_shown(wanted[0])}, the first image is {_shown(listed[0].image_id)}. Name the "
            "column that holds the files (--file-column) or the ids (--id-column)."
        )
    refuse_duplicates("image named by the table", used, f"in {folder}")
    return [
        _match(image_id, name, [listed[row] for row in rows])
        for image_id, name, rows in zip(image_ids, wanted, found, strict=True)
    ]


def match_rows(table: pd.DataFrame, length: int) -> list[Match]:
    """Return the row of a stack for each row of a table.

    If all image ids are numbers of rows (0, 1, ...), they say which; else the table must have
    as many rows as the stack, in the same order. That of HATS is the order of the sky, so it does
    not count.

    Raises
    ------
    ArgumentError
        If neither is the case.

    Examples
    --------
    >>> [match.item.row for match in match_rows(pd.DataFrame({"image_id": ["2", "0"]}), 3)]
    [2, 0]
    >>> [match.item.row for match in match_rows(pd.DataFrame({"image_id": ["x", "y"]}), 2)]
    [0, 1]
    """
    image_ids = [str(value) for value in table["image_id"]]
    numbers = {str(row): row for row in range(length)}
    if all(image_id in numbers for image_id in image_ids):
        rows = [numbers[image_id] for image_id in image_ids]
    elif table.attrs.get(ALONG_SKY):
        raise ArgumentError(
            "The rows of a HATS catalogue are sorted along the sky, so they do not say which image "
            "of the stack is whose. Expected image ids that are numbers of rows, counted from 0."
        )
    elif len(image_ids) == length:
        rows = list(range(length))
    else:
        raise ArgumentError(
            f"The table has {len(image_ids)} rows and the stack {length} images. Expected the same "
            "number in the same order, or image ids that are numbers of rows, counted from 0."
        )
    return [Match(InputItem(name, row=row)) for name, row in zip(image_ids, rows, strict=True)]


def _match(image_id: str, wanted: str, items: Sequence[InputItem]) -> Match:
    if len(items) == 1:
        return Match(replace(items[0], image_id=image_id))
    problem = f"no image is named {_shown(wanted)}"
    if items:
        names = ", ".join(_shown(item.image_id) for item in items[:3])
        problem = f"{len(items)} images are named {_shown(wanted)}: {names}"
    return Match(InputItem(image_id), problem)


def _remember(table: dict[str, list[int]], name: str, index: int) -> None:
    rows = table.setdefault(name, [])
    if not rows or rows[-1] != index:
        rows.append(index)


def _below(path: Path, folder: Path) -> str:
    try:
        return path.relative_to(folder).as_posix()
    except ValueError:
        return path.name


def _shown(name: str) -> str:
    text = repr(name)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
