"""Units, angles and dimming, judged by astropy."""

from __future__ import annotations

import pytest
from astropy import units as u
from astropy.cosmology import Planck18

from toomre.errors import ArgumentError
from toomre.mocks.placing import UNITS, InputFacts, arcsec_of_kpc, place


@pytest.mark.parametrize("redshift", [0.01, 0.05, 0.5, 2.0, 6.0])
def test_angle_of_a_length(redshift):
    wanted = (1 * u.kpc / Planck18.angular_diameter_distance(redshift)).to(
        u.arcsec, u.dimensionless_angles()
    )
    assert arcsec_of_kpc(1.0, redshift) == pytest.approx(wanted.value, rel=1e-6)


@pytest.mark.parametrize("length", ["arcsec", "kpc"])
@pytest.mark.parametrize("slope", [-1.0, 0.0, 0.7])
def test_moving_follows_the_distances(length, slope):
    facts = InputFacts(0.2, length, redshift=0.05, unit="nJy")
    before, after = place(facts), place(facts, 1.5, slope)
    sizes = [Planck18.angular_diameter_distance(z) for z in (0.05, 1.5)]
    assert after.pixel_scale / before.pixel_scale == pytest.approx(
        float(sizes[0] / sizes[1]), rel=1e-6
    )
    lights = [Planck18.luminosity_distance(z) for z in (0.05, 1.5)]
    stretch = 2.5 / 1.05
    wanted = float(lights[0] / lights[1]) ** 2 * stretch ** (1 + slope)
    assert after.factor / before.factor == pytest.approx(wanted, rel=1e-6)
    brightness = after.factor / after.pixel_scale**2 / (before.factor / before.pixel_scale**2)
    assert brightness == pytest.approx(stretch ** (-3 + slope), rel=1e-9)


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_those_of_astropy(unit):
    names = {"nanomaggy": "nJy", "nJy/arcsec2": "nJy/arcsec2", "uJy/arcsec2": "uJy/arcsec2"}
    parsed = u.Unit(names.get(unit, unit))
    pixel = (0.3 * u.arcsec) ** 2
    flux = (1 * parsed * pixel if parsed.is_equivalent(u.Jy / u.sr) else 1 * parsed).to(u.nJy)
    wanted = flux.value * (3631 if unit == "nanomaggy" else 1)
    assert place(InputFacts(0.3, unit=unit)).factor == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("length", ["arcsec", "kpc"])
def test_a_brightness_is_moved_as_a_flux_is(length):
    # the same galaxy, once as flux and once as brightness in a pixel of its first redshift
    as_flux = InputFacts(0.5, length, 0.1, "nJy")
    as_brightness = InputFacts(0.5, length, 0.1, "nJy/arcsec2")
    area = place(as_flux).pixel_scale ** 2
    for redshift in (None, 0.1, 1.0):
        wanted = place(as_flux, redshift).factor * area
        assert place(as_brightness, redshift).factor == pytest.approx(wanted, rel=1e-9)


def test_what_is_not_allowed():
    with pytest.raises(ArgumentError, match=r"must be known, because the pixel scale is in kpc"):
        place(InputFacts(0.2, "kpc", unit="nJy"))
    with pytest.raises(ArgumentError, match=r"because the galaxy is moved to another one. Give"):
        place(InputFacts(0.2, unit="nJy"), 1.0)
    for unknown in (InputFacts(0.2), InputFacts(unit="nJy")):
        with pytest.raises(ArgumentError, match="The unit and the pixel scale of the input must"):
            place(unknown)
    for make in (
        lambda: InputFacts(0.0),
        lambda: InputFacts(0.1, "parsec"),
        lambda: InputFacts(0.1, redshift=-0.1),
        lambda: InputFacts(0.1, unit="counts"),
        lambda: place(InputFacts(0.1, redshift=0.1, unit="nJy"), 0.0),
    ):
        with pytest.raises(ArgumentError, match="^Expected `"):
            make()
