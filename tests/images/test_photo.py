"""JPEG, PNG and TIFF: c56 to c58, d65 and d66 of the list of bad inputs."""

from __future__ import annotations

import io
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status
from toomre.images.read_limits import ReadLimits
from toomre.images.reading import read_cutout

RGB = np.random.default_rng(3).integers(0, 256, (40, 50, 3), np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def read(folder: Path, content: bytes, name: str = "a", **options: object) -> Cutout:
    (folder / name).write_bytes(content)
    return read_cutout(folder / name, **options)


def assert_bad(cutout: Cutout, flag: Flag, word: str = "") -> None:
    assert cutout.status is Status.BAD
    assert cutout.pixels is None
    assert cutout.flags == flag, cutout.reason
    assert word in cutout.reason


def assert_pixels(cutout: Cutout, expected: np.ndarray, encoding: str = "display") -> None:
    assert cutout.status is Status.OK, cutout.reason
    assert cutout.encoding == encoding
    assert cutout.pixels.dtype == np.float32
    assert cutout.pixels.flags.c_contiguous
    np.testing.assert_array_equal(cutout.pixels, expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_colour_is_three_bands(tmp_path: Path, kind: str) -> None:
    cutout = read(tmp_path, encoded(Image.fromarray(RGB), kind))
    assert_pixels(cutout, RGB.transpose(2, 0, 1))
    assert cutout.bands is None
    assert cutout.pixel_scale is None


def test_jpeg_is_what_pillow_decodes(tmp_path: Path) -> None:
    content = encoded(Image.fromarray(RGB), "JPEG", quality=90)
    expected = np.asarray(Image.open(io.BytesIO(content))).transpose(2, 0, 1)
    assert_pixels(read(tmp_path, content), expected)
    named = read(tmp_path, content, bands=("i", "r", "g"))
    assert named.bands == ("i", "r", "g")


def test_c56_grey_palette_alpha(tmp_path: Path) -> None:
    grey = RGB[..., 0]
    assert_pixels(read(tmp_path, encoded(Image.fromarray(grey))), grey[None])
    assert_pixels(read(tmp_path, encoded(Image.fromarray(grey > 99))), (grey > 99)[None] * 255)
    palette = Image.fromarray(RGB).quantize(16)
    expected = np.asarray(palette.convert("RGB")).transpose(2, 0, 1)
    assert_pixels(read(tmp_path, encoded(palette)), expected)
    opaque = np.full((40, 50, 1), 255, np.uint8)
    content = encoded(Image.fromarray(np.concatenate([RGB, opaque], -1)))
    assert_pixels(read(tmp_path, content), RGB.transpose(2, 0, 1))


def test_c56_transparent_pixels_are_masked(tmp_path: Path) -> None:
    alpha = np.full((40, 50), 255, np.uint8)
    alpha[0, :7], alpha[1, :] = 0, 128
    expected = RGB.transpose(2, 0, 1).astype(np.float32)
    expected[:, 0, :7] = np.nan
    content = encoded(Image.fromarray(np.dstack([RGB, alpha])))
    assert_pixels(read(tmp_path, content), expected)
    content = encoded(Image.fromarray(np.dstack([RGB[..., 0], alpha])))
    assert_pixels(read(tmp_path, content), expected[:1])
    palette = Image.fromarray(RGB).quantize(16)
    clear = np.asarray(palette) == 3
    cutout = read(tmp_path, encoded(palette, transparency=3))
    np.testing.assert_array_equal(np.isnan(cutout.pixels), np.stack([clear] * 3))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_c56_sixteen_bits_are_linear(tmp_path: Path, kind: str) -> None:
    counts = (RGB[..., 0].astype(np.uint16) << 8) + RGB[..., 1]
    assert_pixels(read(tmp_path, encoded(Image.fromarray(counts), kind)), counts[None], "linear")


def test_c56_float_tiff_is_linear(tmp_path: Path) -> None:
    flux = np.random.default_rng(4).normal(size=(20, 30)).astype(np.float32)
    assert_pixels(read(tmp_path, encoded(Image.fromarray(flux), "TIFF")), flux[None], "linear")


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_c56_cmyk_is_refused(tmp_path: Path, kind: str) -> None:
    content = encoded(Image.fromarray(RGB).convert("CMYK"), kind)
    assert_bad(read(tmp_path, content), Flag.DTYPE, "colour mode CMYK")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes, depth: int = 8, colour: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


def test_c56_sixteen_bit_colour_is_refused_not_cut(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + bytes(6 * 20) for _ in range(20))
    content = png(20, 20, chunk(b"IDAT", zlib.compress(rows)), depth=16)
    assert_bad(read(tmp_path, content), Flag.DTYPE, "16 bits")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_c56_exif_orientation(tmp_path: Path, orientation: int) -> None:
    up = RGB.transpose(2, 0, 1)
    turned = {
        1: up,
        2: up[:, :, ::-1],
        3: up[:, ::-1, ::-1],
        4: up[:, ::-1],
        5: up.transpose(0, 2, 1),
        6: up[:, ::-1].transpose(0, 2, 1),
        7: up[:, ::-1, ::-1].transpose(0, 2, 1),
        8: up.transpose(0, 2, 1)[:, ::-1],
    }
    exif = Image.Exif()
    exif[274] = orientation
    content = encoded(Image.fromarray(RGB), "PNG", exif=exif)
    assert_pixels(read(tmp_path, content), turned[orientation])


def test_c57_animations_and_pages(tmp_path: Path) -> None:
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    for kind in ("GIF", "PNG", "TIFF", "MPO"):
        content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert_bad(read(tmp_path, content), Flag.MULTIFRAME)
    assert_bad(read(tmp_path, encoded(frames[0], "GIF")), Flag.NOT_AN_IMAGE, "GIF")


@pytest.mark.parametrize("progressive", [False, True])
def test_c58_half_a_jpeg(tmp_path: Path, progressive: bool) -> None:
    content = encoded(Image.fromarray(RGB), "JPEG", progressive=progressive)
    assert_bad(read(tmp_path, content[: len(content) // 2]), Flag.TRUNCATED)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_half_a_picture(tmp_path: Path, kind: str) -> None:
    content = encoded(Image.fromarray(RGB), kind)
    cutout = read(tmp_path, content[: len(content) // 2])
    assert cutout.flags in (Flag.TRUNCATED, Flag.CORRUPT), cutout.reason


def test_flipped_byte_in_a_png_is_noticed(tmp_path: Path) -> None:
    content = bytearray(encoded(Image.fromarray(RGB)))
    content[len(content) // 2] ^= 1
    assert_bad(read(tmp_path, bytes(content)), Flag.CORRUPT)


@pytest.mark.parametrize("side", [20_000, 12_000, 4097])
def test_d65_large_png_by_its_header(tmp_path: Path, side: int) -> None:
    rows = zlib.compress(bytes(1000))  # the data do not matter: they are never looked at
    start = time.process_time()
    cutout = read(tmp_path, png(side, side, chunk(b"IDAT", rows)))
    assert time.process_time() - start < 0.5
    assert_bad(cutout, Flag.SIZE)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_d65_png_with_huge_compressed_text(tmp_path: Path, kind: bytes) -> None:
    zeros = zlib.compress(bytes(200_000_000), 1)
    text = b"key\0" + (b"\0" if kind == b"zTXt" else b"\1\0\0\0") + zeros
    rows = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(60) for _ in range(20))))
    start = time.process_time()
    cutout = read(tmp_path, png(20, 20, chunk(kind, text) + rows))
    assert time.process_time() - start < 1
    assert_bad(cutout, Flag.SIZE)


@pytest.mark.parametrize(
    "content",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7\n",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"BM" + bytes(100),
        b"RIFF\x10\0\0\0WEBPVP8 ",
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.eps"])
def test_d66_other_formats_are_never_opened(
    tmp_path: Path, content: bytes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("Pillow was asked"))
    assert_bad(read(tmp_path, content, name), Flag.NOT_AN_IMAGE)


def test_d66_pillow_is_told_the_one_format(tmp_path: Path) -> None:
    disguised = b"\xff\xd8\xff" + encoded(Image.fromarray(RGB), "PNG")
    assert_bad(read(tmp_path, disguised, "a.jpg"), Flag.CORRUPT)


def test_limits_are_those_of_the_caller(tmp_path: Path) -> None:
    content = encoded(Image.fromarray(RGB))
    assert_bad(read(tmp_path, content, limits=ReadLimits(max_pixels=1999)), Flag.SIZE, "50 x 40")
    assert_bad(read(tmp_path, content, limits=ReadLimits(max_bytes=23_000)), Flag.SIZE, "bytes")
    assert read(tmp_path, content, limits=ReadLimits(max_pixels=2000)).status is Status.OK
