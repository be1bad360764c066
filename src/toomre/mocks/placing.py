"""Where a galaxy is seen from: units, angles and brightness at a redshift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from toomre.errors import ArgumentError
from toomre.lookup import lookup

__all__ = ["UNITS", "InputFacts", "Placed", "arcsec_of_kpc", "distance_modulus", "place"]

_ARCSEC2_IN_SR = 206264.806**2

#: Unit -> nJy, and whether it is a brightness (for each arcsec^2) and not a flux in a pixel.
UNITS: Mapping[str, tuple[float, bool]] = {
    "nJy": (1.0, False),
    "uJy": (1e3, False),
    "mJy": (1e6, False),
    "Jy": (1e9, False),
    "nanomaggy": (3631.0, False),
    "nJy/arcsec2": (1.0, True),
    "uJy/arcsec2": (1e3, True),
    "MJy/sr": (1e15 / _ARCSEC2_IN_SR, True),
}


@dataclass(frozen=True)
class InputFacts:
    """What is known of noiseless images.

    Attributes
    ----------
    pixel_scale
        Side of a pixel, in `length`; as it is in the galaxy, or as it was seen from Earth. None
        where the files tell it.
    length
        ``"arcsec"`` or ``"kpc"`` (proper).
    redshift
        The redshift at which the flux was computed, or None if it is not known.
    unit
        Of the pixel values: a key of `UNITS`; None where the input tells it.

    Examples
    --------
    >>> InputFacts(0.24, "kpc", redshift=0.05, unit="nJy").length
    'kpc'
    """

    pixel_scale: float | None = None
    length: Literal["arcsec", "kpc"] = "arcsec"
    redshift: float | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.pixel_scale is not None and not self.pixel_scale > 0:
            raise ArgumentError.expected("pixel_scale", "above 0", self.pixel_scale)
        if self.length not in {"arcsec", "kpc"}:
            raise ArgumentError.expected("length", "'arcsec' or 'kpc'", self.length)
        if self.redshift is not None:
            _check(self.redshift)
        if self.unit is not None:
            lookup(UNITS, self.unit, "unit")


@dataclass(frozen=True)
class Placed:
    """How the input appears on the sky.

    Attributes
    ----------
    pixel_scale
        Angle of an input pixel [arcsec].
    factor
        The input's values times this are the flux that arrives [nJy/pixel].
    """

    pixel_scale: float
    factor: float


def place(facts: InputFacts, redshift: float | None = None, spectral_slope: float = -1.0) -> Placed:
    """Return how large and how bright an input appears, moved to another redshift if wanted.

    Angles follow the angular diameter distance. The brightness of a surface falls as
    (1+z)^(-3 + spectral_slope): as (1+z)^-4 (Tolman 1930, PNAS 16, 511) for a galaxy whose
    L_nu falls as 1/nu, seen through one filter at any redshift.

    Parameters
    ----------
    facts
        What is known of the input.
    redshift
        Where the galaxy is seen; None leaves it where it is.
    spectral_slope
        Power of the frequency in L_nu. With 0 the filter moves with the galaxy, so that it always
        shows the same light of its stars.

    Returns
    -------
    Placed
        In the cosmology of the Planck Collaboration (2020, A&A 641, A6).

    Raises
    ------
    ArgumentError
        If the unit or the pixel scale is not known, or a redshift is needed and not known.

    Examples
    --------
    >>> place(InputFacts(0.1, redshift=0.5, unit="nJy"), redshift=0.5)
    Placed(pixel_scale=0.1, factor=1.0)
    >>> moved = place(InputFacts(0.1, redshift=0.5, unit="nJy"), redshift=1.0)
    >>> round(moved.factor / (moved.pixel_scale / 0.1) ** 2 * (2 / 1.5) ** 4, 12)
    1.0
    """
    if facts.pixel_scale is None or facts.unit is None:
        raise ArgumentError(
            "The unit and the pixel scale of the input must be known. Give them (--unit, "
            "--pixel-scale)."
        )
    start, end = facts.redshift, facts.redshift if redshift is None else redshift
    if end is not None:
        _check(end)
    angle = facts.pixel_scale
    if facts.length == "kpc":
        if end is None:
            raise _unknown("the pixel scale is in kpc")
        angle = arcsec_of_kpc(facts.pixel_scale, end)
    factor = 1.0
    if start != end:
        if start is None or end is None:
            raise _unknown("the galaxy is moved to another one")
        if facts.length == "arcsec":
            angle *= _kpc_in_arcsec(start) / _kpc_in_arcsec(end)
        stretch = (1 + end) / (1 + start)
        near, far = _kpc_in_arcsec(start), _kpc_in_arcsec(end)
        factor = stretch ** (1 + spectral_slope) * (near / far / stretch**2) ** 2
    unit, each_arcsec2 = lookup(UNITS, facts.unit, "unit")
    if each_arcsec2:
        # The brightness was that at the redshift of the input.
        factor *= _angle_before(facts, facts.pixel_scale, angle) ** 2
    return Placed(angle, factor * unit)


def arcsec_of_kpc(length: float, redshift: float) -> float:
    """Return the angle [arcsec] of a proper length [kpc] at a redshift.

    Examples
    --------
    >>> round(arcsec_of_kpc(1.0, 0.05), 2)
    0.99
    """
    _check(redshift)
    return length / _kpc_in_arcsec(redshift)


@lru_cache(maxsize=4096)
def distance_modulus(redshift: float) -> float:
    """Return apparent less absolute magnitude [mag] at a redshift.

    Examples
    --------
    >>> round(distance_modulus(0.05), 1)
    36.8
    """
    from astropy.cosmology import Planck18  # a quarter of a second

    _check(redshift)
    return float(Planck18.distmod(redshift).value)


def _angle_before(facts: InputFacts, pixel_scale: float, angle: float) -> float:
    """Return the angle of a pixel at the redshift of the input; without one nothing moved."""
    if facts.redshift is None:
        return angle
    if facts.length == "arcsec":
        return pixel_scale
    return arcsec_of_kpc(pixel_scale, facts.redshift)


@lru_cache(maxsize=4096)
def _kpc_in_arcsec(redshift: float) -> float:
    """Return the proper length [kpc] of 1 arcsec."""
    from astropy.cosmology import Planck18  # a quarter of a second

    return float(Planck18.kpc_proper_per_arcmin(redshift).value) / 60


def _check(redshift: float) -> None:
    if not 0 < redshift < 20:
        raise ArgumentError.expected("redshift", "above 0 and below 20", redshift)


def _unknown(why: str) -> ArgumentError:
    return ArgumentError(f"The redshift of the input must be known, because {why}. Give it.")
