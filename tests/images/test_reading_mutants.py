"""Files that were damaged at random: each is read or refused, none raises, hangs or kills."""

from __future__ import annotations

import bz2
import gzip
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from toomre.images.flags import Status
from toomre.images.reading import read_cutout

SIDE = 40


def saved(write: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def clean_files() -> dict[str, bytes]:
    rng = np.random.default_rng(10)
    plane = rng.poisson(500, (SIDE, SIDE)).astype(np.int16)
    picture = Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8))
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": -1e-4, "CDELT2": 1e-4}
    header = fits.Header({**cards, "FILTER": "r", "BLANK": -1})
    simple = saved(fits.PrimaryHDU(plane, header).writeto)
    units = [fits.PrimaryHDU(), *(fits.ImageHDU(plane, name=name) for name in "gri")]
    files = {
        "simple.fits": simple,
        "several.fits": saved(fits.HDUList(units).writeto),
        "checksum.fits": saved(lambda s: fits.PrimaryHDU(plane).writeto(s, checksum=True)),
        "a.fits.gz": gzip.compress(simple),
        "a.fits.bz2": bz2.compress(simple),
        "a.npy": saved(lambda s: np.save(s, plane)),
        "stored.npz": saved(lambda s: np.savez(s, plane)),
        "deflated.npz": saved(lambda s: np.savez_compressed(s, plane)),
        "a.jpg": saved(lambda s: picture.save(s, "JPEG")),
        "progressive.jpg": saved(lambda s: picture.save(s, "JPEG", progressive=True)),
        "a.png": saved(lambda s: picture.save(s, "PNG")),
        "palette.png": saved(lambda s: picture.quantize(9).save(s, "PNG")),
        "a.tif": saved(lambda s: picture.save(s, "TIFF")),
        "deflate.tif": saved(lambda s: picture.save(s, "TIFF", compression="tiff_deflate")),
    }
    for codec in ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"):
        unit = fits.CompImageHDU(plane, compression_type=codec)
        files[f"{codec}.fits.fz"] = saved(fits.HDUList([fits.PrimaryHDU(), unit]).writeto)
    return files


def mutant(content: bytes, rng: np.random.Generator) -> bytes:
    """Return a content that was cut, changed in some bytes, or got or lost some."""
    damaged = bytearray(content)
    # Half of the damage goes to the headers, where it does more.
    end = len(damaged) if rng.random() < 0.5 else min(len(damaged), 2000)
    kind = rng.integers(5)
    if kind == 0:
        del damaged[int(rng.integers(len(damaged))) :]
    elif kind == 1:
        for at in rng.integers(end, size=rng.integers(1, 10)):
            damaged[at] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        for at in rng.integers(end, size=rng.integers(1, 10)):
            damaged[at] = int(rng.integers(256))
    elif kind == 3:
        at = int(rng.integers(end))
        damaged[at:at] = rng.integers(0, 256, rng.integers(1, 200), np.uint8).tobytes()
    else:
        at = int(rng.integers(end))
        del damaged[at : at + int(rng.integers(1, 200))]
    return bytes(damaged)


def read_mutants(folder: Path, number: int, seed: int) -> dict[Status, int]:
    """Read damaged files, clean ones between them, and count how they came out."""
    rng = np.random.default_rng(seed)
    files = clean_files()
    folders = {"clean": folder / "clean", "bad": folder / "bad"}
    for path in folders.values():
        path.mkdir()
    for name, content in files.items():
        (folders["clean"] / name).write_bytes(content)
    before = {name: read_cutout(folders["clean"] / name) for name in files}
    assert {cutout.status for cutout in before.values()} == {Status.OK}
    counts = dict.fromkeys(Status, 0)
    names, unforeseen = list(files), 0
    for i in range(number):
        name = names[i % len(names)]
        path = folders["bad"] / name
        path.write_bytes(mutant(files[name], rng))
        start = time.process_time()
        cutout = read_cutout(path)
        assert time.process_time() - start < 5, f"mutant {i} of {name}"
        assert (cutout.pixels is None) == (cutout.status is Status.BAD)
        assert (cutout.status is Status.OK) == (cutout.reason == "")
        assert cutout.reason.isprintable()
        unforeseen += "decoder failed" in cutout.reason
        counts[cutout.status] += 1
    assert unforeseen <= number // 100  # the others have a flag of their own
    for name, cutout in before.items():  # nothing that was read has changed what comes later
        again = read_cutout(folders["clean"] / name)
        np.testing.assert_array_equal(again.pixels, cutout.pixels)
    return counts


def test_a_thousand_damaged_files(tmp_path: Path) -> None:
    counts = read_mutants(tmp_path, 1000, seed=11)
    assert sum(counts.values()) == 1000
    assert counts[Status.BAD] > 300


@pytest.mark.slow
def test_ten_thousand_damaged_files(tmp_path: Path) -> None:
    assert sum(read_mutants(tmp_path, 10_000, seed=12).values()) == 10_000
