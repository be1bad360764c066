"""What is to be classified, whatever it is: how many rows, and any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from toomre.errors import ArgumentError, ToomreError
from toomre.images.arrays import stack_shape
from toomre.images.planes import axes_of
from toomre.inference.catalog_hats import HATS
from toomre.inference.checks import check_prepared, check_stack, check_stated
from toomre.inference.mosaic_readings import for_model
from toomre.inference.mosaic_rows import OpenMosaics
from toomre.inference.readings import Wish
from toomre.inference.rows import FileRows, PreparedRows, Rows, StackRows, table_part
from toomre.mosaics.opening import SkippedMosaic
from toomre.mosaics.patterns import MosaicSource
from toomre.preparation.catalog import read_table
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import InputItem, Source, find_inputs, is_stack
from toomre.preparation.matching import match_files, match_rows
from toomre.preparation.prepared import PreparedSet

__all__ = ["Inputs", "open_inputs"]


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs, of which only the names are in memory.

    Attributes
    ----------
    rows
        Gives those from a first to before another one.
    total
        How many they are.
    left_out
        How many images no row of the table has.
    shared
        Files that all rows are read from.
    skipped
        Mosaics that were passed over, as they cannot be used.
    mosaics
        What the rows are cut from, which is read best in another order than the table's.
    """

    rows: Callable[[int, int], Rows]
    total: int
    left_out: int = 0
    shared: tuple[Path, ...] = ()
    skipped: tuple[SkippedMosaic, ...] = ()
    mosaics: OpenMosaics | None = None


def open_inputs(
    source: Source | MosaicSource,
    given: tuple[Path | str | None, Columns],
    wish: Wish,
    out: Path | None,
    *,
    sums: bool = True,
) -> Inputs:
    """Return the inputs; `out` is none of them.

    Parameters
    ----------
    source, given
        Images; a table and its columns.
    wish
        What the model wants.
    out
        The catalogue that is to be.
    sums
        Whether the sums of all bytes of mosaics are checked now, where the options ask for it.

    Raises
    ------
    ArgumentError
        If something cannot be used, or all images alike have other bands than the model wants.
    """
    catalog, columns = given
    if isinstance(source, MosaicSource):
        return _mosaics(source, given, wish, sums=sums)
    path = Path(source.path)
    if (path / "dataset.json").is_file():
        if catalog is not None:
            raise ArgumentError(f"{path} is prepared and has its own table: give no --catalog.")
        return _prepared(PreparedSet.open(path), wish)
    on_sky = out is not None and out.suffix == HATS
    if catalog is None and on_sky:
        raise ArgumentError.expected("catalog", "a table with ra and dec for HATS", None)
    table = None if catalog is None else read_table(catalog, columns, only=(), positions=on_sky)
    shape = _stack_shape(path, len(wish.card.input.bands))
    if shape is not None:
        length, bands = shape
        check_stack(wish.card, wish.facts, bands)
        return _stack(path, table, length)
    found = list(find_inputs(source, wish.facts.bands or wish.card.input.bands, without=out))
    if table is None:
        return _files([(item, "") for item in found], None, 0)
    matches = match_files(table, found, path if path.is_dir() else path.parent)
    files = [(match.item, match.problem) for match in matches]
    return _files(files, table, len(found) - sum(not match.problem for match in matches))


def _mosaics(
    source: MosaicSource, given: tuple[Path | str | None, Columns], wish: Wish, *, sums: bool
) -> Inputs:
    catalog, columns = given
    if catalog is None:
        raise ArgumentError.expected("catalog", "a table with ra and dec for mosaics", None)
    if wish.facts.bands is not None:
        allowed = "left out with mosaics, of which each names its band (--mosaic BAND=FILES)"
        raise ArgumentError.expected("bands", allowed, wish.facts.bands)
    check_stated(wish.card, replace(wish.facts, bands=tuple(source.files)))
    how = for_model(wish.card, source.options)
    sizes = [how.size_column] if how.size_column else []
    positions = read_table(catalog, columns, only=sizes, positions=True)
    mosaics = OpenMosaics(source, how, positions, sums=sums)
    return Inputs(mosaics.rows, len(mosaics), skipped=mosaics.skipped, mosaics=mosaics)


def _prepared(prepared: PreparedSet, wish: Wish) -> Inputs:
    check_prepared(wish.card, prepared.info, allow_domain=wish.allow_domain)
    folder = prepared.folder.absolute()

    def rows(start: int, stop: int) -> Rows:
        part = table_part(prepared.catalog, start, stop)
        return PreparedRows(folder, prepared.info, start, part)

    return Inputs(rows, len(prepared), shared=(folder / "images.npy",))


def _stack(path: Path, table: pd.DataFrame | None, length: int) -> Inputs:
    """Return images of a stack, in the table's order if there is one."""
    whole = path.absolute()
    matches = None if table is None else match_rows(table, length)

    def rows(start: int, stop: int) -> Rows:
        if table is None or matches is None:
            items = tuple(InputItem(str(row), row=row) for row in range(start, stop))
            return StackRows(whole, items, None)
        items = tuple(match.item for match in matches[start:stop])
        return StackRows(whole, items, table_part(table, start, stop))

    total = length if matches is None else len(matches)
    return Inputs(rows, total, length - total, (whole,))


def _files(items: list[tuple[InputItem, str]], table: pd.DataFrame | None, left_out: int) -> Inputs:
    def rows(start: int, stop: int) -> Rows:
        part = None if table is None else table_part(table, start, stop)
        return FileRows(tuple((_absolute(item), why) for item, why in items[start:stop]), part)

    return Inputs(rows, len(items), left_out)


def _absolute(item: InputItem) -> InputItem:
    """Return an input whose files another process finds too."""
    paths = item.paths
    return item if paths is None else replace(item, paths=tuple(p.absolute() for p in paths))


def _stack_shape(source: Path, bands: int) -> tuple[int, int] | None:
    """Return how many images a stack has and how many bands each, or None if it is none."""
    if not is_stack(source):
        return None
    try:
        shape = stack_shape(source)
    except ToomreError:
        return None  # read as one image, whose row says what is wrong
    where = axes_of(shape[1:])
    if where == "none":
        # (image, y, x) or (band, y, x): the model tells.
        return None if bands > 1 else (shape[0], 1)
    return shape[0], shape[-1] if where == "last" else shape[1]
