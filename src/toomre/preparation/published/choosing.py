"""Which images of a published array become a prepared set, and how they are split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.images.cutout import Cutout
from toomre.images.inspection import inspect
from toomre.preparation.published.arrays import PublishedArray
from toomre.preparation.published.schema import Domain, PublishedSet
from toomre.preparation.split import Protocol, Split, SplitOptions
from toomre.preparation.writing import draw_split

__all__ = ["Chosen", "catalog_of", "choose", "cutouts"]


@dataclass(frozen=True, eq=False)
class Chosen:
    """One prepared set to write.

    Attributes
    ----------
    domain, array
        Where the images come from.
    table
        The catalogue of those that are kept; `row` is the place in the array.
    options
        What made the split, for the record.
    split
        The split of these images.
    """

    domain: Domain
    array: PublishedArray
    table: pd.DataFrame
    options: SplitOptions
    split: Split | None


def catalog_of(known: pd.DataFrame, labels: NDArray[np.int8], redshift: float) -> pd.DataFrame:
    """Return the catalogue of a whole array.

    Parameters
    ----------
    known
        From `toomre.preparation.published.galaxies.galaxy_table`, with `galaxy_id`.
    labels
        Array of shape (image,), 1 or 0.
    redshift
        Of all galaxies, or NaN.

    Examples
    --------
    >>> known = pd.DataFrame({"galaxy_id": ["m1", "n1"], "view_id": ["0", "1"]})
    >>> catalog_of(known, np.array([1, 0], "i1"), 2.0)[["image_id", "label", "row"]]
      image_id  label  row
    0    00000      1    0
    1    00001      0    1
    """
    rows = np.arange(len(labels))
    first = pd.DataFrame(
        {
            "image_id": pd.Series([f"{row:05d}" for row in rows], dtype="str"),
            "galaxy_id": known["galaxy_id"].astype("str"),
            "label": pd.array(labels, dtype="Int8"),
            "ra": np.nan,
            "dec": np.nan,
            "redshift": redshift,
            "flags": np.zeros(len(rows), np.int64),
            "reason": "",
            "row": rows,
        }
    )
    return pd.concat([first, known.drop(columns="galaxy_id")], axis=1)


def choose(
    published: PublishedSet,
    found: Sequence[tuple[Domain, PublishedArray, pd.DataFrame]],
    protocol: Protocol,
    options: SplitOptions,
) -> list[Chosen]:
    """Choose the images of each array and split them by a protocol.

    ``"grouped"`` keeps the originals where they are known (else all), and draws a split by
    galaxy; twins get the same one. ``"paper"`` keeps all images and the published split.

    Parameters
    ----------
    published
        The set.
    found
        The domains that are there, their arrays and whole catalogues.
    protocol
        ``"grouped"`` or ``"paper"``.
    options
        Fractions and seed of a grouped split.
    """
    if protocol == "paper":
        sizes = {domain.name: len(table) for domain, _, table in found}
        # A domain that is not there takes its turn in the drawing all the same.
        counts = [sizes.get(domain.name, domain.images) for domain in published.domains]
        names = [domain.name for domain in published.domains]
        parts = dict(zip(names, published.parts(counts), strict=True))
        told = SplitOptions(seed=published.seed)
        return [
            Chosen(domain, array, table, told, _stored(table, parts[domain.name]))
            for domain, array, table in found
        ]
    chosen: list[Chosen] = []
    for domain, array, table in found:
        kept = table
        if "copy" in table:
            kept = table[table["copy"] == "original"].reset_index(drop=True)
        split = chosen[0].split if chosen and published.twins else draw_split(kept, options)
        chosen.append(Chosen(domain, array, kept, options, split))
    return chosen


def cutouts(chosen: Chosen) -> Iterator[Cutout]:
    """Read the images one by one, with their planes in the order of the prepared set.

    The pixels are kept as they are, unless some are not finite.
    """
    bands = chosen.domain.stored[len(chosen.array.bands)]
    places = [chosen.array.bands.index(band) for band in bands]
    for row in chosen.table["row"]:
        pixels = np.ascontiguousarray(chosen.array.images[row][places], dtype=np.float32)
        cutout = Cutout(pixels, bands, encoding=chosen.domain.encoding)
        usable = np.isfinite(pixels).all() and np.ptp(pixels) > 0
        yield cutout if usable else inspect(cutout)


def _stored(table: pd.DataFrame, parts: NDArray[np.object_]) -> Split:
    columns = {"image_id": table["image_id"], "group": table["galaxy_id"], "part": parts}
    return Split(pd.DataFrame(columns))
