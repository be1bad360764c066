"""What is to be classified, whatever it is: readings one after another, and how many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from toomre.errors import ArgumentError, ToomreError
from toomre.images.arrays import open_stack
from toomre.inference.checks import check_prepared
from toomre.inference.mosaic_readings import for_model, read_mosaics
from toomre.inference.readings import Reading, Wish, read_files, read_prepared, read_stack
from toomre.mosaics.patterns import MosaicSource
from toomre.mosaics.stamps import Mosaics
from toomre.preparation.catalog import read_table
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source, find_inputs, is_stack
from toomre.preparation.matching import match_files, match_rows
from toomre.preparation.prepared import PreparedSet

__all__ = ["Inputs", "open_inputs"]


class Inputs(NamedTuple):
    """The inputs one after another, how many they are, and how many have no row."""

    readings: Iterator[Reading]
    total: int
    left_out: int = 0


def open_inputs(
    source: Source | MosaicSource,
    given: tuple[Path | str | None, Columns],
    wish: Wish,
    out: Path | None,
) -> Inputs:
    """Return the inputs; `out` is none of them."""
    catalog, columns = given
    if isinstance(source, MosaicSource):
        if catalog is None:
            raise ArgumentError.expected("catalog", "a table with ra and dec for mosaics", None)
        how = for_model(wish.card, source.options)
        mosaics = Mosaics.open(source.files, read_table(catalog, columns), how)
        return Inputs(read_mosaics(mosaics, wish), len(mosaics))
    path = Path(source.path)
    if (path / "dataset.json").is_file():
        prepared = PreparedSet.open(path)
        if catalog is not None:
            raise ArgumentError(f"{path} is prepared and has its own table: give no --catalog.")
        check_prepared(wish.card, prepared.info, allow_domain=wish.allow_domain)
        return Inputs(read_prepared(prepared, wish), len(prepared))
    table = None if catalog is None else read_table(catalog, columns)
    rows = _stack_length(path, len(wish.card.input.bands))
    if rows is not None:
        items = None if table is None else [match.item for match in match_rows(table, rows)]
        total = rows if items is None else len(items)
        return Inputs(read_stack(path, items, table, wish), total, rows - total)
    found = list(find_inputs(source, wish.facts.bands or wish.card.input.bands, without=out))
    if table is None:
        return Inputs(read_files([(item, "") for item in found], None, wish), len(found))
    matches = match_files(table, found, path if path.is_dir() else path.parent)
    files = [(match.item, match.problem) for match in matches]
    left_out = len(found) - sum(not match.problem for match in matches)
    return Inputs(read_files(files, table, wish), len(files), left_out)


def _stack_length(source: Path, bands: int) -> int | None:
    """Return how many images a stack has, or None if the source is none."""
    if not is_stack(source):
        return None
    try:
        stack = open_stack(source)
    except ToomreError:
        return None  # read as one image, whose row says what is wrong
    # Three axes may be (image, y, x) or (band, y, x): the model tells.
    return None if stack.shape[1] == 1 and bands > 1 else len(stack)
