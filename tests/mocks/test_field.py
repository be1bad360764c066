"""Chance objects: how many, how bright, and of what colour."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.modeling.physical_models import BlackBody

from toomre.mocks import field
from toomre.mocks.brushes import Canvas
from toomre.mocks.field import chance_field
from toomre.surveys.tables import SURVEYS


def test_counts_rise_without_a_step_and_invert():
    magnitudes = np.linspace(17, 28, 50)
    counts = [field._galaxies_to(m) for m in magnitudes]
    assert np.all(np.diff(counts) > 0)
    assert [field._galaxy_magnitude(c) for c in counts] == pytest.approx(magnitudes)
    # deep fields have some 40 galaxies to 25 and some hundreds to 28 in an arcmin^2
    assert 25 < field._galaxies_to(25) < 60
    assert 200 < field._galaxies_to(28) < 600


def test_light_is_that_of_the_counts():
    # to 19 mag all objects together: the integral of flux over the counts, by a plain sum
    canvas, rng = Canvas(120, 4.0), np.random.default_rng(3)
    band = SURVEYS["sdss"].choose(("r",))
    found = np.mean([chance_field(canvas, band, 19.0, rng).sum() for _ in range(150)])
    edges = np.linspace(13, 19, 6001)
    flux = 10 ** (0.4 * (31.4 - (edges[1:] + edges[:-1]) / 2))
    stars = np.diff([field._stars_to(m) for m in edges])
    galaxies = np.diff([field._galaxies_to(m) for m in edges]) * (edges[1:] > 17)
    wanted = (flux * (stars + galaxies)).sum() * (canvas.side / 60) ** 2
    # half a light profile may lie outside the frame
    assert found == pytest.approx(wanted, rel=0.25)


def test_stars_are_black_bodies():
    wavelengths = np.array([350.0, 617.0, 900.0, 3500.0])
    from astropy import units as u

    body = BlackBody(5000 * u.K)
    wanted = body(wavelengths * u.nm) / body(617 * u.nm)
    assert field._planck(wavelengths, 5000.0) == pytest.approx(wanted.value, rel=1e-3)


def test_same_state_same_field_and_nothing_negative():
    canvas, survey = Canvas(75, 0.2), SURVEYS["lsst"]
    both = [chance_field(canvas, survey.bands, 27.0, np.random.default_rng(8)) for _ in range(2)]
    assert np.array_equal(*both)
    assert both[0].min() >= 0
    assert both[0].shape == (6, 75, 75)


def test_nothing_brighter_than_the_limit_is_nothing(rng):
    assert not chance_field(Canvas(64, 0.4), SURVEYS["hsc"].bands, 10.0, rng).any()
