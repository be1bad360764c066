"""Files of every kind and every defect: read as astropy reads them, or refused with a flag."""

from __future__ import annotations

import bz2
import gzip

import numpy as np
import pytest
from astropy.io import fits
from tests.mosaics.conftest import header_of, make_wcs

from toomre.errors import ArgumentError
from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError
from toomre.mosaics.cutting import cut_window
from toomre.mosaics.frame import open_frame
from toomre.mosaics.options import StampOptions

SHAPE = (90, 120)
OPTIONS = StampOptions(size_arcsec=4.0)


@pytest.fixture
def header():
    return header_of(make_wcs(shape=SHAPE))


def image_of(dtype, rng):
    return (100 * rng.normal(size=SHAPE) + 300).astype(dtype)


def check_against_astropy(path, index=0, **changes):
    """Every window is what astropy gives for the whole image."""
    frame = open_frame(path, None, StampOptions(size_arcsec=4.0, **changes))
    with fits.open(path, memmap=False, uint=False) as hdus:
        whole = np.asarray(hdus[index].data, dtype=np.float32)
    pixels = frame.pixels()
    assert frame.shape == pixels.shape == whole.shape
    for y0, x0 in ((0, 0), (31, 77), (70, 100), (17, 3)):
        np.testing.assert_array_equal(
            cut_window(pixels, y0, x0, 20), whole[y0 : y0 + 20, x0 : x0 + 20]
        )
    return frame


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8", "f4", "f8"])
def test_pixel_types(dtype, header, tmp_path, rng):
    fits.writeto(tmp_path / "m.fits", image_of(dtype, rng), header)
    check_against_astropy(tmp_path / "m.fits")


@pytest.mark.parametrize(
    ("dtype", "scale", "zero", "blank"),
    [("i2", 0.37, 11.5, -7), ("i4", 1e-3, 0, 300), ("i2", 1, 32768, None), ("f4", 2.5, -1, None)],
)
def test_scaled_and_blank(dtype, scale, zero, blank, header, tmp_path, rng):
    fits.writeto(tmp_path / "m.fits", image_of(dtype, rng), header)
    with fits.open(tmp_path / "m.fits", "update", do_not_scale_image_data=True) as hdus:
        hdus[0].header["BSCALE"], hdus[0].header["BZERO"] = scale, zero
        if blank is not None:
            hdus[0].data[5, 5] = blank
            hdus[0].header["BLANK"] = blank
    frame = check_against_astropy(tmp_path / "m.fits")
    assert np.isnan(frame.pixels()[5:6, 5:6]).all() == (blank is not None)


@pytest.mark.parametrize(("codec", "dtype"), [("RICE_1", "i2"), ("RICE_1", "f4"), ("GZIP_2", "f4")])
@pytest.mark.parametrize("tile", [None, (32, 32)])
def test_tile_compressed(codec, dtype, tile, header, tmp_path, rng):
    image = image_of(dtype, rng)
    if dtype == "f4":
        image[20:24, 60:90] = np.nan
    hdu = fits.CompImageHDU(image, header, compression_type=codec, tile_shape=tile)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "m.fits.fz")
    check_against_astropy(tmp_path / "m.fits.fz", 1)


def test_strips_are_put_together(header, tmp_path, rng, monkeypatch):
    monkeypatch.setattr("toomre.mosaics.pixels._STRIP_BYTES", 8 * SHAPE[1] * 10)
    hdu = fits.CompImageHDU(image_of("i4", rng), header, compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "m.fz")
    check_against_astropy(tmp_path / "m.fz", 1)


@pytest.mark.parametrize(("pack", "ending"), [(gzip.compress, "gz"), (bz2.compress, "bz2")])
def test_packed_whole(pack, ending, header, tmp_path, rng):
    fits.writeto(tmp_path / "m.fits", image_of("f4", rng), header)
    path = tmp_path / f"m.fits.{ending}"
    path.write_bytes(pack((tmp_path / "m.fits").read_bytes()))
    assert check_against_astropy(path).held > 0


def test_the_right_extension(header, tmp_path, rng):
    images = [image_of("f4", rng) for _ in range(3)]
    names = ("SCI", "ERR", "DQ")
    hdus = [fits.ImageHDU(im, header, name=n) for im, n in zip(images, names, strict=True)]
    path = tmp_path / "m.fits"
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    for extension, image in ((None, 0), ("err", 1), ("3", 2)):
        pixels = open_frame(path, extension, OPTIONS).pixels()
        np.testing.assert_array_equal(pixels[0:90, 0:120], images[image])
    with pytest.raises(BadInputError, match="no image called 'G'; it has 1 SCI, 2 ERR, 3 DQ"):
        open_frame(path, "G", OPTIONS)


def test_masks_and_weights(header, tmp_path, rng):
    image = image_of("f4", rng)
    mask = rng.integers(0, 8, SHAPE).astype("i4")
    weight = rng.integers(-1, 2, SHAPE).astype("f4")
    path = tmp_path / "m.fits"
    planes = [fits.ImageHDU(mask, name="DQ"), fits.ImageHDU(weight, name="WHT")]
    fits.HDUList([fits.PrimaryHDU(image, header), *planes]).writeto(path)
    for name, bits, bad in (
        ("DQ", None, mask != 0),
        ("DQ", 6, (mask & 6) != 0),
        ("WHT", None, weight <= 0),
    ):
        options = StampOptions(size_arcsec=4.0, mask_extension=name, mask_bits=bits)
        pixels = open_frame(path, "0", options).pixels()[0:90, 0:120]
        np.testing.assert_array_equal(pixels, np.where(bad, np.nan, image))
    with pytest.raises(ArgumentError, match="`mask_bits` to be left out for the plane WHT"):
        open_frame(path, "0", StampOptions(mask_extension="WHT", mask_bits=6))


