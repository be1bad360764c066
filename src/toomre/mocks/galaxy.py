"""A galaxy of test particles: an exponential disc and a Hernquist bulge, in equilibrium."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.mocks.constants import BULGE_GROWTH, DISC_SCALE, DISPERSION
from toomre.mocks.potential import Well

__all__ = ["Galaxy", "Stars", "draw_stars"]

Array = NDArray[np.float64]

# Where disc and bulge end, in their scale lengths.
_DISC_END, _BULGE_END = 6.0, 15.0
# Radii of the table of the bulge's velocity dispersion.
_TABLE = 160


@dataclass(frozen=True)
class Galaxy:
    """What a galaxy is made of.

    Attributes
    ----------
    stellar_mass
        Stars [Msun].
    disc_scale
        Scale length of the disc [kpc].
    bulge_share
        Bulge over all stars.
    halo_share
        What is left of its halo.
    """

    stellar_mass: float
    disc_scale: float
    bulge_share: float
    halo_share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.bulge_share <= 1:
            raise ArgumentError.expected("bulge_share", "from 0 to 1", self.bulge_share)

    @property
    def bulge_scale(self) -> float:
        """Scale radius of its bulge [kpc]; a galaxy of nothing else has a larger one."""
        grown = 1 + BULGE_GROWTH * max(0.0, self.bulge_share - 0.45) / 0.55
        return DISC_SCALE["bulge"] * self.disc_scale * grown

    @property
    def well(self) -> Well:
        """Its potential."""
        whole = Well.of_galaxy(self.stellar_mass, self.disc_scale)
        return replace(whole, halo_mass=self.halo_share * whole.halo_mass)


@dataclass(frozen=True, eq=False)
class Stars:
    """Test particles.

    Attributes
    ----------
    position
        In kpc, (3, n).
    velocity
        In kpc/Gyr, (3, n).
    disc
        Whether each belongs to the disc, (n,).
    birth_radius
        Radius in the disc at the start over the disc's scale length, (n,); 0 in a bulge.
    """

    position: Array
    velocity: Array
    disc: NDArray[np.bool_]
    birth_radius: Array

    def turned(self, rotation: Array) -> Stars:
        """Return the stars turned by a rotation matrix."""
        return Stars(
            rotation @ self.position, rotation @ self.velocity, self.disc, self.birth_radius
        )


def draw_stars(galaxy: Galaxy, count: int, rng: np.random.Generator) -> Stars:
    """Draw a galaxy's stars about the origin, the disc in the plane of x and y.

    Parameters
    ----------
    galaxy
        What to draw.
    count
        How many stars, of equal mass; at least 2.
    rng
        The same state draws the same stars.

    Examples
    --------
    >>> stars = draw_stars(Galaxy(1e10, 1.7, 0.2), 500, np.random.default_rng(1))
    >>> stars.position.shape, int(stars.disc.sum())
    ((3, 500), 400)
    """
    if count < 2:
        raise ArgumentError.expected("count", "at least 2 stars", count)
    bulge = round(count * galaxy.bulge_share)
    well = galaxy.well
    disc_p, disc_v, radius = _disc(galaxy, well, count - bulge, rng)
    bulge_p, bulge_v = _bulge(galaxy, well, bulge, rng)
    return Stars(
        np.concatenate([disc_p, bulge_p], axis=1),
        np.concatenate([disc_v, bulge_v], axis=1),
        np.arange(count) < count - bulge,
        np.concatenate([radius / galaxy.disc_scale, np.zeros(bulge)]),
    )


def _disc(
    galaxy: Galaxy, well: Well, count: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Draw an exponential disc whose velocities obey the Jeans equations in its plane.

    Binney & Tremaine (2008, Galactic Dynamics, equations 4.227 and 8.117) for the asymmetric
    drift and the epicycles.
    """
    scale = galaxy.disc_scale
    x = _gamma_two(rng, count)
    r = scale * x
    angle = rng.uniform(0, 2 * np.pi, count)
    omega2 = well.pull(r)
    change = (well.pull(r * 1.01) - well.pull(r * 0.99)) / 0.02  # r d(omega^2)/dr
    beta = np.clip(1 + change / (4 * omega2), 0.25, 1.0)  # kappa^2 / (4 omega^2)
    peak = np.sqrt(np.max(omega2 * r**2, initial=0.0))
    sigma = np.minimum(DISPERSION * peak * np.exp(-x / 2), 0.35 * np.sqrt(omega2) * r)
    mean2 = omega2 * r**2 + sigma**2 * (1 - beta - 2 * x)
    height = DISC_SCALE["height"] * scale
    radial = sigma * rng.standard_normal(count)
    around = np.sqrt(np.maximum(mean2, 0)) + sigma * np.sqrt(beta) * rng.standard_normal(count)
    z = height * rng.standard_normal(count)
    up = height * np.sqrt(omega2) * rng.standard_normal(count)
    c, s = np.cos(angle), np.sin(angle)
    position = np.stack([r * c, r * s, z])
    velocity = np.stack([radial * c - around * s, radial * s + around * c, up])
    return position, velocity, r


def _gamma_two(rng: np.random.Generator, count: int) -> Array:
    """Draw radii of an exponential disc that ends, in scale lengths."""
    grid = np.linspace(0, _DISC_END, 600)
    inside = 1 - (1 + grid) * np.exp(-grid)
    return np.interp(rng.uniform(0, inside[-1], count), inside, grid)


def _bulge(galaxy: Galaxy, well: Well, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw a Hernquist sphere with isotropic velocities from its Jeans equation."""
    a = galaxy.bulge_scale
    last = (_BULGE_END / (1 + _BULGE_END)) ** 2
    root = np.sqrt(rng.uniform(0, last, count))
    r = a * root / (1 - root)
    sigma = np.interp(r, *_jeans(well, a))
    escape = np.sqrt(-2 * well.potential(r))
    speed = rng.standard_normal((3, count)) * sigma
    fast = np.linalg.norm(speed, axis=0) / (0.95 * escape)
    return _directions(rng, count) * r, speed / np.maximum(fast, 1)


def _jeans(well: Well, a: float) -> tuple[Array, Array]:
    """Return radii and the radial dispersion there, from the pressure that the weight needs."""
    r = a * np.geomspace(1e-3, 50 * _BULGE_END, _TABLE)
    density = 1 / (r * (r + a) ** 3)
    weight = density * well.pull(r) * r
    slices = 0.5 * (weight[1:] + weight[:-1]) * np.diff(r)
    pressure = np.concatenate([np.cumsum(slices[::-1])[::-1], [0.0]])
    return r, np.sqrt(pressure / density)


def _directions(rng: np.random.Generator, count: int) -> Array:
    z = rng.uniform(-1, 1, count)
    angle = rng.uniform(0, 2 * np.pi, count)
    flat = np.sqrt(1 - z**2)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z])
