"""`toomre.prepare`: raw images and a table become one prepared data set on disk."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from numpy.typing import NDArray

from toomre.images.arrays import open_stack, stack_cutout
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.grid import Grid
from toomre.images.loading import Facts, finish, load_cutout
from toomre.jobs.provenance import now
from toomre.preparation.band_files import band_problem
from toomre.preparation.catalog import read_table
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import (
    InputItem,
    Source,
    escape_name,
    find_inputs,
    is_stack,
    stack_inputs,
)
from toomre.preparation.matching import Match, match_files, match_rows
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import SplitOptions
from toomre.preparation.vote_table import refuse_some_votes
from toomre.preparation.writing import Plan, Progress, draw_split, write_prepared

__all__ = ["Inputs", "bare_table", "find_input_files", "load_input", "prepare"]

_DEFAULT_GRID = Grid(size=75)


def prepare(
    source: Source | Path | str,
    out: Path | str,
    catalog: Path | str | None = None,
    *,
    columns: Columns = Columns(),
    grid: Grid = _DEFAULT_GRID,
    facts: Facts = Facts(),
    split: SplitOptions = SplitOptions(),
    overwrite: bool = False,
    progress: Progress | None = None,
) -> PreparedSet:
    """Turn raw images, and a table of them, into one prepared data set.

    One bad input never stops the run: it gets the status bad, flags and a reason, its pixels
    are NaN, and it goes in no part of the split.

    Parameters
    ----------
    source
        A folder of images (with all folders below it), one image, or a stack (``.npy``,
        ``.npz``); a `Source` also says how the files are named.
    out
        The folder to make; it is written whole or not at all.
    catalog
        Table with one row an image. Rows without an image are bad; images without a row are
        left out and counted. None takes every image, without labels.
    columns
        Which column of the table holds what; by default guessed.
    grid
        The centred square to cut and the size to resample it to.
    facts
        What is known of the inputs and not in the files: bands, pixel scale, encoding.
    split
        Fractions, linking length and seed of the split, which is drawn by galaxy.
    overwrite
        Replace a finished data set.
    progress
        Called after each image with the number done and the number of all.

    Returns
    -------
    PreparedSet
        The data set, opened for reading.

    Raises
    ------
    MissingFileError
        If the source or the table is not there, or no row of the table has an image.
    ArgumentError
        If the table cannot be used, or has some of the columns of votes only, the bands are not
        known, or no image can be used.
    OutputExistsError, OutputError
        If the output is there already, or cannot be written.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> folder = Path(tempfile.mkdtemp())
    >>> np.save(folder / "stack.npy", np.random.default_rng(0).normal(size=(4, 1, 32, 32)))
    >>> done = prepare(folder / "stack.npy", folder / "out", grid=Grid(size=16),
    ...                facts=Facts(bands=("r",)))
    >>> done.images.shape, done.catalog["image_id"].tolist()
    ((4, 1, 16, 16), ['0', '1', '2', '3'])
    """
    source = source if isinstance(source, Source) else Source(Path(source))
    table = None if catalog is None else read_table(catalog, columns)
    if table is not None and catalog is not None:
        refuse_some_votes(table.columns, catalog)
    found = find_input_files(source, table, facts)
    if table is None:
        table = bare_table(found.matches)
    _check_split(table, split)
    plan = Plan(
        grid=grid,
        split=split,
        command=_command(source, out, catalog, (columns, grid, facts, split, overwrite)),
        created=now(),
        left_out=found.left_out,
        unit=facts.unit,
    )
    cutouts = _load(found, table, grid, facts)
    write_prepared(Path(out), table, cutouts, plan, overwrite=overwrite, progress=progress)
    return PreparedSet.open(out)


def load_input(
    item: InputItem,
    stack: NDArray[Any] | None,
    grid: Grid,
    facts: Facts = Facts(),
) -> Cutout:
    """Read one input and bring it to the grid; whatever goes wrong becomes a flag.

    Parameters
    ----------
    item
        From `find_inputs` or `stack_inputs`.
    stack
        The opened stack, if the item is a row of one.
    grid, facts
        As for `prepare`.

    Examples
    --------
    >>> load_input(InputItem("a", (Path("nowhere.fits"),)), None, Grid(size=75)).reason
    "missing_file: 'nowhere.fits' is not there"
    """
    try:
        if item.row is not None and stack is not None:
            return finish(stack_cutout(stack, item.row), grid, facts)
        if item.bands is None:
            return load_cutout(item.paths or (), grid, facts)
        wanted = facts.bands or facts.wanted or item.bands
        if problem := band_problem(item.bands, wanted):
            return problem
        return load_cutout(item.paths or (), grid, replace(facts, bands=wanted))
    except Exception as error:  # one input must never stop the run
        return Cutout.bad(Flag.UNREADABLE, f"the reader failed: {type(error).__name__}: {error}")


class Inputs(NamedTuple):
    """The input of each row of a table, and the stack that holds them if there is one."""

    matches: list[Match]
    stack: NDArray[Any] | None
    left_out: int = 0


def find_input_files(source: Source, table: pd.DataFrame | None, facts: Facts) -> Inputs:
    """Find the input of each row, the stack if there is one, and how many have no row."""
    path = Path(source.path)
    if is_stack(path):
        stack = open_stack(path)
        if table is None:
            return Inputs([Match(item) for item in stack_inputs(len(stack))], stack)
        matches = match_rows(table, len(stack))
        return Inputs(matches, stack, len(stack) - len(matches))
    items = list(find_inputs(source, facts.bands or facts.wanted))
    if table is None:
        return Inputs([Match(item) for item in items], None)
    matches = match_files(table, items, path if path.is_dir() else path.parent)
    return Inputs(matches, None, len(items) - sum(not match.problem for match in matches))


def bare_table(matches: list[Match]) -> pd.DataFrame:
    """Return the catalogue of inputs without a table: each is a galaxy without a label."""
    image_id = pd.Series([match.item.image_id for match in matches], dtype="str")
    frame = pd.DataFrame({"image_id": image_id, "galaxy_id": image_id})
    frame["label"] = pd.Series(pd.NA, index=frame.index, dtype="Int8")
    for name in ("ra", "dec", "redshift"):
        frame[name] = pd.Series(float("nan"), index=frame.index, dtype="float64")
    return frame.assign(flags=0, reason="")


def _check_split(table: pd.DataFrame, split: SplitOptions) -> None:
    """Find out before the images are read whether there can be a split."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come when the real one is drawn
        draw_split(table, split)