def flag_of(path, extension=None, options=OPTIONS):
    with pytest.raises(BadInputError) as caught:
        open_frame(path, extension, options)
    return caught.value.flag


def test_every_defect_has_its_flag(header, tmp_path, rng):
    """The bad FITS files that reliability asks about, each refused before any pixel is cut."""
    path = tmp_path / "good.fits"
    fits.writeto(path, image_of("f4", rng), header, checksum=True)
    whole = path.read_bytes()
    data = whole.index(b"END" + b" " * 77) + 2880

    def made(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    def card(key, value):
        start = whole.index(f"{key:8s}=".encode())
        return whole[:start] + f"{key:8s}= {value:>20}".encode().ljust(80) + whole[start + 80 :]

    flipped = bytearray(whole)
    flipped[data + 500] ^= 1
    assert flag_of(tmp_path / "none.fits") == Flag.MISSING_FILE
    assert flag_of(tmp_path) == Flag.UNREADABLE
    assert flag_of(made("empty.fits", b"")) == Flag.UNREADABLE
    assert flag_of(made("short.fits", whole[:1000])) == Flag.UNREADABLE
    assert flag_of(made("half.fits", whole[: len(whole) // 2])) == Flag.TRUNCATED
    assert flag_of(made("flipped.fits", bytes(flipped))) == Flag.CHECKSUM
    assert flag_of(made("huge.fits", card("NAXIS1", 2_000_000_000))) == Flag.TRUNCATED
    assert flag_of(made("minus.fits", card("NAXIS1", -75))) == Flag.HEADER
    assert flag_of(made("bitpix.fits", card("BITPIX", 7))) == Flag.HEADER
    assert flag_of(made("html.fits", b"<html>404 not found</html>".ljust(3000))) == Flag.NOT_FITS
    assert flag_of(made("text.fits", b"404".ljust(3000))) == Flag.NOT_FITS
    assert flag_of(made("x.jpg", b"\xff\xd8\xff\xe0".ljust(3000))) == Flag.NOT_FITS
    assert flag_of(made("bad.fits.gz", gzip.compress(whole)[:-900])) == Flag.TRUNCATED
    unchecked = StampOptions(size_arcsec=4.0, checksums=False)
    assert open_frame(tmp_path / "flipped.fits", None, unchecked).flags == ()
    fits.writeto(tmp_path / "short.fits", image_of("i2", rng), header, overwrite=True)
    whole = (tmp_path / "short.fits").read_bytes()
    padding = open_frame(made("padding.fits", whole[:-10]), None, unchecked)
    assert [flag for flag, _ in padding.flags] == [Flag.PADDING]


def test_images_that_are_none(header, tmp_path, rng):
    def flagged(hdus, extension=None):
        fits.HDUList(hdus).writeto(tmp_path / "m.fits", overwrite=True)
        return flag_of(tmp_path / "m.fits", extension)

    image = image_of("f4", rng)
    column = fits.Column("x", "E", array=np.ones(3))
    assert flagged([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column])]) == Flag.NO_IMAGE
    assert flagged([fits.PrimaryHDU(image[0])]) == Flag.SHAPE
    assert flagged([fits.PrimaryHDU(np.stack([image, image]))]) == Flag.SHAPE
    assert flagged([fits.PrimaryHDU(image), fits.ImageHDU(image)]) == Flag.AMBIGUOUS_HDU
    assert flagged([fits.PrimaryHDU(image)]) == Flag.WCS
    singular = header.copy()
    for key in ("PC1_1", "PC1_2", "PC2_1", "PC2_2"):
        singular[key] = 1.0
    assert flagged([fits.PrimaryHDU(image, singular)]) == Flag.WCS
    unknown = header.copy()
    unknown["CTYPE1"], unknown["CTYPE2"] = "RA---XYZ", "DEC--XYZ"
    assert flagged([fits.PrimaryHDU(image, unknown)]) == Flag.WCS
    tables = header.copy()
    tables["CPDIS1"] = "LOOKUP"
    assert flagged([fits.PrimaryHDU(image, tables)]) == Flag.WCS


def test_one_plane_in_a_cube_is_an_image(header, tmp_path, rng):
    image = image_of("f4", rng)
    fits.writeto(tmp_path / "m.fits", image[np.newaxis], header)
    pixels = open_frame(tmp_path / "m.fits", None, OPTIONS).pixels()
    np.testing.assert_array_equal(pixels[0:90, 0:120], image)


def test_damaged_tiles_are_noticed(header, tmp_path, rng):
    hdu = fits.CompImageHDU(image_of("f4", rng), header, compression_type="GZIP_1")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "m.fz")
    content = bytearray((tmp_path / "m.fz").read_bytes())
    content[-6000:-4000] = bytes(2000)
    (tmp_path / "m.fz").write_bytes(bytes(content))
    assert flag_of(tmp_path / "m.fz") in (Flag.CORRUPT, Flag.SIZE)
