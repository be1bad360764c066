"""Simulated galaxies: pictures by four cameras and the truth about each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from toomre.errors import ArgumentError
from toomre.mocks.constants import PARTICLES
from toomre.mocks.dust import dust_in_front
from toomre.mocks.galaxy import draw_stars
from toomre.mocks.light import LightDraw, draw_light, shine, star_flux, young_share
from toomre.mocks.particles import move_stars
from toomre.mocks.plan import MockPlan
from toomre.mocks.population import Encounter, draw_encounter, is_merger
from toomre.mocks.render import CAMERAS, neighbour_radius, splat, view

__all__ = ["MockImage", "galaxy_rng", "simulate_galaxy", "take_pictures"]

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
class MockImage:
    """A noiseless picture and what is known about it.

    Attributes
    ----------
    flux
        Array of shape (band, y, x), float32 [nJy/pixel], without any blur.
    truth
        `galaxy_id`, `label`, `kind`, `stage`, `past` (whether coalescence is over),
        `time_to_merger` [Gyr], `mass_ratio`, `log_mass` (stars in the picture, log10 Msun),
        `star_formation_rate` [Msun/yr], `camera`, `separation` [kpc, in space], and the nuclei's
        pixels `nucleus1_x`, `nucleus1_y`, `nucleus2_x`, `nucleus2_y`. NaN where there is none.
    """

    flux: NDArray[np.float32]
    truth: dict[str, Any]


@dataclass(frozen=True, eq=False)
class _Cloud:
    """Stars of one galaxy or dwarf, ready for the cameras; masses are shares of the system's."""

    position: Array
    young: Array
    old: Array
    dust: Array
    reach: Array
    second: bool = False


def galaxy_rng(index: int, seed: int) -> np.random.Generator:
    """Return the generator of one galaxy, which no other galaxy has a part in.

    Examples
    --------
    >>> bool(galaxy_rng(3, 1).random() == galaxy_rng(3, 1).random() != galaxy_rng(4, 1).random())
    True
    """
    for name, value in (("index", index), ("seed", seed)):
        if value < 0:
            raise ArgumentError.expected(name, "0 or more", value)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))


def simulate_galaxy(
    index: int, seed: int, plan: MockPlan, *, kind: str | None = None
) -> list[MockImage]:
    """Simulate one system and take its picture with four cameras.

    Parameters
    ----------
    index
        Number of the galaxy in the sample. A picture never depends on what else is made.
    seed
        Seed of the sample.
    plan
        Bands, pixels and redshift.
    kind
        What to simulate, see `toomre.mocks.population.KINDS`; None draws it.

    Returns
    -------
    Four pictures of the same system.

    Raises
    ------
    ArgumentError
        If `index` or `seed` is negative, or the kind is unknown.

    Examples
    --------
    >>> from toomre.mocks.plan import nearby_plan
    >>> images = simulate_galaxy(0, 1, nearby_plan())
    >>> len(images), images[0].flux.shape
    (4, (3, 75, 75))
    """
    rng = galaxy_rng(index, seed)
    light = draw_light(len(plan.bands), rng)
    encounter = draw_encounter(rng, kind)
    images = take_pictures(encounter, light, plan, rng)
    for image in images:
        image.truth["galaxy_id"] = f"mock-{seed}-{index}"
    return images


def take_pictures(
    encounter: Encounter, light: LightDraw, plan: MockPlan, rng: np.random.Generator
) -> list[MockImage]:
    """Move the stars of an encounter to the time of its picture and paint them.

    Parameters are as drawn by `draw_encounter` and `draw_light`. In each band the mean
    flux of the four pictures is that of the populations of the system's mass behind its dust.
    Where stars and dust are, and how many lie beside the frame, changes the pattern and not
    the sum, so that brightness and colour tell nothing of the class.
    """
    clouds, nuclei = _clouds(encounter, light, rng)
    mass = sum(each.stellar_mass for each in encounter.galaxies[: 1 + encounter.second_shines])
    rate, share = young_share(plan, mass, light)
    pointing = rng.normal(0, _POINTING, (4, 2))
    pictures, places = [], []
    for camera in range(len(CAMERAS)):
        shift = nuclei[0] @ CAMERAS[camera].T
        middle = shift[:2] + pointing[camera]
        pictures.append(_picture(encounter, clouds, camera, middle, plan, (share, light.depth)))
        places.append(_nuclei_pixels(encounter, nuclei, camera, middle, plan))
    wanted = mass * star_flux(plan, np.array([share]), np.array([1 - share]), np.zeros(1))[:, 0]
    dimming = light.attenuation * np.array(plan.dust) + np.array(light.scatter)
    wanted *= 10 ** (-0.4 * dimming)
    stack = np.stack(pictures)
    mean = stack.sum(axis=(2, 3)).mean(axis=0)
    stack *= (wanted / mean)[:, None, None]
    truth = _truth(encounter, nuclei) | {"log_mass": np.log10(mass), "star_formation_rate": rate}
    return [
        MockImage(picture.astype(np.float32), {**truth, "camera": camera, **places[camera]})
        for camera, picture in enumerate(stack)
    ]


