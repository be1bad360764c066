"""Tile-compressed FITS: a18 to a20 of the list of bad inputs."""

from __future__ import annotations

import gzip
import io
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from toomre.images.fits_header import walk
from toomre.images.flags import Flag, Status
from toomre.images.reading import read_cutout

IMAGE = np.random.default_rng(2).poisson(1000, (75, 66)).astype(np.int16)


def compressed(codec: str, data: np.ndarray = IMAGE, **options: object) -> bytes:
    stream = io.BytesIO()
    hdu = fits.CompImageHDU(data, compression_type=codec, **options)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    return stream.getvalue()


def assert_bad(path: Path, content: bytes, flag: Flag, word: str = "") -> None:
    path.write_bytes(content)
    cutout = read_cutout(path)
    assert cutout.flags == flag, cutout.reason
    assert word in cutout.reason


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.fits.fz"


@pytest.mark.parametrize("tile", [None, (16, 20)])
@pytest.mark.parametrize("codec", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"])
def test_a18_tile_compressed_is_the_same_image(
    file: Path, codec: str, tile: tuple[int, int] | None
) -> None:
    file.write_bytes(compressed(codec, tile_shape=tile))
    cutout = read_cutout(file)
    assert cutout.status is Status.OK, cutout.reason
    np.testing.assert_array_equal(cutout.pixels[0], IMAGE)
    cube = np.stack([IMAGE, IMAGE + 1])
    if codec not in ("HCOMPRESS_1", "PLIO_1"):
        file.write_bytes(compressed(codec, cube.astype(np.float32), quantize_level=0))
        if codec != "RICE_1":  # which is for integers
            np.testing.assert_array_equal(read_cutout(file).pixels, cube)


def test_a18_quantised_floats_are_those_of_astropy(file: Path) -> None:
    data = IMAGE.astype(np.float32)
    data[3, 4] = np.nan
    file.write_bytes(compressed("RICE_1", data, quantize_level=16))
    with fits.open(file) as hdus:
        expected = hdus[1].data
    np.testing.assert_array_equal(read_cutout(file).pixels[0], expected)
    assert np.isnan(read_cutout(file).pixels[0, 3, 4])


def test_a19_damaged_tile_table(file: Path) -> None:
    content = compressed("RICE_1")
    unit = walk(content, 1 << 28)[0][1]
    for pointer in (b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"):
        for at in (unit.data_start, unit.data_start + 4):
            damaged = content[:at] + pointer + content[at + 4 :]
            assert_bad(file, damaged, Flag.CORRUPT, "outside the file")
    for key, value in (("NAXIS2", 74), ("THEAP", 10**9), ("ZTILE1", 5)):
        with fits.open(io.BytesIO(content), disable_image_compression=True) as hdus:
            header = hdus[1].header.copy()
        header[key] = value
        damaged = content[: unit.start] + header.tostring().encode() + content[unit.data_start :]
        assert_bad(file, damaged, Flag.CORRUPT)
    damaged = content.replace(b"RICE_1 ", b"RICE_9 ")
    assert_bad(file, damaged, Flag.HEADER, "ZCMPTYPE")


@pytest.mark.parametrize("codec", ["GZIP_1", "GZIP_2", "RICE_1", "HCOMPRESS_1", "PLIO_1"])
def test_a19_damaged_tiles_never_raise(file: Path, codec: str, rng: np.random.Generator) -> None:
    content = compressed(codec)
    unit = walk(content, 1 << 28)[0][1]
    for _ in range(40):
        damaged = bytearray(content)
        for at in rng.integers(unit.data_start, unit.data_stop, 4):
            damaged[at] = rng.integers(256)
        file.write_bytes(bytes(damaged))
        cutout = read_cutout(file)
        assert cutout.pixels is None or cutout.pixels.shape == (1, 75, 66)


@pytest.mark.parametrize(("codec", "at"), [("HCOMPRESS_1", 2), ("PLIO_1", 6)])
def test_a19_tiles_that_claim_more_than_their_size(file: Path, codec: str, at: int) -> None:
    content = compressed(codec)
    unit = walk(content, 1 << 28)[0][1]
    heap = unit.data_start + unit.header["NAXIS1"] * unit.header["NAXIS2"]
    damaged = content[: heap + at] + b"\x7f\xff" + content[heap + at + 2 :]
    assert_bad(file, damaged, Flag.CORRUPT, "a tile is no")


def test_a20_bomb_refused_by_its_header(file: Path) -> None:
    content = compressed("RICE_1")
    for key, old in (("ZNAXIS1", 66), ("ZNAXIS2", 75)):
        content = content.replace(f"{key} = {old:20d}".encode(), f"{key} = {20000:20d}".encode())
    assert_bad(file, content, Flag.SIZE)


def test_a20_bomb_inside_a_tile(file: Path) -> None:
    tile = gzip.compress(bytes(100_000_000))
    content = compressed("GZIP_1", IMAGE, tile_shape=(75, 66))
    unit = walk(content, 1 << 28)[0][1]
    with fits.open(io.BytesIO(content), disable_image_compression=True) as hdus:
        header = hdus[1].header.copy()
    header["PCOUNT"] = len(tile)
    rows = np.array([[len(tile), 0]], ">i4").tobytes()
    data = rows + tile
    bomb = content[: unit.start] + header.tostring().encode() + data + bytes(-len(data) % 2880)
    file.write_bytes(bomb)
    tracemalloc.start()
    start = time.process_time()
    cutout = read_cutout(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert cutout.flags == Flag.SIZE, cutout.reason
    assert time.process_time() - start < 1
    assert peak < 5_000_000
