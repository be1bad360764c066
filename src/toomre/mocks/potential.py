"""The well of one galaxy: a Hernquist halo and a second Hernquist sphere for its baryons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.mocks.constants import (
    BARYON_WELL,
    DISC_SCALE,
    GRAVITY,
    HALO_MASS,
    HALO_SPEED,
    KM_S,
    SOFTENING,
)

__all__ = ["Well"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Well:
    """Two concentric Hernquist spheres (Hernquist 1990, ApJ 356, 359).

    Attributes
    ----------
    halo_mass, halo_scale
        Mass [Msun] and scale radius [kpc] of the halo.
    baryon_mass, baryon_scale
        Those of the baryons.

    Examples
    --------
    >>> well = Well.of_galaxy(1e10, disc_scale=1.7)
    >>> speed = np.sqrt(well.pull(8.0)) * 8.0 / KM_S
    >>> bool(140 < speed < 180)
    True
    """

    halo_mass: float
    halo_scale: float
    baryon_mass: float
    baryon_scale: float

    @classmethod
    def of_galaxy(cls, stellar_mass: float, disc_scale: float) -> Well:
        """Return the well of a galaxy of this stellar mass [Msun] and disc scale length [kpc].

        Raises
        ------
        ArgumentError
            If one of them is not positive.
        """
        if not stellar_mass > 0:
            raise ArgumentError.expected("stellar_mass", "above 0 Msun", stellar_mass)
        if not disc_scale > 0:
            raise ArgumentError.expected("disc_scale", "above 0 kpc", disc_scale)
        speed, at, power = HALO_SPEED
        peak = speed * KM_S * (stellar_mass / at) ** power
        mass = HALO_MASS * stellar_mass
        scale = GRAVITY * mass / (4 * peak**2)
        return cls(mass, scale, BARYON_WELL * stellar_mass, DISC_SCALE["well"] * disc_scale)

    @property
    def mass(self) -> float:
        """Both masses together [Msun]."""
        return self.halo_mass + self.baryon_mass

    @property
    def row(self) -> Array:
        """GM [kpc^3/Gyr^2] and scale [kpc] of halo and baryons, as the compiled loops want it."""
        halo, baryons = GRAVITY * self.halo_mass, GRAVITY * self.baryon_mass
        return np.array([halo, self.halo_scale, baryons, self.baryon_scale])

    def potential(self, radius: ArrayLike) -> Array:
        """Return the potential [kpc^2/Gyr^2] at a radius [kpc], softened."""
        s = np.hypot(np.asarray(radius, dtype=float), SOFTENING)
        gm_halo, a_halo, gm_baryon, a_baryon = self.row
        return np.asarray(-gm_halo / (s + a_halo) - gm_baryon / (s + a_baryon))

    def pull(self, radius: ArrayLike) -> Array:
        """Return the inward acceleration over the radius [1/Gyr^2]: the squared frequency."""
        s = np.hypot(np.asarray(radius, dtype=float), SOFTENING)
        gm_halo, a_halo, gm_baryon, a_baryon = self.row
        return np.asarray(gm_halo / (s * (s + a_halo) ** 2) + gm_baryon / (s * (s + a_baryon) ** 2))
