"""`toomre.convert`: a published data set, as downloaded, becomes prepared sets."""

from __future__ import annotations

import shlex
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError, OutputExistsError
from toomre.images.grid import Grid
from toomre.jobs.provenance import now
from toomre.lookup import lookup
from toomre.preparation.near_copies import Progress
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.published.arrays import PublishedArray, open_published
from toomre.preparation.published.checks import differences
from toomre.preparation.published.choosing import catalog_of, choose, cutouts
from toomre.preparation.published.finding import DomainFiles, find_files
from toomre.preparation.published.galaxies import add_tables, galaxy_table
from toomre.preparation.published.schema import PUBLISHED, PublishedSet
from toomre.preparation.split import Protocol, SplitOptions
from toomre.preparation.writing import Plan, write_prepared

__all__ = ["ConvertOptions", "convert"]


@dataclass(frozen=True)
class ConvertOptions:
    """How to read and split a published data set.

    Attributes
    ----------
    protocol
        ``"grouped"``: without the published copies (where the originals are known), split by
        galaxy; ``"paper"``: with the copies and the published split, which has copies of
        nearly every test merger in training.
    bands
        The bands of the planes of the first array (the source domain, where the domains
        differ) in the file's order, where no header says them and the default is wrong.
    filters
        2 or 3, where files of both kinds are in the folder.
    split
        Fractions and seed of the grouped split.

    Examples
    --------
    >>> ConvertOptions(protocol="papers")
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `protocol` to be grouped or paper, but got 'papers'.
    """

    protocol: Protocol = "grouped"
    bands: tuple[str, ...] | None = None
    filters: int | None = None
    split: SplitOptions = SplitOptions()

    def __post_init__(self) -> None:
        if self.protocol not in ("grouped", "paper"):
            raise ArgumentError.expected("protocol", "grouped or paper", self.protocol)
        if self.filters not in (None, 2, 3):
            raise ArgumentError.expected("filters", "2 or 3", self.filters)


def convert(
    name: str,
    source: Path | str,
    out: Path | str,
    *,
    options: ConvertOptions = ConvertOptions(),
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, PreparedSet]:
    """Turn a published data set, as users download it, into prepared sets.

    The pixels are kept as they are, and never all in memory. `galaxy_id` is shared by the
    cameras and the copies of a galaxy, `view_id` by the copies of one image; `row` is the
    place in the published file. Arrays that show the same galaxies get the same grouped split.

    Parameters
    ----------
    name
        ``"deepmerge1"`` (MAST; two or three filters), ``"deepmerge2-simsim"`` or
        ``"deepmerge2-simreal"`` (Zenodo).
    source
        The folder with the downloaded files, see
        `toomre.preparation.published.finding.find_files`; tables published beside the images
        are used if they lie there (`toomre.preparation.published.galaxies.add_tables`).
    out
        The folder to make; each domain that was found is a prepared set in it.
    options
        Protocol, bands and split.
    overwrite
        Replace finished sets.
    progress
        Called after each step; where the order of the file is unknown also while copies are
        looked for, which may take an hour.

    Returns
    -------
    dict
        Name of the domain (``pristine``, ``noisy``, ``source``, ``target``) -> prepared set.

    Raises
    ------
    MissingFileError, CorruptFileError
        If files are missing or damaged.
    ArgumentError
        If the name is unknown, or an array is not of this set.
    OutputExistsError, OutputError
        If the output is there already, or cannot be written.

    Warns
    -----
    UserWarning
        Where an array differs from the published one, or galaxies had to be told by copies.
    """
    published = lookup(PUBLISHED, name, "published data set")
    folder, target = Path(source), Path(out)
    files = find_files(published, folder, options.filters)
    for each in files:
        if (target / each.domain.name / "dataset.json").exists() and not overwrite:
            raise OutputExistsError(
                f"{target / each.domain.name} is there already. Choose another --out."
            )
    arrays = [_open(each, published, options) for each in files]
    counts = [len(array.images) for array in arrays]
    if published.twins and len(set(counts)) > 1:
        raise ArgumentError(
            f"Expected as many images in each array of {name}, for they show the same galaxies, "
            f"but got {' and '.join(map(str, counts))}. Fetch them again."
        )
    tables = _tables(published, arrays, folder, progress)
    found = [(f.domain, a, t) for f, a, t in zip(files, arrays, tables, strict=True)]
    for chosen in choose(published, found, options.protocol, options.split):
        plan = Plan(
            grid=Grid(size=chosen.array.images.shape[-1]),
            split=chosen.options,
            command=_command(name, folder, target, options),
            created=now(),
            given=chosen.split,
            protocol=options.protocol,
        )
        write_prepared(
            target / chosen.domain.name,
            chosen.table,
            cutouts(chosen),
            plan,
            overwrite=overwrite,
            progress=progress,
        )
    return {each.domain.name: PreparedSet.open(target / each.domain.name) for each in files}


def _open(files: DomainFiles, published: PublishedSet, options: ConvertOptions) -> PublishedArray:
    """Open an array and say in what it differs from the published one."""
    first = published.twins or files.domain is published.domains[0]
    array = open_published(files, options.bands if first else None)
    for note in differences(files.domain, array.images):
        warnings.warn(f"{note}. The file may be another version.", UserWarning, stacklevel=3)
    return array


def _tables(
    published: PublishedSet,
    arrays: list[PublishedArray],
    folder: Path,
    progress: Progress | None,
) -> list[pd.DataFrame]:
    """Return the catalogue of each array, of all its images."""
    tables: list[pd.DataFrame] = []
    for array in arrays:
        if tables and published.twins:
            if not np.array_equal(array.labels, arrays[0].labels):
                raise ArgumentError(
                    f"Expected the arrays of {published.name} to have the same labels in the "
                    "same order, but they differ. Fetch them again."
                )
            tables.append(tables[0])
            continue
        known = galaxy_table(array.images, array.labels, progress)
        if "copy" not in known:
            warnings.warn(
                f"The order of an array of {published.name} is not known; images that are "
                f"copies of one another count as one galaxy, {known['galaxy_id'].nunique()} in "
                "all. Other views of a galaxy cannot be told from other galaxies.",
                UserWarning,
                stacklevel=3,
            )
        if published.twins:
            known = add_tables(known, array.labels, folder)
        tables.append(catalog_of(known, array.labels, published.redshift))
    return tables


def _command(name: str, folder: Path, out: Path, options: ConvertOptions) -> str:
    """Return the command line that does the same."""
    split = options.split
    words = ["toomre", "convert", name, str(folder), "--out", str(out)]
    words += ["--protocol", options.protocol]
    if options.bands is not None:
        words += ["--bands", ",".join(options.bands)]
    if options.filters is not None:
        words += ["--filters", str(options.filters)]
    if options.protocol == "grouped":
        shares = ":".join(f"{100 * share:.10g}" for share in split.fractions)
        words += ["--split", shares, "--seed", str(split.seed)]
    return shlex.join(words)
