"""What a mock picture is made for: bands, pixels and distance."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np

from toomre.errors import ArgumentError

__all__ = ["MockPlan", "distant_plan", "nearby_plan", "nearby_plan_at"]

# Absolute AB magnitude of one solar mass of stars at rest-frame wavelengths [micron]: a young
# population (star formation that was constant for 0.1 Gyr) and an old one (single burst of
# solar metallicity) of 2.5 and of 8 Gyr. Rounded values that follow Bruzual & Charlot (2003,
# MNRAS 344, 1000) with a Chabrier initial mass function; good to some tenths of a magnitude.
_WAVELENGTH = (0.15, 0.20, 0.25, 0.30, 0.36, 0.44, 0.48, 0.55, 0.62, 0.76, 0.91, 1.25, 1.65, 2.2)
_YOUNG = (1.60, 1.70, 1.80, 1.88, 2.02, 1.98, 2.00, 2.06, 2.10, 2.16, 2.18, 2.28, 2.30, 2.65)
_OLD_2 = (12.0, 10.6, 9.30, 7.90, 6.60, 5.55, 5.20, 4.85, 4.62, 4.35, 4.18, 3.90, 3.70, 4.00)
_OLD_8 = (13.0, 12.0, 10.8, 9.40, 7.80, 6.75, 6.35, 5.92, 5.60, 5.23, 5.00, 4.72, 4.50, 4.80)
# Attenuation over that at 0.55 micron (Calzetti et al. 2000, ApJ 533, 682, R_V = 4.05, rounded).
_DUST = (2.55, 2.24, 1.97, 1.75, 1.51, 1.27, 1.17, 1.00, 0.86, 0.66, 0.50, 0.29, 0.15, 0.06)
# Age of the universe [Gyr] between which the old population changes from 2.5 to 8 Gyr.
_OLD_BETWEEN = (3.3, 12.0)
_PARSEC_CM = 3.0857e18
# g, r and i of the SDSS [micron].
_NEARBY = {"g": 0.4770, "r": 0.6231, "i": 0.7625}


@dataclass(frozen=True)
class MockPlan:
    """How the simulated stars shine and how they are seen.

    Attributes
    ----------
    bands
        Names of the bands.
    young, old
        Flux of one solar mass of young and of old stars in each band [nJy/Msun].
    dust
        Optical depth in each band over that in V at rest.
    pixel_scale
        Pixel scale [kpc/pixel].
    size
        Pixels on a side.
    redshift
        Redshift; main-sequence star formation follows from it.
    cosmic_time
        Age of the universe there [Gyr].

    Examples
    --------
    >>> plan = MockPlan.of_bands({"g": 0.48, "r": 0.62, "i": 0.76}, redshift=0.05,
    ...                          pixel_scale=0.4, size=75)
    >>> bool(plan.old[0] < plan.old[1] < plan.old[2])
    True
    """

    bands: tuple[str, ...]
    young: tuple[float, ...]
    old: tuple[float, ...]
    dust: tuple[float, ...]
    pixel_scale: float
    size: int
    redshift: float
    cosmic_time: float

    def __post_init__(self) -> None:
        if not self.bands:
            raise ArgumentError.expected("bands", "at least one band", self.bands)
        for name in ("young", "old", "dust"):
            values = getattr(self, name)
            if len(values) != len(self.bands) or not min(values) >= 0:
                raise ArgumentError.expected(name, "one value of 0 or more for each band", values)
        if self.size < 8:
            raise ArgumentError.expected("size", "at least 8 pixels", self.size)
        if not self.pixel_scale > 0:
            raise ArgumentError.expected("pixel_scale", "above 0 kpc/pixel", self.pixel_scale)

    @classmethod
    def of_bands(
        cls, pivots: dict[str, float], *, redshift: float, pixel_scale: float, size: int
    ) -> MockPlan:
        """Make a plan from the bands' pivot wavelengths.

        Parameters
        ----------
        pivots
            Observed pivot wavelength of each band [micron]; at rest within 0.15 to 2.2.
        redshift
            Above 0.
        pixel_scale
            Pixel scale [kpc/pixel].
        size
            Pixels on a side.

        Raises
        ------
        ArgumentError
            If a band looks beyond the tables, or a number is not allowed.
        """
        from astropy.cosmology import Planck18  # takes a second to import

        if not redshift > 0:
            raise ArgumentError.expected("redshift", "above 0", redshift)
        rest = np.array(list(pivots.values())) / (1 + redshift)
        if not ((rest >= _WAVELENGTH[0]) & (rest <= _WAVELENGTH[-1])).all():
            raise ArgumentError.expected(
                "pivots",
                "0.15 to 2.2 micron at rest",
                dict(zip(pivots, rest.round(3), strict=True)),
            )
        age = float(Planck18.age(redshift).value)
        distance = float(Planck18.luminosity_distance(redshift).value) * 1e6  # pc
        young, old_2, old_8, dust = (
            np.interp(np.log(rest), np.log(_WAVELENGTH), table)
            for table in (_YOUNG, _OLD_2, _OLD_8, _DUST)
        )
        share = np.clip((age - _OLD_BETWEEN[0]) / (_OLD_BETWEEN[1] - _OLD_BETWEEN[0]), 0, 1)
        old = (1 - share) * old_2 + share * old_8
        return cls(
            bands=tuple(pivots),
            young=_flux(young, distance, redshift),
            old=_flux(old, distance, redshift),
            dust=tuple(dust.tolist()),
            pixel_scale=pixel_scale,
            size=size,
            redshift=redshift,
            cosmic_time=age,
        )


def _flux(magnitude: np.ndarray, distance: float, redshift: float) -> tuple[float, ...]:
    """Return the observed flux density [nJy] at a luminosity distance [pc]."""
    luminosity = 10 ** (-0.4 * (magnitude + 48.6)) * 4 * pi * (10 * _PARSEC_CM) ** 2
    flux = (1 + redshift) * luminosity / (4 * pi * (distance * _PARSEC_CM) ** 2)
    return tuple((flux / 1e-32).tolist())  # 1 nJy = 1e-32 erg/s/cm^2/Hz


def distant_plan() -> MockPlan:
    """Return the plan of the set `distant`: z = 2, F814W, F356W and F160W, 0.75 kpc a pixel.

    These are 0.087 arcsec, two pixels in the PSF of F160W, and 56 kpc in the picture.
    """
    pivots = {"F814W": 0.8045, "F356W": 3.568, "F160W": 1.5369}
    return MockPlan.of_bands(pivots, redshift=2.0, pixel_scale=0.75, size=75)


def nearby_plan() -> MockPlan:
    """Return the plan of the set `nearby`: z = 0.05, g r i, 0.5 kpc a pixel."""
    return MockPlan.of_bands(_NEARBY, redshift=0.05, pixel_scale=0.5, size=75)


def nearby_plan_at(redshift: float, pixel_scale: float, size: int) -> MockPlan:
    """Return a plan in g, r and i at a redshift, with pixels of `pixel_scale` [kpc]."""
    return MockPlan.of_bands(_NEARBY, redshift=redshift, pixel_scale=pixel_scale, size=size)
