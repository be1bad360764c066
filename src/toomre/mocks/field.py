"""The stars and galaxies that lie in a field by chance, for any survey."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toomre.mocks.brushes import Canvas, Ellipse, point, sersic
from toomre.surveys.survey import AB_NANOJANSKY, Band

__all__ = ["chance_field"]

Image = NDArray[np.float64]

# The band in which the counts are known [nm].
_REFERENCE = 617.0
# Galaxies at high galactic latitude down to magnitude 22 in r [1/arcmin^2], and the slopes of the
# counts before and behind it [dex/mag] (Yasuda et al. 2001, AJ 122, 1104; Metcalfe et al. 2001,
# MNRAS 323, 795; two thirds of theirs, as the neighbours in SDSS pictures want it). Galaxies
# brighter than 17 would be the object itself.
_GALAXIES, _KNEE, _SLOPES, _BRIGHTEST_GALAXY = 2.6, 22.0, (0.40, 0.33), 17.0
# Stars in the same way (Chen et al. 2001, ApJ 553, 184; rounded).
_STARS, _STAR_SLOPE, _BRIGHTEST_STAR = 1.3, 0.15, 13.0
# Half-light radius of a galaxy of magnitude 22 [arcsec], its change with magnitude [dex/mag] and
# its scatter [natural logarithm].
_RADIUS = (0.8, -0.08, 0.4)
# Power of the wavelength with which a galaxy's flux density rises: mean and scatter; a power of
# 2 is g - r = 0.6. Behind 1.6 micrometres, the peak of old stars, it no longer rises.
_POWER = (2.0, 1.2)
_PEAK = 1600.0
# Temperatures of the stars [K] and h c / k [nm K].
_TEMPERATURE = (2800.0, 7000.0)
_SECOND_RADIATION = 1.4388e7


def chance_field(
    canvas: Canvas, bands: Sequence[Band], faintest: float, rng: np.random.Generator
) -> Image:
    """Draw the objects of a random field: exponential discs and points.

    Parameters
    ----------
    canvas
        The square of sky.
    bands
        For their wavelengths.
    faintest
        Down to this magnitude in r [mag].
    rng
        The same state draws the same field.

    Returns
    -------
    Flux before the blur [nJy/pixel], (band, y, x).

    Examples
    --------
    >>> from toomre.surveys.sdss import SDSS
    >>> field = chance_field(Canvas(64, 0.4), SDSS.bands, 24.0, np.random.default_rng(1))
    >>> field.shape
    (5, 64, 64)
    """
    wavelengths = np.array([band.wavelength for band in bands])
    light = np.zeros((len(bands), canvas.size, canvas.size))
    area = (canvas.side / 60) ** 2
    low, high = (_galaxies_to(magnitude) for magnitude in (_BRIGHTEST_GALAXY, faintest))
    for _ in range(rng.poisson(area * max(high - low, 0))):
        magnitude = _galaxy_magnitude(rng.uniform(low, high))
        light += _spectrum(wavelengths, magnitude, rng)[:, None, None] * _disc(
            canvas, magnitude, rng
        )
    low, high = (_stars_to(magnitude) for magnitude in (_BRIGHTEST_STAR, faintest))
    for _ in range(rng.poisson(area * max(high - low, 0))):
        magnitude = _KNEE + np.log10(rng.uniform(low, high) / _STARS) / _STAR_SLOPE
        x, y = rng.uniform(-0.5, 0.5, 2) * canvas.side
        flux = _nanojansky(magnitude) * _planck(wavelengths, rng.uniform(*_TEMPERATURE))
        light += flux[:, None, None] * point(canvas, x, y)
    return light


def _galaxies_to(magnitude: float) -> float:
    """Return how many galaxies are brighter than this [1/arcmin^2]."""
    slope = _SLOPES[int(magnitude > _KNEE)]
    return float(_GALAXIES * 10 ** (slope * (magnitude - _KNEE)))


def _galaxy_magnitude(count: float) -> float:
    """Return the magnitude to which there are so many galaxies."""
    slope = _SLOPES[int(count > _GALAXIES)]
    return float(_KNEE + np.log10(count / _GALAXIES) / slope)


def _stars_to(magnitude: float) -> float:
    return float(_STARS * 10 ** (_STAR_SLOPE * (magnitude - _KNEE)))


def _disc(canvas: Canvas, magnitude: float, rng: np.random.Generator) -> Image:
    middle, change, scatter = _RADIUS
    radius = middle * 10 ** (change * (magnitude - _KNEE)) * rng.lognormal(0, scatter)
    x, y = rng.uniform(-0.5, 0.5, 2) * canvas.side
    return sersic(canvas, Ellipse(x, y, radius, rng.uniform(0.4, 1), rng.uniform(0, 180)), 1)


def _spectrum(wavelengths: Image, magnitude: float, rng: np.random.Generator) -> Image:
    """Return the flux of a galaxy in each band [nJy]."""
    seen = np.minimum(wavelengths, _PEAK) / _REFERENCE
    flux: Image = _nanojansky(magnitude) * seen ** rng.normal(*_POWER)
    return flux


def _planck(wavelengths: Image, temperature: float) -> Image:
    """Return the flux density of a black body over that in the reference band."""
    x = _SECOND_RADIATION / temperature / np.append(wavelengths, _REFERENCE)
    density = x**3 / np.expm1(x)
    ratio: Image = density[:-1] / density[-1]
    return ratio


def _nanojansky(magnitude: float) -> float:
    return float(10 ** (0.4 * (AB_NANOJANSKY - magnitude)))
