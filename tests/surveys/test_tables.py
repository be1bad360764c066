"""The surveys' facts: complete, in order, and of the right size."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.surveys.survey import Band, Survey
from toomre.surveys.tables import SURVEYS


@pytest.mark.parametrize("survey", SURVEYS.values(), ids=list(SURVEYS))
def test_facts_are_of_the_right_size(survey):
    assert SURVEYS[survey.name] is survey
    wavelengths = [band.wavelength for band in survey.bands]
    assert wavelengths == sorted(wavelengths)
    assert wavelengths[0] > 300
    assert wavelengths[-1] < 5000
    for band in survey.bands:
        assert 0.05 < band.psf_fwhm < 2
        assert 20 < band.depth < 28
        # no telescope is sharper than diffraction at 6.5 m allows
        assert band.psf_fwhm > band.wavelength * 1e-9 / 8.4 * 206265


def test_names():
    assert set(SURVEYS) == {"hst_jwst", "sdss", "decals", "hsc", "euclid", "lsst"}


def test_the_unit_of_a_count():
    # 22.5 is a nanomaggy, 3631 nJy; 31.4 is 1 nJy; 23.9 is 1 microjansky
    assert SURVEYS["sdss"].nanojansky == pytest.approx(3631, rel=1e-3)
    assert SURVEYS["lsst"].nanojansky == pytest.approx(1)
    assert SURVEYS["euclid"].nanojansky == pytest.approx(1000)


def test_bands_are_found_by_name():
    chosen = SURVEYS["sdss"].choose(("i", "r", "g"))
    assert np.diff([band.wavelength for band in chosen]).max() < 0
    with pytest.raises(ArgumentError, match=r"Expected `band of sdss` to be one of 'g', 'i'"):
        SURVEYS["sdss"].choose(("y",))


def test_what_is_not_allowed():
    band = Band("r", 622, 0.8, 25.0)
    for make in (
        lambda: Band("r", 622, 0.0, 25.0),
        lambda: Survey("mine", (), 0.2, 27.0),
        lambda: Survey("mine", (band, band), 0.2, 27.0),
        lambda: Survey("mine", (band,), 0.0, 27.0),
    ):
        with pytest.raises(ArgumentError, match="^Expected `"):
            make()