def _clouds(
    encounter: Encounter, light: LightDraw, rng: np.random.Generator
) -> tuple[list[_Cloud], Array]:
    """Return the stars where they are at the time of the picture, and the nuclei, (2, 3)."""
    nuclei = np.zeros((2, 3))
    orbit = encounter.orbit
    if orbit is not None:
        nuclei = np.outer(orbit.shares, orbit.at(encounter.end)[:3])
    shining = encounter.galaxies[: 1 + encounter.second_shines]
    mass = sum(each.stellar_mass for each in shining)
    clouds = []
    for number, galaxy in enumerate(shining):
        weight = galaxy.stellar_mass / mass
        clouds.append(_galaxy_cloud(encounter, number, weight, nuclei[number], light, rng))
    clouds += [_dwarf(nuclei[0], rng) for _ in range(rng.poisson(_DWARFS))]
    return clouds, nuclei


def _galaxy_cloud(
    encounter: Encounter,
    number: int,
    weight: float,
    nucleus: Array,
    light: LightDraw,
    rng: np.random.Generator,
) -> _Cloud:
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
    return _Cloud(position, young, old, dust, reach, number == 1)


def _dwarf(nucleus: Array, rng: np.random.Generator) -> _Cloud:
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
    return _Cloud(where + stars, each, each, np.zeros(_DWARF_STARS), reach)


def _picture(
    encounter: Encounter,
    clouds: list[_Cloud],
    camera: int,
    middle: Array,
    plan: MockPlan,
    light: tuple[float, float],
) -> Array:
    share, depth = light
    seen = []
    for cloud in clouds:
        at = view(cloud.position, camera)
        if cloud.second and encounter.offsets is not None:
            at[:2] += encounter.offsets[camera][:, None]
            at[2] -= 1000.0  # far behind
        seen.append(at)
    stars = np.concatenate(seen, axis=1)
    stars[:2] -= middle[:, None]
    young, old, dust, reach = (
        np.concatenate([getattr(cloud, name) for cloud in clouds])
        for name in ("young", "old", "dust", "reach")
    )
    column = dust_in_front(stars, dust)
    flux = star_flux(plan, share * young, (1 - share) * old, depth * column)
    place = stars[:2] / plan.pixel_scale + (plan.size - 1) / 2
    return splat(place, reach / plan.pixel_scale, flux, plan.size)


def _nuclei_pixels(
    encounter: Encounter, nuclei: Array, camera: int, middle: Array, plan: MockPlan
) -> dict[str, float]:
    seen = nuclei @ CAMERAS[camera].T[:, :2]
    if encounter.offsets is not None:
        seen[1] += encounter.offsets[camera]
    pixels = (seen - middle) / plan.pixel_scale + (plan.size - 1) / 2
    if len(encounter.galaxies) < 2 or not encounter.second_shines:
        pixels[1] = np.nan
    names = ("nucleus1_x", "nucleus1_y", "nucleus2_x", "nucleus2_y")
    return dict(zip(names, pixels.ravel().tolist(), strict=True))


def _truth(encounter: Encounter, nuclei: Array) -> dict[str, Any]:
    left, ratio = encounter.time_to_merger, encounter.mass_ratio
    paired = encounter.orbit is not None and encounter.second_shines
    return {
        "label": int(is_merger(left, ratio)),
        "kind": encounter.kind,
        "stage": encounter.stage,
        "past": bool(left < 0),
        "time_to_merger": left,
        "mass_ratio": ratio if encounter.second_shines else float("nan"),
        "separation": float(np.linalg.norm(nuclei[1] - nuclei[0])) if paired else float("nan"),
    }
