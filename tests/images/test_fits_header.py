from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from toomre.images.caught import collected_warnings
from toomre.images.fits_header import check_sums, walk
from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError

MOST = 1 << 28


def several_units() -> bytes:
    table = fits.table_to_hdu(Table({"a": np.arange(1000)}))
    units = [
        fits.PrimaryHDU(),
        fits.ImageHDU(np.zeros((3, 20, 30), ">i2")),
        table,
        fits.CompImageHDU(np.arange(600, dtype=np.int32).reshape(20, 30)),
    ]
    stream = io.BytesIO()
    fits.HDUList(units).writeto(stream, checksum=True)
    return stream.getvalue()


def test_offsets_and_shapes_are_those_of_astropy() -> None:
    content = several_units()
    units, found = walk(content, MOST)
    with fits.open(io.BytesIO(content), disable_image_compression=True) as hdus:
        info = [hdu.fileinfo() for hdu in hdus]
    assert found == []
    assert [unit.data_start for unit in units] == [part["datLoc"] for part in info]
    assert [unit.stop for unit in units] == [p["datLoc"] + p["datSpan"] for p in info]
    assert [unit.shape for unit in units] == [(), (3, 20, 30), (), (20, 30)]


def refused(content: bytes) -> bool:
    try:
        with collected_warnings():
            for unit in walk(content, MOST)[0]:
                check_sums(content, unit)
    except BadInputError:
        return True
    return False


def astropy_complains(content: bytes) -> bool:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with fits.open(io.BytesIO(content), checksum=True) as hdus:
                hdus.readall()
        except Exception:
            return True
    return bool(caught)


def test_every_flipped_byte_is_noticed_as_by_astropy(rng: np.random.Generator) -> None:
    content = several_units()
    assert not refused(content)
    assert not astropy_complains(content)
    agreed = 0
    for at in rng.integers(0, len(content), 100):
        damaged = bytearray(content)
        damaged[at] ^= int(rng.integers(1, 256))
        assert refused(bytes(damaged)), f"byte {at} was changed unseen"
        agreed += astropy_complains(bytes(damaged))
    assert agreed >= 80  # it passes over an extension that it does not recognise


def test_too_many_units_and_headers_are_refused_quickly() -> None:
    empty = fits.ImageHDU().header.tostring().encode()
    with pytest.raises(BadInputError, match="more than 256 parts") as caught:
        walk(fits.PrimaryHDU().header.tostring().encode() + empty * 300, MOST)
    assert caught.value.flag is Flag.SIZE
    endless = fits.PrimaryHDU().header.tostring(endcard=False, padding=False).encode()
    with pytest.raises(BadInputError, match="no END card in the first"):
        walk(endless + b"COMMENT ".ljust(80) * 70_000, MOST)


def test_extension_header_cut() -> None:
    content = several_units()
    start = walk(content, MOST)[0][-1].start
    with pytest.raises(BadInputError, match="extension's header") as caught:
        walk(content[: start + 400], MOST)
    assert caught.value.flag is Flag.TRUNCATED
