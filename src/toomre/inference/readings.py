"""Inputs one after another, each read, checked and brought to the model's grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.datasets.window import centre_window
from toomre.images.arrays import open_stack, stack_cutout
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.loading import Facts, finish
from toomre.images.read_limits import one_line
from toomre.images.reading import read_cutout
from toomre.inference.checks import fit_to_card, fits_card
from toomre.networks.card import ModelCard
from toomre.preparation.band_files import band_problem
from toomre.preparation.inputs import InputItem
from toomre.preparation.prepared import PreparedInfo

__all__ = ["Reading", "Wish", "placed", "read_files", "read_prepared", "read_stack"]

# Rows of a memory map that are read before it is opened anew, which gives its memory back.
_MAPPED = 256
_NO_FACTS = Facts()


@dataclass(frozen=True, eq=False)
class Reading:
    """One row of the catalogue before it has a score.

    Attributes
    ----------
    image_id
        The name of the input.
    cutout
        On the model's grid.
    ra, dec
        Position [degree]; NaN where unknown.
    fits
        Whether it is what the model was trained on, see `toomre.inference.checks.fits_card`;
        None where it could not be read.
    """

    image_id: str
    cutout: Cutout
    ra: float = float("nan")
    dec: float = float("nan")
    fits: bool | None = None


@dataclass(frozen=True)
class Wish:
    """What a model wants, and what the caller states.

    Attributes
    ----------
    card
        The model's.
    facts
        What the caller states of all inputs.
    allow_domain
        Let pictures go to a model of flux, and the reverse.
    """

    card: ModelCard
    facts: Facts = _NO_FACTS
    allow_domain: bool = False

    def fit(self, cutout: Cutout) -> Cutout:
        """Check a cutout that is on the model's grid."""
        return fit_to_card(cutout, self.card, allow_domain=self.allow_domain)

    def reading(self, image_id: str, read: Cutout, facts: Facts) -> Reading:
        """Bring what was read to the model's grid and check it."""
        checked = self.fit(finish(read, self.card.input.grid, facts))
        fits = fits_card(read, checked, self.card, allow_domain=self.allow_domain)
        return Reading(image_id, checked, fits=fits)

    def facts_of(self, item: InputItem) -> Facts:
        """Return the facts of one input; the names of its files tell more than the caller."""
        bands = item.bands or self.facts.bands
        return replace(self.facts, bands=bands, wanted=self.card.input.bands)


def read_files(
    items: Sequence[tuple[InputItem, str]], table: pd.DataFrame | None, wish: Wish
) -> Iterator[Reading]:
    """Give the inputs of a folder.

    Parameters
    ----------
    items
        Each input, and why it is not there (empty if it is).
    table
        The user's, one row an input in the same order, or None.
    wish
        What the model wants.
    """
    for index, (item, problem) in enumerate(items):
        reading = _absent(item, problem) if problem else _load(item, wish)
        yield placed(reading, table, index)


def read_stack(
    stack: Path | NDArray[Any],
    items: Sequence[InputItem],
    table: pd.DataFrame | None,
    wish: Wish,
) -> Iterator[Reading]:
    """Give images of a stack.

    Only a few hundred images are in memory at a time.

    Parameters
    ----------
    stack
        The file, or an array (image, band, y, x) that is in memory.
    items
        Which `row` of it each input is, and its name.
    table
        The user's, one row an input in the same order, or None.
    wish
        What the model wants.
    """
    facts = replace(wish.facts, wanted=wish.card.input.bands)
    images = np.empty(0) if isinstance(stack, Path) else stack
    for index, item in enumerate(items):
        if index % _MAPPED == 0 and isinstance(stack, Path):
            images = open_stack(stack)
        read = stack_cutout(images, int(item.row or 0))
        yield placed(wish.reading(item.image_id, read, facts), table, index)


def read_prepared(
    folder: Path, info: PreparedInfo, catalog: pd.DataFrame, wish: Wish, first: int = 0
) -> Iterator[Reading]:
    """Give images of a prepared data set: the central window of what is stored.

    Parameters
    ----------
    folder, info
        Of the set.
    catalog
        Some of its rows, one after another.
    wish
        What the model wants.
    first
        Which image the first row has.
    """
    wanted = wish.card.input
    window = centre_window(info.shape[-1], wanted.grid.size)
    places = [info.bands.index(band) for band in wanted.bands]
    images: NDArray[Any] = np.empty(0)
    names = ["image_id", "ra", "dec", "flags", "reason"]
    rows = zip(*(catalog[name].tolist() for name in names), strict=True)
    for index, (image_id, ra, dec, found, reason) in enumerate(rows):
        if index % _MAPPED == 0:
            images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        stored = Cutout(
            pixels=np.ascontiguousarray(images[first + index, places, window, window]),
            bands=wanted.bands,
            pixel_scale=info.pixel_scale,
            encoding=info.encoding,
        )
        if flags := Flag(int(found)):
            # The reason begins with the names of the flags, which come back by themselves.
            _, _, note = str(reason).partition(": ")
            stored = stored.flagged(flags, note)
        yield Reading(str(image_id), wish.fit(stored), float(ra), float(dec))


def _absent(item: InputItem, problem: str) -> Reading:
    return Reading(item.image_id, Cutout.bad(Flag.MISSING_FILE, problem))


def _load(item: InputItem, wish: Wish) -> Reading:
    try:
        if item.bands and (problem := band_problem(item.bands, wish.card.input.bands)):
            return Reading(item.image_id, problem)
        facts = wish.facts_of(item)
        read = read_cutout(item.paths or (), bands=facts.bands)
        return wish.reading(item.image_id, read, facts)
    except Exception as error:  # one input must never stop the run
        note = f"the reader failed: {type(error).__name__}: {one_line(error)}"
        return Reading(item.image_id, Cutout.bad(Flag.UNREADABLE, note))


def placed(reading: Reading, table: pd.DataFrame | None, index: int) -> Reading:
    """Return the reading with its position, flagged where that is not on the sky."""
    if table is None:
        return reading
    row = table.iloc[index]
    cutout = reading.cutout
    if flags := Flag(int(row["flags"])):
        cutout = cutout.flagged(flags, str(row["reason"]))
    return replace(reading, cutout=cutout, ra=float(row["ra"]), dec=float(row["dec"]))
