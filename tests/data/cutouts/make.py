"""Draw a few SDSS-like cutouts and write them in every format that toomre reads.

    python tests/data/cutouts/make.py FOLDER [SEED]

The cutouts are drawings (`toomre.mocks.drawing`); nothing written here is committed. In FOLDER:

    jpeg/*.jpg              eight cutouts, mergers and nonmergers in turn
    table.csv               image_id, file, label, kind, ra, dec, redshift
    formats/cube.fits       the first cutout: bands along the first axis
    formats/extensions.fits one image extension a band (I, R, G)
    formats/bands/*.fits    one file a band
    formats/stack.npy       all cutouts (image, band, y, x), 0 to 255
    formats/cutout.npy      the first cutout (band, y, x)
    formats/cutout.png, .tiff

The FITS files hold float32 and a pixel scale; their values are those of the picture, not flux.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from numpy.typing import NDArray
from PIL import Image

from toomre.mocks.drawing import draw_sample
from toomre.mocks.sdss_picture import BANDS, JPEG_QUALITY, PIXEL_SCALE

__all__ = ["COUNT", "header", "main", "write_formats", "write_jpegs"]

COUNT = 8


def write_jpegs(folder: Path, images: NDArray[np.uint8], table: pd.DataFrame) -> None:
    """Write ``jpeg/<image_id>.jpg`` and ``table.csv``."""
    (folder / "jpeg").mkdir(parents=True)
    table = table.assign(file=[f"{name}.jpg" for name in table["image_id"]])
    for file, image in zip(table["file"], images, strict=True):
        picture = Image.fromarray(np.moveaxis(image, 0, -1))
        picture.save(folder / "jpeg" / file, quality=JPEG_QUALITY)
    table.to_csv(folder / "table.csv", index=False, lineterminator="\n")


def write_formats(folder: Path, images: NDArray[np.uint8]) -> None:
    """Write the first cutout in each other format, and all of them as one stack."""
    folder = folder / "formats"
    (folder / "bands").mkdir(parents=True)
    first = images[0].astype(np.float32)
    fits.PrimaryHDU(first, header()).writeto(folder / "cube.fits")
    planes = [
        fits.ImageHDU(plane, header(band), name=band.upper())
        for band, plane in zip(BANDS, first, strict=True)
    ]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(folder / "extensions.fits")
    for band, plane in zip(BANDS, first, strict=True):
        fits.PrimaryHDU(plane, header(band)).writeto(folder / "bands" / f"drawn_001_{band}.fits")
    np.save(folder / "stack.npy", images, allow_pickle=False)
    np.save(folder / "cutout.npy", first, allow_pickle=False)
    picture = Image.fromarray(np.moveaxis(images[0], 0, -1))
    picture.save(folder / "cutout.png")
    picture.save(folder / "cutout.tiff")


def header(band: str = "") -> fits.Header:
    """Return a header with the pixel scale of a tangential projection, and the band."""
    cards = {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CRVAL1": 180.0,
        "CRVAL2": 30.0,
        "CRPIX1": 128.5,
        "CRPIX2": 128.5,
        "CDELT1": -PIXEL_SCALE / 3600,
        "CDELT2": PIXEL_SCALE / 3600,
    }
    if band:
        cards["FILTER"] = band
    return fits.Header(cards)


def main(folder: Path | str, seed: int = 1) -> Path:
    """Write everything into a folder that has none of it yet, and return the folder."""
    folder = Path(folder)
    images, table = draw_sample(COUNT, np.random.default_rng(seed))
    write_jpegs(folder, images, table)
    write_formats(folder, images)
    return folder


if __name__ == "__main__":
    main(sys.argv[1], *(int(text) for text in sys.argv[2:3]))