def _load(found: Inputs, table: pd.DataFrame, grid: Grid, facts: Facts) -> Iterator[Cutout]:
    read = partial(load_input, stack=found.stack, grid=grid, facts=facts)
    for match, flags, reason in zip(found.matches, table["flags"], table["reason"], strict=True):
        if flags:
            yield Cutout.bad(Flag(int(flags)), str(reason))
        elif match.problem:
            yield Cutout.bad(Flag.MISSING_FILE, match.problem)
        else:
            yield read(match.item)


def _command(
    source: Source, out: Path | str, catalog: Path | str | None, options: tuple[Any, ...]
) -> str:
    """Return the command line that does the same."""
    columns, grid, facts, split, overwrite = options
    words: list[tuple[str, Any]] = [
        ("--catalog", catalog),
        ("--out", out),
        ("--size", grid.size),
        ("--crop", grid.crop),
        ("--bands", ",".join(facts.bands) if facts.bands else None),
        ("--wanted", ",".join(facts.wanted) if facts.wanted else None),
        ("--pixel-scale", grid.native_pixel_scale or facts.pixel_scale),
        ("--encoding", facts.encoding),
        ("--unit", facts.unit or None),
        ("--pattern", source.pattern),
        ("--id-column", columns.image_id),
        ("--file-column", columns.file),
        ("--galaxy-column", columns.galaxy_id),
        ("--label-column", columns.label),
        ("--ra-column", columns.ra),
        ("--dec-column", columns.dec),
        ("--redshift-column", columns.redshift),
        ("--split", ":".join(f"{100 * share:.10g}" for share in split.fractions)),
        ("--link-length", f"{split.link_length:g}"),
        ("--seed", split.seed),
    ]
    told = [word for name, value in words if value is not None for word in (name, str(value))]
    command = [
        "toomre",
        "prepare",
        str(source.path),
        *told,
        *([] if split.stratified else ["--no-stratify"]),
        *(["--overwrite"] if overwrite else []),
    ]
    return shlex.join(escape_name(word) for word in command)
