"""Systems as Galaxy Zoo's volunteers found them in the SDSS, and what they called mergers.

Here a merger is what is seen: two galaxies of similar brightness that meet, both visible, or a
remnant that is still disturbed; a nonmerger is any other galaxy, with what lies near it by chance.
Redshift and magnitude are drawn first, without regard to the kind; masses, types, sizes and
colours follow from them. The colours of both galaxies of a pair follow from their mass together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.mocks.constants import STRIPPED
from toomre.mocks.galaxy import Galaxy
from toomre.mocks.light import LightDraw
from toomre.mocks.placing import arcsec_of_kpc, distance_modulus
from toomre.mocks.population import Encounter, coalesce
from toomre.mocks.render import CAMERAS

__all__ = ["SHARES", "STAGES", "Sighting", "draw_sighting"]

Array = NDArray[np.float64]

# --- where and how bright --------------------------------------------------------------------
# Redshifts of Galaxy Zoo's mergers and of galaxies that were matched to them (Darg et al. 2010,
# MNRAS 401, 1043: 0.005 to 0.1): mean, spread and ends.
_REDSHIFT = (0.070, 0.025, 0.012, 0.1)
# Magnitudes of the system in r: down to the limit of the spectra (Strauss et al. 2002, AJ 124,
# 1810), with the slope of the counts within these redshifts [dex/mag].
_MAGNITUDE = (13.5, 17.77)
_COUNTS = 0.32
# Stellar mass over light in r [solar] and the sun's absolute magnitude (Blanton & Roweis 2007,
# AJ 133, 734) for a first guess of the mass.
_MASS_TO_LIGHT, _SUN = 2.0, 4.65

# --- what they are ---------------------------------------------------------------------------
# Early types: log mass where half of the greatest share are, width, greatest share (Baldry et
# al. 2004, ApJ 600, 681; rounded), and how often the second galaxy is of the first one's type.
_EARLY, _SAME_TYPE = (10.30, 0.25, 0.80), 0.3
# Half-light radius of early types at 5e10 Msun [kpc], power of the mass (Shen et al. 2003), disc
# scale of late ones at 1e10 Msun and power, and scatter of both [dex].
_EARLY_SIZE, _LATE_SIZE, _SIZE_SCATTER = (4.8, 0.54), (2.6, 0.22), 0.13
# The bulge's half-light radius over the disc scale where nearly all is bulge (Hernquist: 1.815 a).
_BULGE_RADIUS = 0.9
# Bulge over all stars of ellipticals, of lenticulars (with the share of these among early types)
# and of late types.
_ELLIPTICAL, _LENTICULAR, _LENTICULARS, _LATE_BULGE = (0.75, 0.98), (0.25, 0.60), 0.6, (0.05, 0.45)
# Colours at z = 0.07 [mag] (Strateva et al. 2001, AJ 122, 1861; Blanton et al. 2003, ApJ 594,
# 186): g - r at 10^10.5 Msun, its change with log mass and its scatter; r - i from g - r.
_RED, _BLUE = (0.92, 0.04, 0.05), (0.63, 0.16, 0.12)
_REDDER_FAR = 2.0  # change of g - r with redshift
_R_I = (0.27, 0.32, 0.385, 0.03)  # r - i at the third number of g - r, slope, and scatter

# Share of late types with a bar in optical light (Masters et al. 2011, MNRAS 411, 2026).
_BARRED = 0.3

# --- pairs -----------------------------------------------------------------------------------
# Mass of the lighter galaxy over that of the heavier one.
_RATIO = (0.2, 1.0)
# Time before coalescence and after it [Gyr] at which they are seen.
_BEFORE, _AFTER, _LONG_AFTER = (0.02, 1.0), (-0.2, 0.0), (-1.6, -0.9)
# How far apart the two cores must be on the sky [arcsec].
_APART = (2.2, 15.0)
# How often the first nucleus is in the middle of the picture, and not the second.
_ON_FIRST = 0.7
_TRIES = 200

#: Kind -> its share of the systems and whether volunteers call it a merger. Darg et al. (2010)
#: have one post-merger in ten mergers.
SHARES: Mapping[str, tuple[float, int]] = {
    "pair": (0.45, 1),
    "post_merger": (0.05, 1),
    "isolated": (0.39, 0),
    "neighbour": (0.06, 0),
    "minor": (0.02, 0),
    "after": (0.01, 0),
    "projection": (0.02, 0),
}
#: Which mergers are drawn: ``"all"`` or ``"post-merger"`` only.
STAGES = ("all", "post-merger")


@dataclass(frozen=True, eq=False)
class Sighting:
    """A system, and how it is seen from Earth.

    Attributes
    ----------
    encounter
        The galaxies and their orbit.
    light
        How each galaxy shines.
    magnitudes
        Of each galaxy in g, r and i at the redshift [mag, AB], (galaxy, 3).
    redshift
        Where it is.
    label
        1 for what volunteers call a merger.
    turn
        Rotation of the whole system before the cameras look.
    middle
        The galaxy that is in the middle of the picture.
    """

    encounter: Encounter
    light: tuple[LightDraw, ...]
    magnitudes: Array
    redshift: float
    label: int
    turn: Array
    middle: int


@dataclass(frozen=True, eq=False)
class _Place:
    """What is drawn before the kind is looked at."""

    redshift: float
    magnitude: float
    log_mass: float
    early: bool


def draw_sighting(
    rng: np.random.Generator, stages: str = "all", kind: str | None = None
) -> Sighting:
    """Draw a system and how it is seen.

    Parameters
    ----------
    rng
        The same state draws the same system.
    stages
        One of `STAGES`.
    kind
        A key of `SHARES`; None draws it.

    Raises
    ------
    ArgumentError
        If `stages` or the kind is unknown.

    Examples
    --------
    >>> sighting = draw_sighting(np.random.default_rng(1), kind="pair")
    >>> sighting.label, len(sighting.encounter.galaxies), sighting.magnitudes.shape
    (1, 2, (2, 3))
    """
    if stages not in STAGES:
        raise ArgumentError.expected("stages", "'all' or 'post-merger'", stages)
    place = _place(rng)
    drawn = str(rng.choice(list(SHARES), p=[share for share, _ in SHARES.values()]))
    if stages == "post-merger" and drawn == "pair":
        drawn = "post_merger"
    kind = drawn if kind is None else kind
    draw = lookup(_DRAW, kind, "kind")
    for _ in range(_TRIES):
        found = draw(place, rng)
        if found is not None:
            encounter, types, turn = found
            break
    else:
        raise ArgumentError(f"No system of the kind {kind!r} was found in {_TRIES} tries.")
    second = encounter.orbit is not None and SHARES[kind][1] and rng.uniform() > _ON_FIRST
    return Sighting(
        encounter,
        tuple(_light(early, rng) for early in types),
        _magnitudes(place, encounter.galaxies, types, rng),
        place.redshift,
        SHARES[kind][1],
        turn,
        int(second),
    )


def _place(rng: np.random.Generator) -> _Place:
    mean, spread, near, far = _REDSHIFT
    redshift = 0.0
    while not near <= redshift <= far:
        redshift = rng.normal(mean, spread)
    bright, faint = _MAGNITUDE
    low = 10 ** (_COUNTS * (bright - faint))
    magnitude = faint + np.log10(rng.uniform(low, 1)) / _COUNTS
    absolute = magnitude - distance_modulus(redshift)
    log_mass = 0.4 * (_SUN - absolute) + np.log10(_MASS_TO_LIGHT)
    return _Place(redshift, magnitude, log_mass, bool(rng.uniform() < _early_share(log_mass)))


def _early_share(log_mass: float) -> float:
    half, width, most = _EARLY
    return float(most / (1 + np.exp(-(log_mass - half) / width)))


_Found = tuple[Encounter, tuple[bool, ...], Array]


def _pair(place: _Place, rng: np.random.Generator) -> _Found | None:
    """Draw two galaxies before coalescence, both cores visible to all four cameras."""
    galaxies, types = _galaxies(place, rng.uniform(*_RATIO), rng)
    encounter = coalesce("pair", galaxies, rng.uniform(*_BEFORE), rng, tries=20)
    if encounter is None or encounter.orbit is None:
        return None
    apart = encounter.orbit.at(encounter.end)[:3] * arcsec_of_kpc(1.0, place.redshift)
    for _ in range(20):
        turn = Rotation.random(rng=rng).as_matrix()
        seen = np.linalg.norm((CAMERAS @ (turn @ apart))[:, :2], axis=1)
        if _APART[0] <= seen.min() and seen.max() <= _APART[1]:
            return encounter, types, turn
    return None


def _coalesced(kind: str, window: tuple[float, float]) -> Callable[..., _Found | None]:
    def draw(place: _Place, rng: np.random.Generator) -> _Found | None:
        galaxies, types = _galaxies(place, rng.uniform(*_RATIO), rng)
        found = coalesce(kind, galaxies, rng.uniform(*window), rng, tries=20)
        return None if found is None else (found, types, np.eye(3))

    return draw


def _minor(place: _Place, rng: np.random.Generator) -> _Found | None:
    galaxies, types = _galaxies(place, rng.uniform(0.02, 0.1), rng)
    pair = (galaxies[0], replace(galaxies[1], halo_share=STRIPPED))
    found = coalesce("minor", pair, rng.uniform(-0.25, 0.5), rng, nearer=0.35, tries=20)
    return None if found is None else (found, types, np.eye(3))


def _isolated(place: _Place, rng: np.random.Generator) -> _Found:
    galaxies, types = _galaxies(place, None, rng)
    return Encounter("isolated", galaxies, None, 0.0, rng.uniform(0.2, 0.5)), types, np.eye(3)


def _beside(
    kind: str, ratio: tuple[float, float], away: tuple[float, float]
) -> Callable[..., _Found]:
    """Return what draws two galaxies at different distances, `away` from each other [arcsec]."""

    def draw(place: _Place, rng: np.random.Generator) -> _Found:
        galaxies, types = _galaxies(place, np.exp(rng.uniform(*np.log(ratio))), rng)
        distance = rng.uniform(*away, 4) / arcsec_of_kpc(1.0, place.redshift)
        angle = rng.uniform(0, 2 * np.pi, 4)
        offsets = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)
        end = rng.uniform(0.2, 0.5)
        return Encounter(kind, galaxies, None, 0.0, end, offsets=offsets), types, np.eye(3)

    return draw


_DRAW: Mapping[str, Callable[[_Place, np.random.Generator], _Found | None]] = {
    "pair": _pair,
    "post_merger": _coalesced("post_merger", _AFTER),
    "isolated": _isolated,
    "neighbour": _beside("neighbour", (0.02, 0.2), (7.0, 26.0)),
    "minor": _minor,
    "after": _coalesced("after", _LONG_AFTER),
    "projection": _beside("projection", (0.2, 1.0), (8.0, 26.0)),
}


def _galaxies(
    place: _Place, ratio: float | None, rng: np.random.Generator
) -> tuple[tuple[Galaxy, ...], tuple[bool, ...]]:
    """Divide the mass between one or two galaxies, and draw type and size of each."""
    mass = 10**place.log_mass
    masses = [mass] if ratio is None else [mass / (1 + ratio), mass * ratio / (1 + ratio)]
    types = [place.early]
    if ratio is not None:
        # By the mass of both: by its own a pair would be bluer than one galaxy of its light.
        own = bool(rng.uniform() < _early_share(place.log_mass))
        types.append(place.early if rng.uniform() < _SAME_TYPE else own)
    return tuple(
        _galaxy(each, early, rng) for each, early in zip(masses, types, strict=True)
    ), tuple(types)


def _galaxy(mass: float, early: bool, rng: np.random.Generator) -> Galaxy:
    scatter = 10 ** rng.normal(0, _SIZE_SCATTER)
    if early and rng.uniform() > _LENTICULARS:
        size = _EARLY_SIZE[0] * (mass / 5e10) ** _EARLY_SIZE[1] / _BULGE_RADIUS
        return Galaxy(mass, max(size, 0.8) * scatter, rng.uniform(*_ELLIPTICAL))
    size = _LATE_SIZE[0] * (mass / 1e10) ** _LATE_SIZE[1]
    if early:
        return Galaxy(mass, size * scatter, rng.uniform(*_LENTICULAR))
    low, high = _LATE_BULGE
    top = low + (high - low) * float(np.clip((np.log10(mass) - 9.3) / 1.2, 0.2, 1.0))
    return Galaxy(mass, size * scatter, rng.uniform(low, top))


def _light(early: bool, rng: np.random.Generator) -> LightDraw:
    """Draw the pattern of a galaxy's light; its colour as a whole is scaled afterwards."""
    if early:
        return LightDraw(
            log_specific_rate=-1.8,
            depth=rng.uniform(0.0, 0.4) ** 2,
            attenuation=0.0,
            scatter=(0.0, 0.0, 0.0),
            burst=0.0,
            arms=0.0,
            pitch=20.0,
            phase=0.0,
            clumps=(0.0, 1),
        )
    return LightDraw(
        log_specific_rate=rng.normal(-0.15, 0.25),
        depth=rng.uniform(0.1, 1.4),
        attenuation=0.0,
        scatter=(0.0, 0.0, 0.0),
        burst=rng.uniform(0.05, 0.35) if rng.uniform() < 0.4 else 0.0,
        arms=rng.uniform(0.2, 0.9),
        pitch=float(rng.choice([-1, 1])) * rng.uniform(12, 32),
        phase=rng.uniform(0, 2 * np.pi),
        clumps=(rng.uniform(0.01, 0.12), int(rng.integers(10, 40))),
        bar=rng.uniform(0.3, 0.9) if rng.uniform() < _BARRED else 0.0,
    )


def _magnitudes(
    place: _Place, galaxies: tuple[Galaxy, ...], types: tuple[bool, ...], rng: np.random.Generator
) -> Array:
    """Return magnitudes in g, r and i (galaxy, 3); in r they sum to the system's."""
    colours, light = [], []
    for galaxy, early in zip(galaxies, types, strict=True):
        middle, change, scatter = _RED if early else _BLUE
        g_r = middle + change * (place.log_mass - 10.5) + rng.normal(0, scatter)
        g_r = float(np.clip(g_r + _REDDER_FAR * (place.redshift - 0.07), 0.1, 1.15))
        r_i = _R_I[0] + _R_I[1] * (g_r - _R_I[2]) + rng.normal(0, _R_I[3])
        colours.append((g_r, 0.0, -r_i))
        # Bell et al. (2003, ApJS 149, 289): log M/L in r rises by 1.1 for each magnitude of g - r.
        light.append(galaxy.stellar_mass / 10 ** (1.1 * g_r))
    share = np.array(light) / np.sum(light)
    r = place.magnitude - 2.5 * np.log10(share)
    return np.asarray(r[:, None] + np.array(colours))
