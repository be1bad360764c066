"""Images of an invented sky, written as FITS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS, Sip

SCALE = 0.4  # arcsec/pixel


def make_wcs(
    kind: str = "TAN",
    centre: tuple[float, float] = (150.0, 2.0),
    shape: tuple[int, int] = (300, 400),
    turn: float = 25.0,
    scale: float = SCALE,
) -> WCS:
    """Return a turned coordinate system; kind is TAN, SIP or TPV."""
    wcs = WCS(naxis=2)
    name = "TPV" if kind == "TPV" else "TAN"
    wcs.wcs.ctype = [f"RA---{name}", f"DEC--{name}"]
    if kind == "SIP":
        wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    wcs.wcs.crval = centre
    wcs.wcs.crpix = [shape[1] / 2 + 0.3, shape[0] / 2 - 0.6]
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    wcs.wcs.cd = scale / 3600 * np.array([[-c, s], [s, c]])
    wcs.wcs.radesys = "ICRS"
    if kind == "TPV":
        terms = [(1, 0, 0.0), (1, 1, 1.0), (1, 4, 0.03), (1, 7, -0.5)]
        wcs.wcs.set_pv([*terms, *((2, m, v) for _, m, v in terms)])
    if kind == "SIP":
        a, b = np.zeros((3, 3)), np.zeros((3, 3))
        a[2, 0], a[1, 1], b[0, 2], b[1, 1] = 2e-5, -1e-5, 3e-5, 1e-5
        wcs.sip = Sip(a, b, None, None, wcs.wcs.crpix)
    wcs.wcs.set()
    return wcs


def header_of(wcs: WCS) -> fits.Header:
    header = wcs.to_header(relax=True)
    header["RADESYS"] = wcs.wcs.radesys
    return header


def table_of(ra: object, dec: object, **columns: object) -> pd.DataFrame:
    """Return a table of positions as `read_table` gives it."""
    ra, dec = np.atleast_1d(ra).astype(float), np.atleast_1d(dec).astype(float)
    ids = [f"g{i}" for i in range(len(ra))]
    return pd.DataFrame(
        {"image_id": ids, "ra": ra, "dec": dec, "flags": 0, "reason": "", **columns}
    )


@pytest.fixture
def write_mosaic(tmp_path: Path) -> Callable[..., Path]:
    """Write pixels with a coordinate system, and return the file."""

    def write(name: str, pixels: np.ndarray, wcs: WCS) -> Path:
        fits.writeto(tmp_path / name, pixels, header_of(wcs), overwrite=True)
        return tmp_path / name

    return write
