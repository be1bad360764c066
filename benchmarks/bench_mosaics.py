"""Cutting stamps from a mosaic against a loop over astropy's Cutout2D, and reading packed images.

One thread, variants interleaved in one process. The mosaic is simulated: 10,000 x 10,000 pixels
of noise and galaxies, float32. Both sides give native float32 arrays, which are compared bit by
bit first. The loop is written as one would: a `SkyCoord` and a `Cutout2D` for each position. The
packed store is a ``.npy`` memory map read in random batches, against three FITS files a cutout.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS
from numpy.typing import NDArray
from timing import seconds

from toomre.mosaics.band import Band
from toomre.mosaics.frame import open_frame
from toomre.mosaics.options import StampOptions
from toomre.mosaics.stamps import Mosaics
from toomre.mosaics.windows import find_windows

SIDE, STAMP, STAMPS, LOOPED = 10_000, 75, 10_000, 400
SCALE = 0.36  # arcsec/pixel
PACKED, FILES, BATCH = 20_000, 200, 256
CUT_FLOOR, READ_FLOOR = 80, 100
ROUNDS = 5


def make_mosaic(folder: Path) -> Path:
    """Write noise with a faint pattern, repeated; an image of the sky is not needed here."""
    rng = np.random.default_rng(1)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.1, 2.2], [SIDE / 2 + 0.5] * 2
    wcs.wcs.cdelt = [-SCALE / 3600, SCALE / 3600]
    header = wcs.to_header()
    header["RADESYS"] = "ICRS"
    strip = rng.normal(size=(SIDE // 10, SIDE)).astype(np.float32)
    path = folder / "mosaic.fits"
    fits.writeto(path, np.tile(strip, (10, 1)), header)
    return path


def cutting(folder: Path) -> tuple[float, float, float]:
    """Return stamps a second of the loop, of pixels alone and of `Mosaics`, if they agree."""
    path = make_mosaic(folder)
    wcs = WCS(fits.getheader(path))
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, SIDE - 1, (2, STAMPS))
    ra, dec = wcs.all_pix2world(x, y, 0)
    table = pd.DataFrame({"ra": ra, "dec": dec})
    options = StampOptions(size_arcsec=STAMP * SCALE)
    mosaics = Mosaics.open({"r": path}, table, options)
    with fits.open(path, memmap=True) as hdus:
        data = hdus[0].data

        def loop() -> list[NDArray[np.float32]]:
            cut = []
            for one_ra, one_dec in zip(ra[:LOOPED], dec[:LOOPED], strict=True):
                place = SkyCoord(one_ra * units.deg, one_dec * units.deg)
                stamp = Cutout2D(data, place, (STAMP, STAMP), wcs=wcs, mode="partial")
                cut.append(stamp.data.astype(np.float32))
            return cut

        def vectorised() -> int:
            return sum(len(batch.cutouts) for batch in mosaics.batches(order="read"))

        band = Band("r", [open_frame(path, None, options)])
        buffer = np.empty((STAMPS, STAMP, STAMP), np.float32)
        sizes = np.full(STAMPS, options.size_arcsec)

        def windows() -> None:
            band.fill(buffer, find_windows(band.frames, ra, dec, sizes))

        windows()
        found = zip(loop(), mosaics.stamps(range(LOOPED)), strict=True)
        for number, (one, other) in enumerate(found):
            if not np.array_equal(one, other.pixels[0], equal_nan=True):
                raise SystemExit("the two ways differ: nothing to compare")
            if not np.array_equal(one, buffer[number], equal_nan=True):
                raise SystemExit("the two ways differ: nothing to compare")
        vectorised()
        works = (loop, windows, vectorised)
        times = [[seconds(work) for work in works] for _ in range(ROUNDS)]
    slow, pixels, stamps = np.median(times, axis=0)
    return LOOPED / slow, STAMPS / pixels, STAMPS / stamps


def reading(folder: Path) -> tuple[float, float]:
    """Return cutouts a second from three FITS files each, and from one ``.npy`` memory map."""
    rng = np.random.default_rng(3)
    packed = folder / "images.npy"
    shape = (PACKED, 3, STAMP, STAMP)
    images = np.lib.format.open_memmap(packed, "w+", np.float32, shape)
    for start in range(0, PACKED, 1000):
        images[start : start + 1000] = rng.normal(size=(1000, *shape[1:]))
    for number in range(FILES):
        for band, plane in zip("gri", images[number], strict=True):
            fits.writeto(folder / f"{number}_{band}.fits", plane)
    del images
    stack = np.load(packed, mmap_mode="r")
    order = rng.permutation(PACKED)

    def separate() -> list[NDArray[np.float32]]:
        names = [[folder / f"{n}_{band}.fits" for band in "gri"] for n in range(FILES)]
        return [np.stack([fits.getdata(name) for name in each]) for each in names]

    def gathered() -> int:
        return sum(
            len(stack[np.sort(order[start : start + BATCH])]) for start in range(0, PACKED, BATCH)
        )

    if not np.array_equal(np.array(separate()), stack[:FILES]):
        raise SystemExit("the two ways differ: nothing to compare")
    gathered()
    times = [(seconds(separate), seconds(gathered)) for _ in range(ROUNDS)]
    slow, fast = np.median(times, axis=0)
    return FILES / slow, PACKED / fast


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        loop, pixels, stamps = cutting(Path(name))
        print(f"# Cutout2D {loop:.0f}/s, pixels {pixels:.0f}/s, with flags {stamps:.0f}/s")
        print(f"mosaics_pixels  ratio {pixels / loop:.0f}  floor {CUT_FLOOR}")
        print(f"mosaics_cutouts  ratio {stamps / loop:.0f}  (whole `Cutout` objects, no floor)")
        slow, fast = reading(Path(name))
        print(f"# three FITS files {slow:.0f}/s, packed {fast:.0f}/s")
        print(f"packed_reading  ratio {fast / slow:.0f}  floor {READ_FLOOR}")


if __name__ == "__main__":
    main()
