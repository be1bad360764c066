"""A simulated system at the time of its picture: where its stars are and how they shine."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from toomre.mocks.constants import PARTICLES
from toomre.mocks.galaxy import Galaxy, draw_stars
from toomre.mocks.light import LightDraw, shine
from toomre.mocks.particles import move_stars
from toomre.mocks.population import Encounter
from toomre.mocks.render import neighbour_radius

__all__ = ["Cloud", "MovedSystem", "move_system"]

Array = NDArray[np.float64]

# A galaxy has at least this many stars, however small its share of the mass.
_FEWEST = 500
# Kernel over the distance to the neighbour, and kernel of a clump [kpc].
_KERNEL, _CLUMP = 1.15, 0.5
# The middle of the frame is this far from the first nucleus [kpc], sigma in x and in y.
_POINTING = 0.4
# Dwarf satellites: mean number, share of the mass of each, distance and half-light radius [kpc].
_DWARFS, _DWARF_SHARE, _DWARF_DISTANCE, _DWARF_SIZE = 1.2, (0.001, 0.02), (6.0, 35.0), (0.3, 1.0)
_DWARF_STARS = 120


@dataclass(frozen=True, eq=False)
class Cloud:
    """Stars of one galaxy or dwarf, ready for the cameras; masses are shares of the system's."""

    position: Array
    young: Array
    old: Array
    dust: Array
    reach: Array
    galaxy: int = 0


@dataclass(frozen=True, eq=False)
class MovedSystem:
    """A system at the time of its picture: its stars, its nuclei (2, 3), and how it shines.

    `light` has one entry a galaxy; `pointing` is where the middle of each camera's frame is, from
    the nucleus number `middle` [kpc], (4, 2).
    """

    encounter: Encounter
    light: tuple[LightDraw, ...]
    clouds: list[Cloud]
    nuclei: Array
    pointing: Array
    middle: int = 0

    @property
    def mass(self) -> float:
        """Stars that shine [Msun]."""
        return sum(each.stellar_mass for each in self.encounter.shining)


def move_system(
    encounter: Encounter,
    light: tuple[LightDraw, ...],
    rng: np.random.Generator,
    *,
    turn: Array | None = None,
    middle: int = 0,
    dwarfs: float = _DWARFS,
    smoothing: tuple[float, ...] = (1.0, 1.0),
) -> MovedSystem:
    """Move the stars of an encounter to the time of its picture.

    Parameters
    ----------
    encounter, light
        As drawn; one `LightDraw` a galaxy.
    rng
        Draws the stars.
    turn
        Rotation of the whole system before the cameras look.
    middle
        The galaxy in the middle of the frame.
    dwarfs
        Mean number of dwarf satellites.
    smoothing
        Factor of the kernels of the outer stars in each galaxy.
    """
    nuclei = np.zeros((2, 3))
    orbit = encounter.orbit
    if orbit is not None:
        nuclei = np.outer(orbit.shares, orbit.at(encounter.end)[:3])
    mass = sum(each.stellar_mass for each in encounter.shining)
    clouds = []
    for number, galaxy in enumerate(encounter.shining):
        weight = galaxy.stellar_mass / mass
        cloud = _galaxy_cloud(encounter, number, weight, nuclei[number], light[number], rng)
        clouds.append(_smoothed(cloud, nuclei[number], galaxy, smoothing[number]))
    clouds += [_dwarf(nuclei[0], rng) for _ in range(rng.poisson(dwarfs))]
    if turn is not None:
        clouds = [replace(cloud, position=turn @ cloud.position) for cloud in clouds]
        nuclei = nuclei @ turn.T
    pointing = rng.normal(0, _POINTING, (4, 2))
    return MovedSystem(encounter, light, clouds, nuclei, pointing, middle)


def _galaxy_cloud(
    encounter: Encounter,
    number: int,
    weight: float,
    nucleus: Array,
    light: LightDraw,
    rng: np.random.Generator,
) -> Cloud:
    galaxy, orbit = encounter.galaxies[number], encounter.orbit
    if number == 1:  # two galaxies of a pair have no arms in common
        light = replace(
            light, phase=rng.uniform(0, 2 * np.pi), pitch=light.pitch * rng.choice([-1, 1])
        )
    turn = Rotation.random(rng=rng).as_matrix()
    born = draw_stars(galaxy, max(_FEWEST, round(PARTICLES * weight)), rng)
    stars = born.turned(turn)
    if orbit is None:
        span = (0.0, encounter.end - encounter.begin)
        position, _ = move_stars(stars.position, stars.velocity, (galaxy.well, None), None, span)
    else:
        start = orbit.at(encounter.begin) * orbit.shares[number]
        wells = (encounter.galaxies[0].well, encounter.galaxies[1].well)
        position, _ = move_stars(
            stars.position + start[:3, None],
            stars.velocity + start[3:, None],
            wells,
            orbit,
            (encounter.begin, encounter.end),
        )
    local = turn.T @ (position - nucleus[:, None])
    spacing = neighbour_radius(position)
    shares = shine(galaxy, born, local, spacing, light, weight, rng)
    reach = _KERNEL * spacing
    reach = np.where(shares.sharp, np.minimum(reach, _CLUMP), reach)
    # Optical depth through the middle of an exponential disc is dust / (2 pi scale^2).
    dust = shares.dust * 2 * np.pi * galaxy.disc_scale**2
    young, old = weight * shares.young, weight * shares.old
    return Cloud(position, young, old, dust, reach, number)


def _smoothed(cloud: Cloud, nucleus: Array, galaxy: Galaxy, factor: float) -> Cloud:
    """Return the cloud with kernels that grow outwards up to a factor; its cusp stays sharp."""
    if factor == 1:
        return cloud
    away = np.linalg.norm(cloud.position - nucleus[:, None], axis=0) / (2 * galaxy.disc_scale)
    return replace(cloud, reach=cloud.reach * (1 + (factor - 1) * np.minimum(away, 1)))


def _dwarf(nucleus: Array, rng: np.random.Generator) -> Cloud:
    """Draw a dwarf satellite; nothing moves it."""
    distance, size = rng.uniform(*_DWARF_DISTANCE), rng.uniform(*_DWARF_SIZE)
    share = np.exp(rng.uniform(*np.log(_DWARF_SHARE)))
    # The shape parameter 3 gives the radii of an exponential sphere, 2.67 its median.
    away = rng.standard_normal((3, _DWARF_STARS))
    away[2] *= rng.uniform(0.4, 1.0)
    stars = away / np.linalg.norm(away, axis=0) * rng.gamma(3.0, size / 2.67, _DWARF_STARS)
    where = nucleus[:, None] + Rotation.random(rng=rng).as_matrix()[:, :1] * distance
    each = np.full(_DWARF_STARS, share / _DWARF_STARS)
    reach = np.full(_DWARF_STARS, size)
    return Cloud(where + stars, each, each, np.zeros(_DWARF_STARS), reach)
