"""How simulated stars shine: young and old ones, arms, clumps, bursts and dust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toomre.mocks.constants import BURST_RADIUS, COLOUR_SCATTER, DISC_SCALE, QUENCHED, YOUNG_AGE
from toomre.mocks.galaxy import Galaxy, Stars
from toomre.mocks.plan import MockPlan

__all__ = ["Light", "LightDraw", "draw_light", "shine", "star_flux", "young_share"]

Array = NDArray[np.float64]

# Young over old stars rises outwards in a disc, by this power of e per scale length up to four
# of them: discs grow from the inside out (Munoz-Mateos et al. 2007, ApJ 658, 1006).
_GRADIENT = 0.40
# Star formation over the number of disc stars rises with this power of their inverse spacing: a
# law steeper than the density by 0.2 (Kennicutt 1998, ApJ 498, 541, has 0.4).
_DENSITY_POWER = 0.6
# How much weaker arms are in old stars than in young ones.
_OLD_ARMS = 0.4
# Stars this many scale heights above their disc's plane belong to no arm.
_ARM_HEIGHT = 4.0
# Length of a bar from the centre [disc scale lengths].
_BAR_END = 1.1


@dataclass(frozen=True)
class LightDraw:
    """What was drawn for a system's light before its kind is looked at.

    Attributes
    ----------
    log_specific_rate
        log10 of star formation over stellar mass [1/Gyr], less that of the main sequence.
    depth
        Optical depth in V through the middle of the disc, seen face on.
    attenuation
        Dust that the system as a whole lies behind, in V at rest [mag].
    scatter
        Difference of its flux in each band from what the populations give [mag].
    burst
        Share of the young stars in the nuclei.
    arms
        Strength of the spiral arms, 0 to 1.
    pitch
        Their pitch angle [degrees]; negative ones wind the other way.
    phase
        Where they begin [radian].
    clumps
        Share of the young light in clumps, and their number.
    bar
        Strength of a bar in the old light, 0 to 1.
    """

    log_specific_rate: float
    depth: float
    attenuation: float
    scatter: tuple[float, ...]
    burst: float
    arms: float
    pitch: float
    phase: float
    clumps: tuple[float, int]
    bar: float = 0.0


@dataclass(frozen=True, eq=False)
class Light:
    """Shares of a galaxy's light: each sums to 1 over its stars, (n,) each.

    Attributes
    ----------
    young, old, dust
        Young stars, old stars and dust.
    sharp
        Which stars are clumps, to be painted as small ones.
    """

    young: Array
    old: Array
    dust: Array
    sharp: NDArray[np.bool_]


def draw_light(bands: int, rng: np.random.Generator) -> LightDraw:
    """Draw how a system shines; the same distribution holds for all kinds."""
    share, below = QUENCHED
    quenched = rng.uniform() < share
    return LightDraw(
        log_specific_rate=rng.normal(-below if quenched else 0.0, 0.3),
        depth=rng.uniform(0.2, 2.0) * (0.3 if quenched else 1.0),
        attenuation=max(0.0, rng.normal(0.5, 0.2)) * (0.4 if quenched else 1.0),
        scatter=tuple(rng.normal(0, COLOUR_SCATTER, bands).tolist()),
        burst=rng.uniform(0.05, 0.40) if rng.uniform() < 0.4 else 0.0,
        arms=rng.uniform(0.2, 0.9) * (0.3 if quenched else 1.0),
        pitch=float(rng.choice([-1, 1])) * rng.uniform(12, 32),
        phase=rng.uniform(0, 2 * np.pi),
        clumps=(rng.uniform(0.05, 0.25), int(rng.integers(10, 40))),
    )


def shine(
    galaxy: Galaxy,
    stars: Stars,
    local: Array,
    spacing: Array,
    draw: LightDraw,
    weight: float,
    rng: np.random.Generator,
) -> Light:
    """Give each star of a galaxy its share of the light.

    Parameters
    ----------
    galaxy
        The galaxy.
    stars
        Its stars as they were drawn.
    local
        Where they are now, from the nucleus and turned into the plane of the disc [kpc], (3, n).
    spacing
        Distance of each to its neighbours [kpc], (n,): stars form where matter is dense.
    draw
        What was drawn for the system.
    weight
        The galaxy's share of the system's mass, and so of the clumps' number.
    rng
        Draws the clumps.
    """
    old = np.ones(stars.disc.size)
    young = np.where(stars.disc, np.exp(_GRADIENT * np.minimum(stars.birth_radius, 4.0)), 0.0)
    dust = np.where(stars.disc, np.exp(-0.3 * stars.birth_radius), 0.0)
    wave = _arms(galaxy, local, draw)
    young *= np.maximum(1 + draw.arms * wave, 0.05) ** 2
    dust *= 1 + draw.arms * wave
    old *= np.where(stars.disc, 1 + _OLD_ARMS * draw.arms * wave, 1.0)
    if draw.bar > 0:
        bar = draw.bar * _bar(galaxy, local, draw)
        old *= np.where(stars.disc, np.maximum(1 + 2 * bar, 0.2), 1.0)
        young *= np.maximum(1 + bar, 0.2)
    dense = np.clip(np.median(spacing) / np.maximum(spacing, 1e-3), 0.1, 3.0)
    young *= dense**_DENSITY_POWER
    young /= max(young.sum(), 1e-12)
    share, number = draw.clumps[0], max(1, round(draw.clumps[1] * weight))
    sharp = np.zeros(old.size, dtype=bool)
    if young.sum() > 0:
        likely = young * dense**2
        chosen = rng.choice(old.size, size=number, p=likely / likely.sum())
        bright = np.bincount(chosen, rng.pareto(2.5, number) + 0.5, minlength=old.size)
        young = (1 - share) * young + share * bright / bright.sum()
        sharp[chosen] = True
    centre = np.exp(-np.sum(local**2, axis=0) / (2 * BURST_RADIUS**2))
    young = (1 - draw.burst) * young + draw.burst * centre / max(centre.sum(), 1e-12)
    return Light(young / young.sum(), old / old.sum(), dust / max(dust.sum(), 1e-12), sharp)


def star_flux(plan: MockPlan, young: Array, old: Array, depth: Array) -> Array:
    """Return the flux of stars behind dust [nJy], (band, n).

    Parameters
    ----------
    plan
        Says how much a solar mass shines in each band.
    young, old
        Mass of each star's young and old population [Msun], (n,).
    depth
        Optical depth in V in front of each star, (n,).
    """
    light = np.outer(plan.young, young) + np.outer(plan.old, old)
    return np.asarray(light * np.exp(-np.outer(plan.dust, depth)))


def young_share(plan: MockPlan, mass: float, draw: LightDraw) -> tuple[float, float]:
    """Return star-formation rate [Msun/yr] and the share of young stars in the mass.

    The main sequence is that of Speagle et al. (2014, ApJS 214, 15, equation 28).
    """
    t, m = plan.cosmic_time, np.log10(mass)
    sequence = (0.84 - 0.026 * t) * m - (6.51 - 0.11 * t)
    rate = float(10 ** (sequence + draw.log_specific_rate))
    return rate, min(0.5, rate * 1e9 * YOUNG_AGE / mass)


def _bar(galaxy: Galaxy, local: Array, draw: LightDraw) -> Array:
    """Return the wave of a straight bar at each star, -1 to 1; 0 beyond its ends."""
    r = np.hypot(local[0], local[1]) / galaxy.disc_scale
    angle = np.arctan2(local[1], local[0])
    # It ends where the arms begin.
    wave = np.cos(2 * angle - draw.phase - 2 * np.log(_BAR_END) / np.tan(np.radians(draw.pitch)))
    return np.asarray(wave * np.exp(-((r / _BAR_END) ** 4)))


def _arms(galaxy: Galaxy, local: Array, draw: LightDraw) -> Array:
    """Return the wave of two logarithmic arms at each star, -1 to 1; 0 far from the plane."""
    r = np.hypot(local[0], local[1]) / galaxy.disc_scale
    angle = np.arctan2(local[1], local[0])
    wave = np.cos(2 * (angle - np.log(r + 0.05) / np.tan(np.radians(draw.pitch))) - draw.phase)
    height = DISC_SCALE["height"] * galaxy.disc_scale * _ARM_HEIGHT
    fade = np.exp(-((local[2] / height) ** 2)) * (1 - np.exp(-((r / 0.6) ** 2))) * (r < 5)
    return np.asarray(wave * fade)
