"""The prepared data set: one folder with images, a catalogue, a split and what made them.

The folder holds ``images.npy`` (N, band, y, x; float32; memory-mapped when read),
``catalog.parquet`` (one row an image, in the same order), ``split.csv`` and
``dataset.json`` (`PreparedInfo`), which is written last: a folder without it is unfinished.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.images.grid import Grid
from toomre.preparation.split import Protocol, Split
from toomre.preparation.vote_table import has_votes
from toomre.storage import read_json, sha256_bytes, sha256_file
from toomre.surveys.vote_tree import ANSWERS

__all__ = ["PreparedInfo", "PreparedSet"]


class PreparedInfo(BaseModel):
    """What ``dataset.json`` holds: enough to read, check and make the data set again.

    Attributes
    ----------
    bands
        Names of the bands in order.
    encoding
        ``"linear"`` (flux) or ``"display"`` (0 to 255).
    unit
        Unit of the pixel values, as the user gave it; empty where they are unitless or unknown.
    grid
        How each input was cropped and resampled.
    pixel_scale
        Pixel scale of the stored images [arcsec/pixel], or None if unknown.
    shape
        Shape of ``images.npy``: (image, band, y, x).
    images_sha256, catalog_sha256
        SHA-256 of ``images.npy`` and ``catalog.parquet``.
    status_counts
        How many images are ok, warn and bad.
    left_out
        How many images of the input no row of the table has.
    command
        The command that made the folder.
    version
        The version of toomre that made it.
    seed
        The seed of the split.
    protocol
        ``"grouped"``: split by galaxy; ``"paper"``: the published split, which has copies of
        the test images in training.
    split_by_label
        Whether the parts were drawn so that each has its share of this set's two classes; None
        if the set was made before this was recorded.
    created
        UTC time, ISO 8601.
    psf_fwhm
        Full width at half maximum of a star in each band [arcsec]; empty where it is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["toomre-prepared-1"] = "toomre-prepared-1"
    bands: tuple[str, ...]
    encoding: Literal["linear", "display"]
    unit: str = ""
    grid: Grid
    pixel_scale: float | None
    shape: tuple[int, int, int, int]
    images_sha256: str
    catalog_sha256: str
    status_counts: Mapping[str, int]
    left_out: int = 0
    command: str
    version: str
    seed: int
    protocol: Protocol = "grouped"
    split_by_label: bool | None = None
    created: str
    psf_fwhm: tuple[float, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether toomre made the images, and did not only prepare them."""
        return self.command.startswith(("toomre simulate ", "toomre observe "))

    @property
    def sha256(self) -> str:
        """One hash of the images and the catalogue together."""
        return sha256_bytes(f"{self.images_sha256}{self.catalog_sha256}".encode())


@dataclass(frozen=True, eq=False)
class PreparedSet:
    """A prepared data set on disk, opened for reading.

    Attributes
    ----------
    folder
        Where it is.
    info
        What ``dataset.json`` says.
    catalog
        One row an image: `image_id`, `galaxy_id`, `label` (1 merger, 0 nonmerger, missing
        where unknown), `ra`, `dec`, `redshift`, `status`, `flags`, `reason` and every other
        column of the user's table.
    images
        Read-only memory map, (image, band, y, x), float32; NaN where an image is bad.
    split
        Which image belongs to which part, or None where there are no labels to split by.
    """

    folder: Path
    info: PreparedInfo
    catalog: pd.DataFrame
    images: NDArray[np.float32]
    split: Split | None

    @classmethod
    def open(cls, folder: Path | str, *, verify: bool = False) -> PreparedSet:
        """Open a prepared folder.

        Parameters
        ----------
        folder
            The folder that ``toomre prepare`` wrote.
        verify
            Also compute the SHA-256 of the images and of the catalogue.

        Raises
        ------
        MissingFileError
            If the folder is not there or not finished.
        CorruptFileError
            If its parts do not belong together.
        """
        folder = Path(folder)
        if not (folder / "dataset.json").is_file():
            raise MissingFileError(
                f"{folder} is not a prepared data set: it has no dataset.json. "
                "Run `toomre prepare` to make one; an unfinished one must be made again."
            )
        try:
            info = PreparedInfo.model_validate(read_json(folder / "dataset.json"))
        except ValidationError as error:
            raise CorruptFileError(f"{folder / 'dataset.json'} is not valid: {error}") from error
        if verify:
            _verify(folder, {"images.npy": info.images_sha256})
        # The catalogue is small, and a wrong label is the worst error of all.
        _verify(folder, {"catalog.parquet": info.catalog_sha256})
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        catalog = pd.read_parquet(folder / "catalog.parquet")
        if images.shape != info.shape or len(catalog) != len(images):
            raise CorruptFileError(
                f"{folder}: images.npy has shape {images.shape}, dataset.json says {info.shape}, "
                f"and catalog.parquet has {len(catalog)} rows. Prepare the data set again."
            )
        split_path = folder / "split.csv"
        split = Split.read(split_path) if split_path.exists() else None
        return cls(folder, info, catalog, images, split)

    @classmethod
    def of(cls, data: PreparedSet | Path | str) -> PreparedSet:
        """Return a set as it is; or open the folder of one, and verify what it holds."""
        return data if isinstance(data, PreparedSet) else cls.open(data, verify=True)

    def own_split(self) -> Split:
        """Return the split.

        Raises
        ------
        ArgumentError
            If there is none.
        """
        if self.split is None:
            raise ArgumentError(f"{self.folder} has no split, for its images have no labels.")
        return self.split

    def __len__(self) -> int:
        return len(self.catalog)

    def summary(self) -> dict[str, Any]:
        """Return the counts that a person wants to see first."""
        labels = self.catalog["label"]
        return {
            "images": len(self),
            "galaxies": int(self.catalog["galaxy_id"].nunique()),
            "mergers": int((labels == 1).sum()),
            "nonmergers": int((labels == 0).sum()),
            "unlabelled": int(labels.isna().sum()),
            **{status: self.info.status_counts.get(status, 0) for status in ("ok", "warn", "bad")},
            "left_out": self.info.left_out,
            "without_votes": self._without_votes(),
        }

    def _without_votes(self) -> int:
        """Count the images that are not bad and lack some of the votes that the set has."""
        if not has_votes(self.catalog):
            return 0
        missing = self.catalog[list(ANSWERS)].isna().any(axis=1)
        return int((missing & (self.catalog["status"] != "bad")).sum())


def _verify(folder: Path, expected: Mapping[str, str]) -> None:
    for name, wanted in expected.items():
        path = folder / name
        if not path.is_file():
            raise MissingFileError(f"{folder} has no {name}. Prepare the data set again.")
        found = sha256_file(path)
        if found != wanted:
            raise CorruptFileError(
                f"{path} has SHA-256 {found}, but dataset.json says {wanted}: the file was "
                "changed or damaged after it was prepared. Prepare the data set again."
            )
