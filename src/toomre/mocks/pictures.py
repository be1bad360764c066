"""The pictures that four cameras take of a simulated system, and the truth about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.mocks.dust import dust_in_front
from toomre.mocks.light import star_flux, young_share
from toomre.mocks.plan import MockPlan
from toomre.mocks.population import Encounter, is_merger
from toomre.mocks.render import CAMERAS, LARGEST_REACH, splat, view
from toomre.mocks.system import MovedSystem
from toomre.surveys.survey import AB_NANOJANSKY

__all__ = ["MockImage", "take_pictures"]

Array = NDArray[np.float64]

# The largest kernel where the magnitudes are given [pixel].
_NEAR_REACH = 24.0


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
    if magnitudes is None:
        views = _views(moved, plan, [share] * len(moved.encounter.shining))
        stack = _painted(moved, plan, views, LARGEST_REACH)
        wanted = _population_flux(moved, plan, share)
        stack *= (wanted / stack.sum(axis=(2, 3)).mean(axis=0))[:, None, None]
    else:
        shares = [
            young_share(plan, galaxy.stellar_mass, light)[1]
            for galaxy, light in zip(moved.encounter.shining, moved.light, strict=False)
        ]
        views = _views(moved, plan, shares)
        _scale_galaxies(moved, views, magnitudes)
        stack = _painted(moved, plan, views, _NEAR_REACH)
    truth = _truth(moved.encounter, moved.nuclei)
    truth |= {"log_mass": np.log10(moved.mass), "star_formation_rate": rate}
    return [
        MockImage(
            picture.astype(np.float32),
            {**truth, "camera": camera, **_nuclei_pixels(moved, camera, plan)},
        )
        for camera, picture in enumerate(stack)
    ]


def _population_flux(moved: MovedSystem, plan: MockPlan, share: float) -> Array:
    """Return the flux of both populations of the system behind their dust, (band,) [nJy]."""
    light = moved.light[0]
    one = star_flux(plan, np.array([share]), np.array([1 - share]), np.zeros(1))[:, 0]
    dimming = light.attenuation * np.array(plan.dust) + np.array(light.scatter)
    flux: Array = moved.mass * one * 10 ** (-0.4 * dimming)
    return flux


def _views(
    moved: MovedSystem, plan: MockPlan, shares: Sequence[float]
) -> list[tuple[Array, Array]]:
    return [_view(moved, camera, plan, shares) for camera in range(len(CAMERAS))]


def _painted(
    moved: MovedSystem, plan: MockPlan, views: Sequence[tuple[Array, Array]], largest: float
) -> Array:
    """Return the pictures of all cameras, (camera, band, y, x)."""
    reach = np.concatenate([cloud.reach for cloud in moved.clouds]) / plan.pixel_scale
    return np.stack([splat(place, reach, flux, plan.size, largest) for place, flux in views])


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
    if len(encounter.shining) < 2:
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
