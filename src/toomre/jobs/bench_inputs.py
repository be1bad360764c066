"""Inputs of each kind, drawn for `toomre bench`: how quickly `classify` reads, checks and cuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray
from PIL import Image

from toomre.images.loading import Facts
from toomre.inference.readings import Reading, Wish
from toomre.inference.rows import Rows
from toomre.jobs.classify_inputs import open_inputs
from toomre.mosaics.options import StampOptions
from toomre.mosaics.patterns import MosaicSource
from toomre.networks.card import ModelCard
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source

__all__ = ["Sample", "draw_samples"]

_SCALE = 0.4  # arcsec/pixel, where the card has none
_MOSAIC_SIDE = 12  # in stamps
_PICTURE_BANDS = 3


@dataclass(frozen=True, eq=False)
class Sample:
    """Some inputs of one kind.

    Attributes
    ----------
    count
        How many.
    read
        Reads all as `toomre.classify` does, up to what the network takes.
    """

    count: int
    read: Callable[[], list[Reading]]


def draw_samples(card: ModelCard, folder: Path, count: int) -> Mapping[str, Sample]:
    """Write inputs for a model into a folder: name -> sample.

    Packed images are `count`, pictures and stamps from mosaics a fourth of it, FITS files an
    eighth. Pictures are left out where the model has not three bands.

    Parameters
    ----------
    card
        What the model takes.
    folder
        An empty one.
    count
        At least 8.
    """
    images = _draw(card, count, np.random.default_rng(1))
    samples = {"packed .npy": _packed(card, folder / "packed.npy", images)}
    samples["FITS, a file a band"] = _separate(card, folder / "fits", images[: count // 8])
    if images.shape[1] == _PICTURE_BANDS:
        samples["JPEG"] = _pictures(card, folder / "jpeg", images[: count // 4])
    samples["stamps from mosaics"] = _stamps(card, folder / "mosaics", count // 4)
    return samples


def _draw(card: ModelCard, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return galaxies on noise, at the size from which the model's images are cut."""
    wanted = card.input
    size = int(np.ceil(wanted.grid.crop or wanted.grid.size))
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    galaxy = 10 * np.exp(-np.hypot(x, y) / (0.06 * size))
    shape = (len(wanted.bands), 1, 1)
    mean, std = np.reshape(wanted.mean, shape), np.reshape(wanted.std, shape)
    images = np.empty((count, len(wanted.bands), size, size), np.float32)
    for image in images:
        image[...] = mean + std * (galaxy + 0.3 * rng.normal(size=image.shape))
    return np.clip(images, 0, 255) if wanted.encoding == "display" else images


def _packed(card: ModelCard, path: Path, images: NDArray[np.float32]) -> Sample:
    np.save(path, images)
    return _sample(card, Source(path), len(images))


def _separate(card: ModelCard, folder: Path, images: NDArray[np.float32]) -> Sample:
    folder.mkdir()
    for number, image in enumerate(images):
        for band, plane in zip(card.input.bands, image, strict=True):
            fits.writeto(folder / f"{number}_{band}.fits", plane)
    return _sample(card, Source(folder, "{image_id}_{band}.fits"), len(images))


def _pictures(card: ModelCard, folder: Path, images: NDArray[np.float32]) -> Sample:
    folder.mkdir()
    for number, image in enumerate(images):
        low, high = image.min(), image.max()
        shown = (255 * (image - low) / (high - low)).astype(np.uint8)
        Image.fromarray(np.moveaxis(shown, 0, -1)).save(folder / f"{number}.jpg", quality=90)
    return _sample(card, Source(folder), len(images))


def _stamps(card: ModelCard, folder: Path, count: int) -> Sample:
    folder.mkdir()
    rng = np.random.default_rng(2)
    grid = card.input.grid
    scale = grid.native_pixel_scale or _SCALE
    stamp = grid.crop or grid.size
    side = int(_MOSAIC_SIDE * stamp)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 2.0], [side / 2] * 2
    wcs.wcs.cdelt = [-scale / 3600, scale / 3600]
    pixels = rng.normal(size=(side, side)).astype(np.float32)
    files = {band: folder / f"{band}.fits" for band in card.input.bands}
    for path in files.values():
        fits.writeto(path, pixels, wcs.to_header())
    ra, dec = wcs.all_pix2world(*rng.uniform(stamp, side - stamp, (2, count)), 0)
    table = pd.DataFrame({"image_id": np.arange(count).astype(str), "ra": ra, "dec": dec})
    table.to_csv(folder / "positions.csv", index=False)
    source = MosaicSource(files, StampOptions(size_arcsec=stamp * scale))
    return _sample(card, source, count, folder / "positions.csv")


def _sample(
    card: ModelCard, source: Source | MosaicSource, count: int, table: Path | None = None
) -> Sample:
    bands = None if isinstance(source, MosaicSource) else card.input.bands
    facts = Facts(bands, None, card.input.encoding)
    wish = Wish(card, facts, allow_domain=True)
    inputs = open_inputs(source, (table, Columns(label="", galaxy_id="", redshift="")), wish, None)
    return Sample(count, partial(_read, inputs.rows(0, count), wish))


def _read(rows: Rows, wish: Wish) -> list[Reading]:
    return list(rows.readings(wish, 0, len(rows)))
