"""Noiseless images for `toomre.observe`: a prepared set, or files that nothing was done to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError
from toomre.images.arrays import stack_cutout
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.loading import Facts
from toomre.images.reading import read_cutout
from toomre.jobs.prepare import Inputs, bare_table, find_input_files
from toomre.mocks.placing import UNITS, InputFacts
from toomre.preparation.band_files import band_problem
from toomre.preparation.catalog import read_table
from toomre.preparation.inputs import Source
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split

__all__ = ["Noiseless", "from_files", "from_prepared"]


class Noiseless(NamedTuple):
    """The inputs in the table's order: what is known of each, and its pixels when asked for."""

    table: pd.DataFrame
    cutouts: Iterator[Cutout]
    facts: InputFacts
    split: Split | None


def from_prepared(prepared: PreparedSet, wanted: tuple[str, ...], facts: InputFacts) -> Noiseless:
    """Take a prepared set of linear images, with its ids, labels and split.

    Raises
    ------
    ArgumentError
        If it holds pictures, lacks a wanted band, or its unit or pixel scale is not known.
    """
    info = prepared.info
    if info.encoding != "linear":
        raise ArgumentError.expected("encoding", "'linear' for an input", info.encoding)
    if missing := [band for band in wanted if band not in info.bands]:
        raise ArgumentError(
            f"The input has the bands {', '.join(info.bands)}, but not {', '.join(missing)}. Say "
            "which band of it is seen through which band of the survey (--band-map F814W=g,...)."
        )
    places = [info.bands.index(band) for band in wanted]
    table = prepared.catalog

    def read() -> Iterator[Cutout]:
        for row, (flags, reason) in enumerate(zip(table["flags"], table["reason"], strict=True)):
            cutout = Cutout(np.asarray(prepared.images[row][places]), wanted, info.pixel_scale)
            note = str(reason).partition(": ")[2]
            yield cutout.flagged(Flag(int(flags)), note) if flags else cutout

    known = replace(
        facts,
        unit=facts.unit or info.unit or None,
        pixel_scale=facts.pixel_scale or info.pixel_scale,
    )
    if known.unit is None or known.pixel_scale is None:
        raise ArgumentError(
            "The input does not say its unit and its pixel scale. Give them (--unit, "
            "--pixel-scale)."
        )
    return Noiseless(table, read(), known, prepared.split)


def from_files(
    source: Source, wanted: tuple[str, ...], facts: InputFacts, catalog: Path | None
) -> Noiseless:
    """Take files or a stack, as they are: nothing in them is mended or resampled.

    Raises
    ------
    MissingFileError
        If there is no image.
    ArgumentError
        If the unit is not known, or the table cannot be used.
    """
    if facts.unit is None:
        raise ArgumentError.expected("unit", f"one of {', '.join(UNITS)}", None, "Give --unit.")
    table = None if catalog is None else read_table(catalog)
    found = find_input_files(source, table, Facts(bands=wanted))
    if table is None:
        table = bare_table(found.matches)
    return Noiseless(table, _read(found, wanted), facts, None)


def _read(found: Inputs, wanted: tuple[str, ...]) -> Iterator[Cutout]:
    """Read each input at its own pixels, and change nothing in it."""
    for match in found.matches:
        item = match.item
        problem = None if item.bands is None else band_problem(item.bands, wanted)
        if match.problem:
            yield Cutout.bad(Flag.MISSING_FILE, match.problem)
        elif problem is not None:
            yield problem
        elif item.row is not None and found.stack is not None:
            yield stack_cutout(found.stack, item.row)
        else:
            yield read_cutout(item.paths or (), bands=wanted)
