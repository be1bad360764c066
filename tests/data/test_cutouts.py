from __future__ import annotations

import numpy as np
import pandas as pd
from astropy.io import fits
from PIL import Image


def test_every_format_holds_the_same_galaxy(drawn_cutouts):
    formats = drawn_cutouts / "formats"
    stack = np.load(formats / "stack.npy", allow_pickle=False)
    first = stack[0]
    assert np.array_equal(np.load(formats / "cutout.npy", allow_pickle=False), first)
    assert np.array_equal(fits.getdata(formats / "cube.fits"), first)
    with fits.open(formats / "extensions.fits") as hdus:
        assert [hdu.name for hdu in hdus[1:]] == ["I", "R", "G"]
        assert np.array_equal(np.stack([hdu.data for hdu in hdus[1:]]), first)
    for plane, band in zip(first, "irg", strict=True):
        assert np.array_equal(fits.getdata(formats / "bands" / f"drawn_001_{band}.fits"), plane)
    for name in ("cutout.png", "cutout.tiff"):
        with Image.open(formats / name) as picture:
            assert np.array_equal(np.moveaxis(np.asarray(picture), -1, 0), first)


def test_table_names_the_jpegs(drawn_cutouts):
    table = pd.read_csv(drawn_cutouts / "table.csv")
    files = sorted(path.name for path in (drawn_cutouts / "jpeg").iterdir())
    assert table["file"].tolist() == files
    assert len(table) == 8
    stack = np.load(drawn_cutouts / "formats" / "stack.npy", allow_pickle=False)
    for file, image in zip(files, stack, strict=True):
        with Image.open(drawn_cutouts / "jpeg" / file) as picture:
            pixels = np.moveaxis(np.asarray(picture), -1, 0).astype(float)
        assert np.abs(pixels - image).mean() < 3  # lossy, but the same
