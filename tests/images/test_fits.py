"""The FITS part of the list of bad inputs (numbers a01 to a26), and the rules for good ones."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status
from toomre.images.reading import read_cutout

BLOCK = 2880
CLEAN = np.random.default_rng(1).normal(100, 10, (75, 60)).astype(np.float32)


def fits_bytes(*hdus: object, **options: object) -> bytes:
    """Return a FITS file: the first unit is the primary one."""
    stream = io.BytesIO()
    units = [
        hdu if not isinstance(hdu, np.ndarray) else image(hdu, i) for i, hdu in enumerate(hdus)
    ]
    fits.HDUList(units).writeto(stream, **options)
    return stream.getvalue()


def image(data: np.ndarray, place: int = 0, **cards: object) -> object:
    hdu = fits.ImageHDU(data) if place else fits.PrimaryHDU(data)
    hdu.header.update(cards)
    return hdu


def read(path: Path, content: bytes, **options: object) -> Cutout:
    path.write_bytes(content)
    return read_cutout(path, **options)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.fits"


def assert_bad(cutout: Cutout, flag: Flag, *words: str) -> None:
    assert cutout.status is Status.BAD
    assert cutout.pixels is None
    assert cutout.flags == flag, cutout.reason
    for word in words:
        assert word in cutout.reason


def assert_clean(cutout: Cutout, expected: np.ndarray = CLEAN) -> None:
    assert cutout.status is Status.OK, cutout.reason
    assert cutout.pixels.dtype == np.float32
    assert cutout.pixels.dtype.isnative
    assert cutout.pixels.flags.c_contiguous
    planes = expected if expected.ndim == 3 else expected[None]
    np.testing.assert_array_equal(cutout.pixels, planes)


def replace_card(content: bytes, key: str, card: str) -> bytes:
    at = next(i for i in range(0, len(content), 80) if content[i : i + 8] == key.ljust(8).encode())
    return content[:at] + card.ljust(80).encode() + content[at + 80 :]


def test_a01_empty_file(file: Path) -> None:
    assert_bad(read(file, b""), Flag.UNREADABLE, "empty")


def test_a02_header_cut(file: Path) -> None:
    assert_bad(read(file, fits_bytes(CLEAN)[:1000]), Flag.UNREADABLE, "1000 bytes", "header")


def test_a03_data_cut_in_half(file: Path) -> None:
    content = fits_bytes(CLEAN)
    assert_bad(read(file, content[: (BLOCK + len(content)) // 2]), Flag.TRUNCATED)


def test_a04_last_data_bytes_missing(file: Path) -> None:
    cut = BLOCK + CLEAN.nbytes - 100
    assert_bad(read(file, fits_bytes(CLEAN)[:cut]), Flag.TRUNCATED, "100 bytes")


def test_a05_only_the_padding_missing(file: Path) -> None:
    cutout = read(file, fits_bytes(CLEAN)[: BLOCK + CLEAN.nbytes])
    assert (cutout.status, cutout.flags) == (Status.WARN, Flag.PADDING)
    np.testing.assert_array_equal(cutout.pixels[0], CLEAN)


def flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("part", ["data", "header"])
def test_a06_one_byte_flipped_with_checksum(file: Path, part: str) -> None:
    content = fits_bytes(image(CLEAN, OBJECT="NGC 4038"), checksum=True)
    assert_clean(read(file, content))
    at = BLOCK + 5000 if part == "data" else content.index(b"NGC 4038")
    assert_bad(read(file, flip(content, at)), Flag.CHECKSUM, "damaged", "renew or remove")


def test_a07_one_byte_flipped_without_checksum_cannot_be_seen(file: Path) -> None:
    cutout = read(file, flip(fits_bytes(CLEAN), BLOCK + 5000))
    assert cutout.status is Status.OK
    assert (cutout.pixels[0] != CLEAN).sum() == 1


def test_a08_two_thousand_million_columns(file: Path) -> None:
    content = replace_card(fits_bytes(CLEAN), "NAXIS1", "NAXIS1  =           2000000000")
    assert_bad(read(file, content), Flag.SIZE, "header claims")


def test_a09_negative_axis(file: Path) -> None:
    content = replace_card(fits_bytes(CLEAN), "NAXIS1", "NAXIS1  =                  -75")
    assert_bad(read(file, content), Flag.HEADER, "NAXIS1 = -75")


def test_a10_image_in_first_extension(file: Path) -> None:
    assert_clean(read(file, fits_bytes(fits.PrimaryHDU(), CLEAN)))


@pytest.mark.parametrize("shape", [(500,), (2, 3, 20, 20)])
def test_a11_one_or_four_axes(file: Path, shape: tuple[int, ...]) -> None:
    cutout = read(file, fits_bytes(np.zeros(shape, np.float32)))
    assert_bad(cutout, Flag.SHAPE, f"NAXIS = {len(shape)}", str(shape), "(band, y, x)")


def test_a12_three_unnamed_images_of_different_size(file: Path) -> None:
    content = fits_bytes(fits.PrimaryHDU(), *(CLEAN[:n] for n in (70, 60, 50)))
    assert_bad(read(file, content), Flag.AMBIGUOUS_HDU, "(70, 60), (60, 60), (50, 60)")


@pytest.mark.parametrize(
    ("key", "card"),
    [
        ("BITPIX", "BITPIX  =                    7"),
        ("SIMPLE", "COMMENT no such card"),
        ("SIMPLE", "OBJECT  = 'first  '"),
        ("SIMPLE", "SIMPLE  =                    F"),
        ("END", ""),
        ("NAXIS", "NAXIS   =                 1000"),
        ("NAXIS2", "NAXIS2  =                 75.5"),
        ("NAXIS2", "NAXIS2  =                    T"),
        ("NAXIS2", "NAXIS2  = 'many    '"),
        ("NAXIS2", "COMMENT no NAXIS2"),
        ("EXTEND", "PCOUNT  =                   10"),
        ("EXTEND", "BSCALE  = 'large   '"),
    ],
)
def test_a13_broken_header(file: Path, key: str, card: str) -> None:
    cutout = read(file, replace_card(fits_bytes(CLEAN), key, card))
    expected = Flag.NOT_FITS if card.startswith("COMMENT no such") else Flag.HEADER
    assert_bad(cutout, expected)


def odd_header(kind: str) -> bytes:
    header = fits.PrimaryHDU(CLEAN).header
    text = header.tostring(endcard=False, padding=False)
    text += {
        "duplicate": "OBJECT  = 'a'".ljust(80) + "OBJECT  = 'b'".ljust(80),
        "hierarch": "HIERARCH ESO TEL FOCU LEN = 3.8".ljust(80),
        "non-ascii": "OBJECT  = 'caf\xe9'".ljust(80),
        "comments": ("COMMENT " + "x" * 72) * 10_000,
        "no standard": "ESO-LOG 03:04:08>-START EXPO EMMI RED".ljust(80),
        "lower case": "object  = 'a'".ljust(80),
    }[kind]
    head = (text + "END".ljust(80)).encode("latin-1")
    data = CLEAN.astype(">f4").tobytes()
    return head.ljust(-(-len(head) // BLOCK) * BLOCK) + data + bytes(-len(data) % BLOCK)


@pytest.mark.parametrize(
    "kind", ["duplicate", "hierarch", "non-ascii", "comments", "no standard", "lower case"]
)
def test_a14_odd_but_readable_headers(file: Path, kind: str) -> None:
    content = odd_header(kind)
    start = time.process_time()
    cutout = read(file, content)
    assert time.process_time() - start < 1
    assert cutout.flags in (Flag(0), Flag.HEADER_ODD), cutout.reason
    np.testing.assert_array_equal(cutout.pixels[0], CLEAN)


def test_a15_unsigned_integers(file: Path) -> None:
    counts = np.linspace(0, 65535, 75 * 60).reshape(75, 60).astype(np.uint16)
    assert_clean(read(file, fits_bytes(counts)), counts.astype(np.float32))


@pytest.mark.parametrize("bzero", [100.0, 32768.0])
def test_a16_scaled_with_blank(file: Path, bzero: float) -> None:
    raw = np.arange(75 * 60, dtype=np.int16).reshape(75, 60)
    hdu = fits.PrimaryHDU(raw)
    content = fits_bytes(hdu)
    content = replace_card(content, "EXTEND", f"BZERO   = {bzero:20.1f}")
    extra = "BSCALE  =                  1.0".ljust(80) + "BLANK   =                   17".ljust(80)
    at = content.index(b"END".ljust(80))
    content = content[:at] + extra.encode() + b"END".ljust(80) + content[at + 240 :]
    expected = raw.astype(np.float32) + np.float32(bzero)
    expected[0, 17] = np.nan
    assert_clean(read(file, content), expected)


def test_a17_all_pixels_blank(file: Path) -> None:
    content = fits_bytes(image(np.full((75, 60), -1, np.int16), BLANK=-1))
    cutout = read(file, content)  # that nothing is left is for the inspection to say
    assert np.isnan(cutout.pixels).all()


def test_a24_only_a_table(file: Path) -> None:
    content = fits_bytes(fits.PrimaryHDU(), fits.table_to_hdu(Table({"flux": [1.0, 2.0]})))
    assert_bad(read(file, content), Flag.NO_IMAGE)


def test_every_number_type_gives_the_same_pixels(file: Path) -> None:
    whole = np.round(CLEAN)
    for dtype in ("u1", ">i2", "<i2", ">i4", ">i8", ">f4", "<f4", ">f8", ">u4"):
        assert_clean(read(file, fits_bytes(whole.astype(dtype))), whole)


def test_cube_and_extensions_are_bands(file: Path) -> None:
    cube = np.stack([CLEAN, CLEAN + 1, CLEAN + 2])
    assert_clean(read(file, fits_bytes(cube)), cube)
    assert read(file, fits_bytes(image(cube, BANDS="gri"))).bands == ("g", "r", "i")
    numbered = image(cube, BAND0="g", BAND1="r", BAND2="z")
    assert read(file, fits_bytes(numbered)).bands == ("g", "r", "z")
    several = [image(plane, 1, EXTNAME=name) for plane, name in zip(cube, "gri", strict=True)]
    cutout = read(file, fits_bytes(fits.PrimaryHDU(), *several))
    assert cutout.bands == ("g", "r", "i")
    assert_clean(cutout, cube)
    assert_clean(read(file, fits_bytes(*cube)), cube)


def test_names_choose_and_order_the_bands(file: Path) -> None:
    cube = np.stack([CLEAN, CLEAN + 1, CLEAN + 2])
    several = [image(plane, 1, FILTER=name) for plane, name in zip(cube, "gri", strict=True)]
    several.append(image(CLEAN[:20], 1, FILTER="white"))
    content = fits_bytes(fits.PrimaryHDU(), *several)
    assert_clean(read(file, content, bands=("i", "g")), cube[[2, 0]])
    assert_bad(read(file, content, bands=("g", "white")), Flag.SHAPE, "different shapes")
    assert_bad(read(file, content), Flag.AMBIGUOUS_HDU)
    content = fits_bytes(image(cube, BANDS="gri"))
    assert_clean(read(file, content, bands=("r",)), cube[[1]])
    assert_bad(read(file, content, bands=("g", "r", "z")), Flag.BANDS, "(g, r, i)", "(g, r, z)")
    unnamed = read(file, fits_bytes(cube), bands=("g", "r", "i"))
    assert unnamed.bands == ("g", "r", "i")


def test_companions_are_no_bands(file: Path) -> None:
    units = [image(CLEAN, 1, EXTNAME=name) for name in ("SCI", "ERR", "DQ")]
    assert_clean(read(file, fits_bytes(fits.PrimaryHDU(), *units)))


def test_images_of_different_types_are_no_bands(file: Path) -> None:
    content = fits_bytes(CLEAN, CLEAN.astype(np.int16))
    assert_bad(read(file, content), Flag.AMBIGUOUS_HDU, "different pixel types")


def test_lone_extension_name_is_no_band(file: Path) -> None:
    content = fits_bytes(image(CLEAN, EXTNAME="N26"))
    assert read(file, content).bands is None
    assert read(file, content, bands=("r",)).bands == ("r",)
    assert_bad(read(file, fits_bytes(image(CLEAN, FILTER="V")), bands=("r",)), Flag.BANDS, "(V)")


def test_bytes_after_the_last_extension(file: Path) -> None:
    cutout = read(file, fits_bytes(CLEAN) + b"junk")
    assert cutout.flags == Flag.HEADER_ODD
    np.testing.assert_array_equal(cutout.pixels[0], CLEAN)


def test_extension_that_is_none(file: Path) -> None:
    content = fits_bytes(CLEAN, CLEAN + 1).replace(b"XTENSION", b"XTENSIOM")
    assert_bad(read(file, content), Flag.HEADER, "begin with no XTENSION")
    cutout = read(file, fits_bytes(CLEAN) + bytes(28_800))  # from the days of tapes
    assert cutout.flags == Flag.HEADER_ODD


def test_every_real_file_is_read_or_refused_with_a_reason(shared_data: Path) -> None:
    folder = shared_data / "fits_real"
    results = {path.name: read_cutout(path) for path in sorted(folder.rglob("*.fits*"))}
    assert len(results) >= 16
    for cutout in results.values():
        assert (cutout.pixels is None) == (cutout.status is Status.BAD)
        assert bool(cutout.flags) == bool(cutout.notes)
    # Cut out by a program that kept the CHECKSUM of the whole frame.
    stale = {name for name, cutout in results.items() if cutout.flags == Flag.CHECKSUM}
    assert stale == {name for name in results if "band.fits" in name}
    assert results["slice.fits"].flags == Flag.AMBIGUOUS_HDU
    assert results["image.fits"].flags == Flag.HEADER_ODD
    assert results["M51.fits"].flags == 0
    sdss = [folder / f"sdss_ngc6976/reprojected_sdss_{band}.fits.bz2" for band in "gri"]
    joined = read_cutout(sdss, bands=("g", "r", "i"))
    assert joined.pixels.shape == (3, 496, 682)
    assert joined.flags == Flag.HEADER_ODD  # all three headers say g
    with fits.open(sdss[1]) as hdus:
        np.testing.assert_array_equal(joined.pixels[1], hdus[0].data)
