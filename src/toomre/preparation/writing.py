"""Write a prepared data set: images as they come, then catalogue, split, and what made them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

import toomre
from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import BAD, Status
from toomre.images.grid import Grid
from toomre.output import output_folder
from toomre.preparation.agreement import agreeing, find_reference
from toomre.preparation.catalog import has_labels
from toomre.preparation.groups import galaxy_groups
from toomre.preparation.image_file import ImageFile
from toomre.preparation.prepared import PreparedInfo
from toomre.preparation.split import Protocol, Split, SplitOptions, make_split
from toomre.preparation.vote_table import has_votes
from toomre.storage import atomic_path, sha256_file, write_json
from toomre.surveys.vote_tree import ANSWERS

__all__ = ["FILES", "Plan", "Progress", "draw_split", "write_prepared"]

#: What a prepared folder holds, in the order of writing; the last marks it as finished.
FILES = ("images.npy", "catalog.parquet", "split.csv", "dataset.json")

_FIRST = ("image_id", "galaxy_id", "label", "ra", "dec", "redshift", "file")


#: Called with the number of inputs that are done and of all inputs.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """How a data set is made, for `write_prepared` to do and to record.

    Attributes
    ----------
    grid
        The grid that the cutouts were brought to.
    split
        How to split.
    command
        The command, as one would type it.
    created
        UTC time, ISO 8601.
    left_out
        How many images of the input no row of the table has.
    unit
        Unit of the pixel values, as the user gave it.
    given
        A split to keep, such as that of the set's twin, in place of drawing one. Images that
        turn out bad are taken out of it.
    protocol
        How that split was made.
    psf_fwhm
        FWHM of a star in each band of the cutouts [arcsec]; empty where it is not known.
    """

    grid: Grid
    split: SplitOptions
    command: str
    created: str
    left_out: int = 0
    unit: str = ""
    given: Split | None = None
    protocol: Protocol = "grouped"
    psf_fwhm: tuple[float, ...] = ()


def write_prepared(
    out: Path,
    catalog: pd.DataFrame,
    cutouts: Iterable[Cutout],
    plan: Plan,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write a prepared data set, whole or not at all; the memory does not grow with it.

    Parameters
    ----------
    out
        The folder to make.
    catalog
        One row an image, see `toomre.preparation.catalog.read_table`; the columns `status`,
        `flags` and `reason` are set from the cutouts.
    cutouts
        The images in the same order, on the plan's grid. The first usable one says what bands
        and encoding all have. Bad ones are stored as NaN.
    plan
        How the set is made.
    overwrite
        Replace a finished data set.
    progress
        Called after each image.

    Raises
    ------
    OutputExistsError
        If the output is there already, or another run is writing it.
    OutputError
        If it cannot be written.
    ArgumentError
        If no image can be used, the bands have no names, or there is no split that trains.
    """
    with output_folder(out, FILES, overwrite=overwrite) as folder:
        reference, again = find_reference(cutouts)
        band, y, x = np.asarray(reference.pixels).shape
        shape = (len(catalog), band, y, x)
        images = ImageFile(folder / FILES[0], shape)
        found = _write_images(images, agreeing(again, reference), len(catalog), progress)
        table = found.beside(catalog)
        with atomic_path(folder / FILES[1]) as temporary:
            table.to_parquet(temporary, index=False)
        given = plan.given
        split = draw_split(table, plan.split) if given is None else _kept(given, table)
        if split is not None:
            split.write(folder / FILES[2])
        info = PreparedInfo(
            bands=reference.bands or (),
            encoding=reference.encoding,
            unit=plan.unit,
            grid=plan.grid,
            pixel_scale=plan.grid.pixel_scale or reference.pixel_scale,
            shape=shape,
            images_sha256=images.sha256,
            catalog_sha256=sha256_file(folder / FILES[1]),
            status_counts={str(each): found.status.count(str(each)) for each in Status},
            left_out=plan.left_out,
            command=plan.command,
            version=toomre.__version__,
            seed=plan.split.seed,
            protocol=plan.protocol,
            split_by_label=given is None and plan.split.stratified and has_labels(table),
            created=plan.created,
            psf_fwhm=plan.psf_fwhm,
        )
        write_json(folder / FILES[3], info.model_dump(mode="json"))


def draw_split(table: pd.DataFrame, options: SplitOptions) -> Split | None:
    """Return the split of a catalogue, or None if there is nothing to stratify it by.

    Rows whose flags make them bad go in no part, as do rows without a label. Where there are
    vote fractions alone, those without them go in no part. Where the options say that labels
    are not to be looked at, only the flags decide.

    Examples
    --------
    >>> table = pd.DataFrame({"image_id": list("abcdefghij"), "galaxy_id": list("abcdefghij"),
    ...     "label": [0, 1] * 5, "ra": np.nan, "dec": np.nan, "flags": 0})
    >>> split = draw_split(table, SplitOptions(fractions=(0.6, 0.2, 0.2)))
    >>> [len(split.rows(part)) for part in ("train", "valid", "test")]
    [6, 2, 2]
    """
    labels: pd.Series | None = table["label"]
    usable = (table["flags"] & BAD.value) == 0
    if not options.stratified:
        labels = None
    elif not has_labels(table):
        if not has_votes(table):
            return None
        labels, usable = None, usable & table[list(ANSWERS)].notna().all(axis=1)
    groups = galaxy_groups(table["galaxy_id"], table["ra"], table["dec"], options.link_length)
    return make_split(
        table["image_id"].tolist(),
        groups,
        labels,
        usable,
        options.fractions,
        rng=np.random.default_rng(options.seed),
    )


def _kept(split: Split, table: pd.DataFrame) -> Split:
    """Return a split without the images that are bad in this set."""
    if split.table["image_id"].tolist() != table["image_id"].tolist():
        raise ArgumentError.expected("given", "a split of the same images", "one of others")
    bad = ((table["flags"] & BAD.value) != 0).to_numpy()
    return Split(split.table.assign(part=split.table["part"].where(~bad, "")))


@dataclass
class _Found:
    """What was found in the cutouts, one value an image."""

    status: list[str] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    reason: list[str] = field(default_factory=list)

    def add(self, cutout: Cutout) -> None:
        self.status.append(str(cutout.status))
        self.flags.append(cutout.flags.value)
        self.reason.append(cutout.reason)

    def beside(self, catalog: pd.DataFrame) -> pd.DataFrame:
        """Return the catalogue with these columns behind its own first ones."""
        columns = {
            "status": pd.Series(self.status, dtype="str"),
            "flags": pd.Series(self.flags, dtype="int64"),
            "reason": pd.Series(self.reason, dtype="str"),
        }
        rest = catalog.drop(columns=list(columns), errors="ignore").reset_index(drop=True)
        first = [name for name in _FIRST if name in rest]
        return pd.concat([rest[first], pd.DataFrame(columns), rest.drop(columns=first)], axis=1)


def _write_images(
    file: ImageFile, cutouts: Iterable[Cutout], total: int, progress: Progress | None
) -> _Found:
    found = _Found()
    with file:
        for done, cutout in enumerate(cutouts, start=1):
            file.append(cutout.pixels)
            found.add(cutout)
            if progress is not None:
                progress(done, total)
    return found
