"""A user's own set in the place of a table's real target: opened, and checked before all else."""

from __future__ import annotations

from pathlib import Path

from toomre.errors import ArgumentError, MissingFileError
from toomre.images.grid import Grid
from toomre.images.resample import SCALE_FLAGGED
from toomre.mocks.observing import with_picture_bands
from toomre.mocks.pairs import PAIRS
from toomre.preparation.catalog import has_labels
from toomre.preparation.prepared import PreparedSet
from toomre.reproduction.table import Images

__all__ = ["SIZE", "open_target"]

#: Pixels on a side of the images of the published tables.
SIZE = 75


def open_target(folder: Path, images: Images) -> PreparedSet:
    """Open a prepared set that is to take the place of some images, if it fits.

    It fits with the same bands in the same order, 75 pixels or more on a side, a pixel scale
    within 2 % or not known, and labels, which serve to test.

    Parameters
    ----------
    folder
        Of the prepared set.
    images
        Whose place it takes; replaceable.

    Raises
    ------
    MissingFileError
        If the folder is no prepared set; as every error here, it gives the command for one.
    ArgumentError
        If bands, pixel scale or size do not fit, or there are no labels.
    """
    pair, name = images.mocks.split("/")
    twin = PAIRS[pair]().twins[name]
    bands = images.bands or with_picture_bands(twin.plan)
    native = twin.plan.pixel_scale or twin.survey.pixel_scale
    grid = Grid(size=SIZE, crop=images.crop or SIZE, native_pixel_scale=native)
    hint = (
        f"From pictures with pixels of {native:g} arcsec `toomre prepare PICTURES --catalog TABLE "
        f"--bands {','.join(bands)} --pixel-scale {native:g} --crop {grid.crop:g} --size {SIZE} "
        f"--no-stratify --out FOLDER` makes a fitting set."
    )
    if not (folder / "dataset.json").is_file():
        raise MissingFileError(f"The target {folder} is not a prepared data set. {hint}")
    prepared = PreparedSet.open(folder, verify=True)
    _check(prepared, bands, grid.pixel_scale, hint)
    return prepared


def _check(prepared: PreparedSet, bands: tuple[str, ...], scale: float | None, hint: str) -> None:
    info = prepared.info
    if info.bands != bands:
        raise ArgumentError.expected("the target's bands", str(bands), info.bands, hint)
    found = info.grid.pixel_scale or info.pixel_scale
    if scale and found and abs(found / scale - 1) > SCALE_FLAGGED:
        allowed = f"within 2 % of {scale:.4g} arcsec/pixel"
        raise ArgumentError.expected("the target's pixel scale", allowed, found, hint)
    if min(info.shape[-2:]) < SIZE:
        allowed = f"{SIZE} pixels or more on a side"
        raise ArgumentError.expected("the target's images", allowed, info.shape[-2:], hint)
    if prepared.split is None or not has_labels(prepared.catalog):
        allowed = "labelled: the labels serve to test"
        raise ArgumentError.expected("the target's images", allowed, "no label", hint)
