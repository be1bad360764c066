"""The one door: formats and endings, several files, files that are none, and mutated files."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import socket
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status
from toomre.images.read_limits import ReadLimits
from toomre.images.reading import read_cutout

PLANE = np.random.default_rng(8).normal(100, 10, (40, 50)).astype(np.float32)
RGB = np.random.default_rng(9).integers(0, 256, (40, 50, 3), np.uint8)


def fits_bytes(data: np.ndarray = PLANE, checksum: bool = False, **cards: object) -> bytes:
    stream = io.BytesIO()
    hdu = fits.PrimaryHDU(data)
    hdu.header.update(cards)
    hdu.writeto(stream, checksum=checksum)
    return stream.getvalue()


def photo(kind: str, data: np.ndarray = RGB) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(data).save(stream, kind)
    return stream.getvalue()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def assert_bad(cutout: Cutout, flag: Flag, *words: str) -> None:
    assert cutout.status is Status.BAD
    assert cutout.pixels is None
    assert cutout.flags == flag, cutout.reason
    for word in words:
        assert word in cutout.reason


def test_a21_gzip_bomb(tmp_path: Path) -> None:
    start = time.process_time()
    zeros = gzip.compress(fits_bytes() + bytes(300_000_000), 9)
    assert len(zeros) < 400_000
    path = write(tmp_path / "a.fits.gz", zeros)
    start = time.process_time()
    assert_bad(read_cutout(path), Flag.SIZE, "unpacks to more than")
    assert time.process_time() - start < 2
    path = write(tmp_path / "b.fits.bz2", bz2.compress(fits_bytes() + bytes(20_000_000)))
    assert_bad(read_cutout(path, limits=ReadLimits(max_bytes=10_000_000)), Flag.SIZE)


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_packed_fits(tmp_path: Path, ending: str, pack: object) -> None:
    path = tmp_path / f"a.fits.{ending}"
    packed = pack(fits_bytes())
    cutout = read_cutout(write(path, packed))
    assert cutout.status is Status.OK
    np.testing.assert_array_equal(cutout.pixels[0], PLANE)
    assert_bad(read_cutout(write(path, packed[:-50])), Flag.TRUNCATED)
    damaged = packed[:500] + bytes([packed[500] ^ 1]) + packed[501:]
    assert_bad(read_cutout(write(path, damaged)), Flag.CORRUPT)
    assert_bad(read_cutout(write(path, pack(b"<html>"))), Flag.NOT_FITS, "<html>")
    assert_bad(read_cutout(write(path, pack(b"") * 2000)), Flag.CORRUPT, "members")
    odd = read_cutout(write(tmp_path / "a.fits", packed))
    assert odd.flags == Flag.EXTENSION_MISMATCH


def test_a22_web_page_named_fits(tmp_path: Path) -> None:
    page = "<!DOCTYPE html>\n<title>404 not found \N{BELL}\x1b[31m</title>".encode()
    cutout = read_cutout(write(tmp_path / "a.fits", page))
    assert_bad(cutout, Flag.NOT_FITS, '"<!DOCTYPE html> <title>404 not found')
    assert "</title>" not in cutout.reason  # 40 characters and no more
    assert cutout.reason.isprintable()
    assert_bad(read_cutout(write(tmp_path / "a.txt", page)), Flag.NOT_AN_IMAGE, "<!DOCTYPE")


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.fits", photo("JPEG"), "JPEG"),
        ("a.jpg", fits_bytes(), "FITS"),
        ("a.png", photo("TIFF"), "TIFF"),
        ("a.fits.gz", fits_bytes(), "packed"),
    ],
)
def test_a23_content_against_ending(tmp_path: Path, name: str, content: bytes, found: str) -> None:
    cutout = read_cutout(write(tmp_path / name, content))
    assert cutout.flags == Flag.EXTENSION_MISMATCH, cutout.reason
    assert found in cutout.reason
    assert cutout.pixels is not None
    assert read_cutout(write(tmp_path / "no ending", content)).status is Status.OK


def test_a25_any_name(tmp_path: Path) -> None:
    for name in (b"two words.fits", b"'\".fits", b"new\nline.fits", b"\xff\xfe.fits", b"-rf.fits"):
        path = tmp_path / os.fsdecode(name)
        assert read_cutout(write(path, fits_bytes())).status is Status.OK
        path.unlink()
        cutout = read_cutout(path)
        assert_bad(cutout, Flag.MISSING_FILE)
        assert cutout.reason.isprintable()
        assert cutout.reason.encode().isascii()
    assert_bad(read_cutout(tmp_path / "a\0b.fits"), Flag.MISSING_FILE)
    assert_bad(read_cutout(tmp_path / ("a" * 10_000)), Flag.UNREADABLE)


def test_e80_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.fits")
    (tmp_path / "folder.fits").mkdir()
    (tmp_path / "loop.fits").symlink_to(tmp_path / "loop.fits")
    (tmp_path / "zero.fits").symlink_to("/dev/zero")
    start = time.process_time()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "s.fits"))
        assert_bad(read_cutout(tmp_path / "s.fits"), Flag.UNREADABLE, "a socket")
    assert_bad(read_cutout(tmp_path / "fifo.fits"), Flag.UNREADABLE, "a pipe")
    assert_bad(read_cutout(tmp_path / "folder.fits"), Flag.UNREADABLE, "a folder")
    assert_bad(read_cutout(tmp_path / "loop.fits"), Flag.UNREADABLE, "loop")
    assert_bad(read_cutout(tmp_path / "zero.fits"), Flag.UNREADABLE, "a device")
    assert_bad(read_cutout(Path("/dev/zero")), Flag.UNREADABLE, "a device")
    assert time.process_time() - start < 1


def test_file_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.fits").open("wb") as file:
        file.truncate(1 << 40)  # sparse
    assert_bad(read_cutout(tmp_path / "a.fits"), Flag.SIZE, "larger than")


def band_files(folder: Path, *names: str | None, scale: float = 0.4) -> list[Path]:
    paths = []
    for number, name in enumerate(names):
        cards = {"FILTER": name} if name else {}
        cards |= {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
        cards |= {"CDELT1": -scale / 3600, "CDELT2": scale / 3600}
        paths.append(write(folder / f"{number}.fits", fits_bytes(PLANE + number, **cards)))
    return paths


def test_one_file_a_band(tmp_path: Path) -> None:
    for names in ((None, None, None), ("g", "r", "i"), ("HSC-G", None, "i DECam")):
        cutout = read_cutout(band_files(tmp_path, *names), bands=("g", "r", "i"))
        assert cutout.status is Status.OK, cutout.reason
        assert cutout.bands == ("g", "r", "i")
        assert cutout.pixel_scale == pytest.approx(0.4)
        np.testing.assert_array_equal(cutout.pixels, [PLANE, PLANE + 1, PLANE + 2])
        assert cutout.pixels.flags.c_contiguous
    assert read_cutout(band_files(tmp_path, "g", "r")).bands == ("g", "r")
    assert read_cutout(band_files(tmp_path, "g", None)).bands is None
    assert read_cutout(band_files(tmp_path, "g")[0]).bands == ("g",)


def test_c47_count_of_bands(tmp_path: Path) -> None:
    paths = band_files(tmp_path, None, None)
    wanted = ("g", "r", "i")
    assert_bad(read_cutout(paths, bands=wanted), Flag.BANDS, "2 unnamed", "3 (g, r, i)")
    assert_bad(read_cutout(paths[0], bands=wanted), Flag.BANDS, "1 unnamed band", "3 (g, r, i)")
    jpeg = write(tmp_path / "a.jpg", photo("JPEG"))
    assert_bad(read_cutout(jpeg, bands=("g", "r")), Flag.BANDS, "3 unnamed", "2 (g, r)")
    assert_bad(read_cutout([jpeg, jpeg]), Flag.BANDS, "'a.jpg'", "3 bands; expected 1")


def test_c48_order_by_the_headers(tmp_path: Path) -> None:
    cutout = read_cutout(band_files(tmp_path, "i", "r", "g"), bands=("g", "r", "i"))
    assert cutout.flags == Flag.HEADER_ODD
    np.testing.assert_array_equal(cutout.pixels, [PLANE + 2, PLANE + 1, PLANE])
    stale = read_cutout(band_files(tmp_path, "g", "g", "g"), bands=("g", "r", "i"))
    assert stale.flags == Flag.HEADER_ODD
    np.testing.assert_array_equal(stale.pixels, [PLANE, PLANE + 1, PLANE + 2])
    other = read_cutout(band_files(tmp_path, "g", "V", "i"), bands=("g", "r", "i"))
    assert_bad(other, Flag.BANDS, "(g, V, i)", "(g, r, i)")


def test_c49_missing_band(tmp_path: Path) -> None:
    paths = band_files(tmp_path, None, None, None)
    paths[1].unlink()
    cutout = read_cutout(paths, bands=("g", "r", "i"))
    assert_bad(cutout, Flag.MISSING_BAND, "r: '1.fits' is not there")
    assert_bad(read_cutout(paths), Flag.MISSING_BAND, "'1.fits'")
    assert_bad(read_cutout(paths[1]), Flag.MISSING_FILE)
    assert_bad(read_cutout([]), Flag.MISSING_FILE)
    write(paths[1], b"")
    assert_bad(read_cutout(paths, bands=("g", "r", "i")), Flag.UNREADABLE, "r: ")


def test_bands_that_do_not_fit_together(tmp_path: Path) -> None:
    first, second = band_files(tmp_path, None, None)
    write(second, fits_bytes(PLANE[:20]))
    assert_bad(read_cutout([first, second]), Flag.SHAPE, "(20, 50)", "(40, 50)")
    grey = write(tmp_path / "a.png", photo("PNG", RGB[..., 0]))
    assert_bad(read_cutout([first, grey]), Flag.DTYPE, "display", "linear")
    coarse = band_files(tmp_path, None, scale=0.8)[0].rename(tmp_path / "coarse.fits")
    both = [coarse, *band_files(tmp_path, None)]
    assert read_cutout(both).flags == Flag.PIXEL_SCALE
    assert_bad(read_cutout([first] * 17), Flag.SIZE, "17 files")


def test_arguments_are_the_callers_mistake(tmp_path: Path) -> None:
    for bands in ((), ("g", "g")):
        with pytest.raises(ArgumentError, match="Expected `bands` to be different names"):
            read_cutout(tmp_path / "a.fits", bands=bands)
    with pytest.raises(ArgumentError, match="Expected `max_bands` to be a whole number"):
        ReadLimits(max_bands=0)


def test_whatever_a_decoder_raises_becomes_a_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise error

    monkeypatch.setattr("toomre.images.reading.read_fits", explode)
    path = write(tmp_path / "a.fits", fits_bytes())
    for error in (MemoryError(), RecursionError("deep"), KeyError("a"), AssertionError()):
        for source in (path, [path, path]):
            assert_bad(read_cutout(source), Flag.UNREADABLE, type(error).__name__)
    error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        read_cutout(path)


def test_threads_leave_the_warnings_of_the_process_alone(tmp_path: Path) -> None:
    odd = write(tmp_path / "a.fits", fits_bytes() + b"junk")
    picture = write(tmp_path / "a.png", photo("PNG"))
    before = (list(warnings.filters), warnings.showwarning)
    flags: Counter[Flag] = Counter()

    def work() -> None:
        for _ in range(30):
            flags[read_cutout(odd).flags | read_cutout(picture).flags] += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(flags) == {Flag.HEADER_ODD}
    assert (list(warnings.filters), warnings.showwarning) == before
