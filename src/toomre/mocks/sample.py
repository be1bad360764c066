"""Simulated galaxies: systems of a sample, by number and seed, as four cameras see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from toomre.errors import ArgumentError
from toomre.mocks.galaxy_zoo import Sighting, draw_sighting
from toomre.mocks.light import draw_light
from toomre.mocks.pictures import MockImage, take_pictures
from toomre.mocks.placing import distance_modulus
from toomre.mocks.plan import MockPlan
from toomre.mocks.population import draw_encounter
from toomre.mocks.system import move_system

__all__ = ["galaxy_rng", "simulate_galaxy", "simulate_sighting"]

# Near galaxies: mean number of dwarfs, and factor of the kernels of early types, which are smooth.
_NEAR_DWARFS, _SMOOTH = 0.4, 2.5


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
