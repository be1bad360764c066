from __future__ import annotations

import numpy as np
import typer
from astropy.io import fits
from tests.mosaics.conftest import header_of, make_wcs
from typer.testing import CliRunner

from toomre.cli.cutouts import cutouts

app = typer.Typer()
app.command()(cutouts)


def test_the_options_are_handed_on(tmp_path, rng):
    wcs = make_wcs()
    for number in (1, 2):
        pixels = rng.normal(size=(300, 400)).astype(np.float32)
        hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels, header_of(wcs), name="A")])
        hdus.append(fits.ImageHDU((pixels > 3).astype("i2"), name="DQ"))
        hdus.append(fits.ImageHDU(pixels, header_of(wcs), name="B"))
        hdus.writeto(tmp_path / f"tile_{number}.fits")
    ra, dec = wcs.all_pix2world([100.0, 200.0, 900.0], [100.0, 150.0, 900.0], 0)
    rows = "".join(f"g{i},{a},{d},2\n" for i, (a, d) in enumerate(zip(ra, dec, strict=True)))
    (tmp_path / "t.csv").write_text("name,lon,lat,radius\n" + rows)
    arguments = (
        *(f"g={tmp_path}/tile_?.fits", "--catalog", tmp_path / "t.csv", "--out", tmp_path / "out"),
        *("--size-column", "radius", "--size-factor", 6, "--pixels", 40, "--layout", "npy"),
        *("--id-column", "name", "--ra-column", "lon", "--dec-column", "lat", "--extension", "A"),
        *("--mask-extension", "DQ", "--mask-bits", 1, "--psf-target", 1.5, "--psf-fwhm", "g=1.2"),
    )
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("3 stamps: ok ")
    assert lines[0].endswith(", bad 1")
    assert "  outside: 1" in lines
    images = np.load(tmp_path / "out" / "images.npy")
    assert images.shape == (3, 1, 40, 40)
    assert np.isfinite(images[:2]).all()
    assert np.isnan(images[2]).all()
