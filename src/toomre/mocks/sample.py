"""Simulated galaxies: pictures by four cameras and the truth about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from toomre.errors import ArgumentError
from toomre.mocks.constants import PARTICLES
from toomre.mocks.dust import dust_in_front
from toomre.mocks.galaxy import Galaxy, draw_stars
from toomre.mocks.galaxy_zoo import Sighting, draw_sighting
from toomre.mocks.light import LightDraw, draw_light, shine, star_flux, young_share
from toomre.mocks.particles import move_stars
from toomre.mocks.placing import distance_modulus
from toomre.mocks.plan import MockPlan
from toomre.mocks.population import Encounter, draw_encounter, is_merger
from toomre.mocks.render import CAMERAS, LARGEST_REACH, neighbour_radius, splat, view
from toomre.surveys.survey import AB_NANOJANSKY

__all__ = [
    "MockImage",
    "MovedSystem",
    "galaxy_rng",
    "move_system",
    "simulate_galaxy",
    "simulate_sighting",
    "take_pictures",
]

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
# Near galaxies: mean number of dwarfs, factor of the kernels of early types, which are smooth,
# and the largest kernel [pixel].
_NEAR_DWARFS, _SMOOTH, _NEAR_REACH = 0.4, 2.5, 24.0


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
    galaxy: int = 0


@dataclass(frozen=True, eq=False)
class MovedSystem:
    """A system at the time of its picture: its stars, its nuclei (2, 3), and how it shines.

    `light` has one entry a galaxy; `pointing` is where the middle of each camera's frame is, from
    the nucleus number `middle` [kpc], (4, 2).
    """

    encounter: Encounter
    light: tuple[LightDraw, ...]
    clouds: list[_Cloud]
    nuclei: Array
    pointing: Array
    middle: int = 0

    @property
    def mass(self) -> float:
        """Stars that shine [Msun]."""
        shining = self.encounter.galaxies[: 1 + self.encounter.second_shines]
        return sum(each.stellar_mass for each in shining)


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
    moved = move_system(encounter, (light, light), rng)
    images = take_pictures(moved, plan)
    for image in images:
        image.truth["galaxy_id"] = f"mock-{seed}-{index}"
    return images


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
    shining = encounter.galaxies[: 1 + encounter.second_shines]
    mass = sum(each.stellar_mass for each in shining)
    clouds = []
    for number, galaxy in enumerate(shining):
        weight = galaxy.stellar_mass / mass
        cloud = _galaxy_cloud(encounter, number, weight, nuclei[number], light[number], rng)
        clouds.append(_smoothed(cloud, nuclei[number], galaxy, smoothing[number]))
    clouds += [_dwarf(nuclei[0], rng) for _ in range(rng.poisson(dwarfs))]
    if turn is not None:
        clouds = [replace(cloud, position=turn @ cloud.position) for cloud in clouds]
        nuclei = nuclei @ turn.T
    pointing = rng.normal(0, _POINTING, (4, 2))
    return MovedSystem(encounter, light, clouds, nuclei, pointing, middle)


def take_pictures(
    moved: MovedSystem, plan: MockPlan, magnitudes: Array | None = None
) -> list[MockImage]:
    """Paint the stars of a system, as four cameras see them.

    Parameters
    ----------
    moved
        The system at the time of its picture.
    plan
        Bands, pixels and redshift.
    magnitudes
        Of each galaxy in each of the plan's bands [mag, AB], (galaxy, band): the mean of what
        the cameras see, beside the frame too. None for what the populations of the system's mass
        give behind its dust, within the frame.

    Notes
    -----
    Where stars and dust are changes the pattern and not the sum, so that brightness and colour
    tell nothing of the class.
    """
    rate, share = young_share(plan, moved.mass, moved.light[0])
    shining = moved.encounter.galaxies[: 1 + moved.encounter.second_shines]
    shares = [
        young_share(plan, galaxy.stellar_mass, light)[1] if magnitudes is not None else share
        for galaxy, light in zip(shining, moved.light, strict=False)
    ]
    views = [_view(moved, camera, plan, shares) for camera in range(len(CAMERAS))]
    if magnitudes is not None:
        _scale_galaxies(moved, views, magnitudes)
    reach = np.concatenate([cloud.reach for cloud in moved.clouds]) / plan.pixel_scale
    largest = LARGEST_REACH if magnitudes is None else _NEAR_REACH
    stack = np.stack([splat(place, reach, flux, plan.size, largest) for place, flux in views])
    if magnitudes is None:
        light = moved.light[0]
        one = star_flux(plan, np.array([share]), np.array([1 - share]), np.zeros(1))[:, 0]
        dimming = light.attenuation * np.array(plan.dust) + np.array(light.scatter)
        wanted = moved.mass * one * 10 ** (-0.4 * dimming)
        stack *= (wanted / stack.sum(axis=(2, 3)).mean(axis=0))[:, None, None]
    truth = _truth(moved.encounter, moved.nuclei)
    truth |= {"log_mass": np.log10(moved.mass), "star_formation_rate": rate}
    return [
        MockImage(
            picture.astype(np.float32),
            {**truth, "camera": camera, **_nuclei_pixels(moved, camera, plan)},
        )
        for camera, picture in enumerate(stack)
    ]


def simulate_sighting(
    index: int, seed: int, plans: Sequence[Callable[[float], MockPlan]], stages: str = "all"
) -> list[list[MockImage]]:
    """Simulate one system of Galaxy Zoo and take its pictures for several plans.

    Parameters
    ----------
    index, seed
        As for `simulate_galaxy`.
    plans
        Each makes a plan in g, r and i from the system's redshift.
    stages
        One of `toomre.mocks.galaxy_zoo.STAGES`.

    Returns
    -------
    For each plan four pictures. `label` is what volunteers would say, `coalesces` is the physical
    label, and `redshift` and `r_mag` are where the system is and how bright [mag].
    """
    rng = galaxy_rng(index, seed)
    sighting = draw_sighting(rng, stages)
    moved = move_system(
        sighting.encounter,
        sighting.light,
        rng,
        turn=sighting.turn,
        middle=sighting.middle,
        dwarfs=_NEAR_DWARFS,
        smoothing=tuple(_SMOOTH if light.arms == 0 else 1.0 for light in sighting.light),
    )
    found = []
    for make in plans:
        plan = make(sighting.redshift)
        nearer = distance_modulus(plan.redshift) - distance_modulus(sighting.redshift)
        images = take_pictures(moved, plan, sighting.magnitudes + nearer)
        for image in images:
            image.truth.update(_told(sighting, image.truth, f"mock-{seed}-{index}"))
        found.append(images)
    return found


def _told(sighting: Sighting, truth: dict[str, Any], galaxy_id: str) -> dict[str, Any]:
    flux = 10 ** (-0.4 * sighting.magnitudes[:, 1])
    return {
        "galaxy_id": galaxy_id,
        "coalesces": truth["label"],
        "label": sighting.label,
        "redshift": sighting.redshift,
        "r_mag": float(-2.5 * np.log10(flux.sum())),
    }


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
    return _Cloud(position, young, old, dust, reach, number)


def _smoothed(cloud: _Cloud, nucleus: Array, galaxy: Galaxy, factor: float) -> _Cloud:
    """Return the cloud with kernels that grow outwards up to a factor; its cusp stays sharp."""
    if factor == 1:
        return cloud
    away = np.linalg.norm(cloud.position - nucleus[:, None], axis=0) / (2 * galaxy.disc_scale)
    return replace(cloud, reach=cloud.reach * (1 + (factor - 1) * np.minimum(away, 1)))


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


def _view(
    moved: MovedSystem, camera: int, plan: MockPlan, shares: Sequence[float]
) -> tuple[Array, Array]:
    """Return where a camera sees the stars [pixel], (2, n), and their flux (band, n) [nJy/mass]."""
    offsets, seen = moved.encounter.offsets, []
    for cloud in moved.clouds:
        at = view(cloud.position, camera)
        if cloud.galaxy == 1 and offsets is not None:
            at[:2] += offsets[camera][:, None]
            at[2] -= 1000.0  # far behind
        seen.append(at)
    stars = np.concatenate(seen, axis=1)
    stars[:2] -= _middle(moved, camera)[:, None]
    young = np.concatenate([shares[cloud.galaxy] * cloud.young for cloud in moved.clouds])
    old = np.concatenate([(1 - shares[cloud.galaxy]) * cloud.old for cloud in moved.clouds])
    dust = np.concatenate([moved.light[cloud.galaxy].depth * cloud.dust for cloud in moved.clouds])
    flux = star_flux(plan, young, old, dust_in_front(stars, dust))
    return stars[:2] / plan.pixel_scale + (plan.size - 1) / 2, flux


def _scale_galaxies(
    moved: MovedSystem, views: Sequence[tuple[Array, Array]], magnitudes: Array
) -> None:
    """Scale each galaxy's light to its magnitudes, in the mean over the cameras."""
    of = np.concatenate([np.full(cloud.reach.size, cloud.galaxy) for cloud in moved.clouds])
    for number, wanted in enumerate(10 ** (0.4 * (AB_NANOJANSKY - magnitudes))):
        own = of == number
        mean = np.mean([flux[:, own].sum(axis=1) for _, flux in views], axis=0)
        for _, flux in views:
            flux[:, own] *= (wanted / mean)[:, None]


def _middle(moved: MovedSystem, camera: int) -> Array:
    """Return where the middle of a camera's frame is [kpc], (2,)."""
    shift = moved.nuclei[moved.middle] @ CAMERAS[camera].T
    return np.asarray(shift[:2] + moved.pointing[camera])


def _nuclei_pixels(moved: MovedSystem, camera: int, plan: MockPlan) -> dict[str, float]:
    encounter = moved.encounter
    seen = moved.nuclei @ CAMERAS[camera].T[:, :2]
    if encounter.offsets is not None:
        seen[1] += encounter.offsets[camera]
    pixels = (seen - _middle(moved, camera)) / plan.pixel_scale + (plan.size - 1) / 2
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
