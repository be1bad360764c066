"""The two ways to store cutouts: a FITS file each, or one array for all."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.read_limits import one_line
from toomre.mosaics.stamp_header import stamp_header
from toomre.preparation.image_file import ImageFile

__all__ = ["ArrayWriter", "CutoutWriter", "FitsWriter", "Written"]

_IN_A_FOLDER = 1000


class Written(NamedTuple):
    """One cutout to store: its row, its name, its pixels and where they are on the sky."""

    row: int
    image_id: str
    cutout: Cutout
    wcs: WCS | None


class CutoutWriter(AbstractContextManager["CutoutWriter"]):
    """Something that stores one cutout after another.

    Parameters
    ----------
    folder
        Where to store them.
    count
        How many there will be.
    """

    #: What it makes in the folder.
    NAME: ClassVar[str]

    def __init__(self, folder: Path, count: int) -> None:
        self._path = folder / self.NAME
        self._count = count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def write(self, item: Written) -> str:
        """Store a cutout; return the name of its file below the folder, or nothing."""
        raise NotImplementedError


class FitsWriter(CutoutWriter):
    """A FITS file a cutout: a plane a band, named by the row, a thousand to a folder."""

    NAME = "images"

    def write(self, item: Written) -> str:
        """Store a cutout; a bad one has no file."""
        pixels = item.cutout.pixels
        if pixels is None or item.wcs is None:
            return ""
        header = stamp_header(item.wcs)
        for number, band in enumerate(item.cutout.bands or (), start=1):
            header[f"BAND{number}"] = one_line(band, 60)
        header["IMAGEID"] = (one_line(item.image_id, 60), "see the catalogue for the whole name")
        header["FLAGS"] = (item.cutout.flags.value, "bits of toomre.images.flags.Flag")
        name = f"{item.row // _IN_A_FOLDER:06d}/{item.row:09d}.fits"
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fits.PrimaryHDU(np.asarray(pixels, dtype=">f4"), header).writeto(path, checksum=True)
        return f"{self.NAME}/{name}"


class ArrayWriter(CutoutWriter):
    """All cutouts in one ``.npy`` (image, band, y, x), float32; bad ones are NaN."""

    NAME = "images.npy"

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(folder, count)
        self._stack = ExitStack()
        self._file: ImageFile | None = None
        self._shape: tuple[int, ...] = ()
        self._waiting = 0  # bad cutouts before the first that tells the shape

    def __exit__(self, *error: object) -> None:
        if self._file is None and error[0] is None:
            raise ArgumentError(
                f"None of the {self._count} positions has a stamp in the mosaics, so there is "
                "nothing to store. Are right ascension and declination in degrees (ICRS)?"
            )
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def write(self, item: Written) -> str:
        """Store a cutout, or NaN in its place."""
        pixels = item.cutout.pixels
        if self._file is None and pixels is None:
            self._waiting += 1
            return ""
        if self._file is None and pixels is not None:
            band, y, x = self._shape = pixels.shape
            self._file = self._stack.enter_context(ImageFile(self._path, (self._count, band, y, x)))
            for _ in range(self._waiting):
                self._file.append(None)
        if pixels is not None and pixels.shape != self._shape:
            allowed = f"stamps of one shape, {self._shape}, for one array"
            hint = "Resample them (--pixels), or write FITS."
            raise ArgumentError.expected("layout", allowed, pixels.shape, hint)
        if self._file is not None:
            self._file.append(pixels)
        return ""
