"""What is simulated: mergers, and everything that could be taken for one.

Total mass, sizes, bulges, star formation and dust are drawn before the kind is looked at, so
that they tell nothing of the class. What differs is the encounter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.mocks.constants import (
    BULGE_SHARE,
    DARK_SHARE,
    DISC_SIZE,
    FLYBY_CLEAR,
    KIND_SHARES,
    LOG_MASS,
    LOG_MASS_LIMITS,
    MERGER_WINDOW,
    MINIMUM_RATIO,
    START_DISTANCE,
    START_SPEED,
    STRIPPED,
)
from toomre.mocks.galaxy import Galaxy
from toomre.mocks.orbit import Orbit, pair_orbit, parabolic_speed

__all__ = ["KINDS", "Encounter", "coalesce", "draw_encounter", "is_merger"]

Array = NDArray[np.float64]

# Orbits that are tried before a drawing gives up; one in about five fits.
_TRIES = 1000
# Angle between the velocity and the way to the other galaxy at the start [degrees].
_AIM = (8.0, 50.0)
# Longest time from the start to coalescence [Gyr], for the sake of speed.
_LONGEST = 3.0
# Stars are moved from this long before the first pericentre [Gyr]; till then a disc only turns.
_LEAD = 0.20


@dataclass(frozen=True, eq=False)
class Encounter:
    """One system at the time of its picture.

    Attributes
    ----------
    kind
        One of `KINDS`.
    galaxies
        One or two, the heavier one first.
    orbit
        The orbit of the second about the first; None where there is none.
    begin, end
        Times in the orbit from which stars are moved, and of the picture [Gyr].
    time_to_merger
        Time of coalescence less time of the picture [Gyr]: negative afterwards, NaN without.
    second_shines
        Whether the second galaxy has stars.
    offsets
        Where the second galaxy of a chance projection is seen by each camera [kpc], (4, 2).
    """

    kind: str
    galaxies: tuple[Galaxy, ...]
    orbit: Orbit | None
    begin: float
    end: float
    time_to_merger: float = float("nan")
    second_shines: bool = True
    offsets: Array | None = None

    @property
    def shining(self) -> tuple[Galaxy, ...]:
        """The galaxies that have stars."""
        return self.galaxies[: 1 + self.second_shines]

    @property
    def mass_ratio(self) -> float:
        """Mass of the second galaxy over that of the first; NaN for one without a companion."""
        if len(self.galaxies) < 2:
            return float("nan")
        return self.galaxies[1].stellar_mass / self.galaxies[0].stellar_mass

    @property
    def stage(self) -> str:
        """Where on its way a pair is: approach, passed, merged; or alone."""
        if self.orbit is None or not self.second_shines:
            return "alone"
        if self.time_to_merger <= 0:
            return "merged"
        return "passed" if (self.orbit.pericenters < self.end).any() else "approach"


def is_merger(time_to_merger: float, mass_ratio: float) -> bool:
    """Return the label: coalescence within 0.25 Gyr and a mass ratio of at least 0.1.

    Examples
    --------
    >>> is_merger(-0.2, 0.3), is_merger(0.3, 0.3), is_merger(0.1, 0.05), is_merger(np.nan, 1.0)
    (True, False, False, False)
    """
    return bool(abs(time_to_merger) <= MERGER_WINDOW and mass_ratio >= MINIMUM_RATIO)


def draw_encounter(rng: np.random.Generator, kind: str | None = None) -> Encounter:
    """Draw a system.

    Parameters
    ----------
    rng
        The same state draws the same system.
    kind
        One of `KINDS`; None draws it.

    Raises
    ------
    ArgumentError
        If the kind is unknown.

    Examples
    --------
    >>> encounter = draw_encounter(np.random.default_rng(1), "merger")
    >>> is_merger(encounter.time_to_merger, encounter.mass_ratio)
    True
    """
    mass = _total_mass(rng)
    drawn = str(rng.choice(list(KIND_SHARES), p=list(KIND_SHARES.values())))
    return lookup(KINDS, drawn if kind is None else kind, "kind")(mass, rng)


def _merger(mass: float, rng: np.random.Generator) -> Encounter:
    return _coalescing("merger", mass, rng, (-MERGER_WINDOW, MERGER_WINDOW))


def _before(mass: float, rng: np.random.Generator) -> Encounter:
    return _coalescing("before", mass, rng, (0.35, 1.5))


def _after(mass: float, rng: np.random.Generator) -> Encounter:
    return _coalescing("after", mass, rng, (-1.6, -0.35))


def _minor(mass: float, rng: np.random.Generator) -> Encounter:
    return _coalescing("minor", mass, rng, (-MERGER_WINDOW, MERGER_WINDOW), minor=True)


def _coalescing(
    kind: str,
    mass: float,
    rng: np.random.Generator,
    window: tuple[float, float],
    *,
    minor: bool = False,
) -> Encounter:
    """Draw a pair that merges, and a picture within a window of the time to its coalescence."""
    ratio = rng.uniform(0.03, 0.98 * MINIMUM_RATIO) if minor else rng.uniform(MINIMUM_RATIO, 1.0)
    pair = _galaxies(mass, ratio, rng)
    if minor:
        pair = (pair[0], replace(pair[1], halo_share=STRIPPED))
    found = coalesce(kind, pair, rng.uniform(*window), rng, nearer=0.35 if minor else 1.0)
    if found is None:
        raise ArgumentError(f"No orbit of {_TRIES} coalesces in time for the kind {kind!r}.")
    return found


def coalesce(
    kind: str,
    pair: tuple[Galaxy, ...],
    left: float,
    rng: np.random.Generator,
    *,
    nearer: float = 1.0,
    tries: int = _TRIES,
) -> Encounter | None:
    """Draw an orbit on which two galaxies coalesce a given time after their picture.

    Parameters
    ----------
    kind
        Name of the encounter.
    pair
        The two galaxies, the heavier one first.
    left
        Time of coalescence less time of the picture [Gyr].
    rng
        For the orbit.
    nearer
        Part of the usual distance at which they start.
    tries
        Orbits that are tried; None is returned if no one fits.
    """
    for _ in range(tries):
        orbit = _orbit(pair, rng, nearer=nearer)
        end = orbit.coalescence - left
        if orbit.coalescence <= _LONGEST and 0.05 <= end <= orbit.time[-1]:
            return Encounter(kind, pair, orbit, _begin(orbit, end), end, time_to_merger=left)
    return None


def _flyby(mass: float, rng: np.random.Generator) -> Encounter:
    pair = _galaxies(mass, rng.uniform(MINIMUM_RATIO, 1.0), rng)
    return _passing("flyby", pair, rng, (-0.10, 0.18))


def _passing(
    kind: str, pair: tuple[Galaxy, ...], rng: np.random.Generator, window: tuple[float, float]
) -> Encounter:
    """Draw a pair that passes and does not merge, and a picture near its pericentre."""
    for _ in range(_TRIES):
        orbit = _orbit(pair, rng, speed=(1.05, 1.9))
        after = rng.uniform(*window)
        if len(orbit.pericenters) == 0 or orbit.coalescence < FLYBY_CLEAR:
            continue
        end = float(orbit.pericenters[0]) + after
        if 0.05 <= end <= orbit.time[-1]:
            return Encounter(kind, pair, orbit, _begin(orbit, end), end)
    raise ArgumentError(f"No orbit of {_TRIES} passes without merging for the kind {kind!r}.")


def _isolated(mass: float, rng: np.random.Generator) -> Encounter:
    if rng.uniform() < DARK_SHARE:
        galaxy = _galaxies(mass, None, rng)[0]
        dark = replace(galaxy, stellar_mass=rng.uniform(0.1, 0.5) * mass)
        found = _passing("isolated", (galaxy, dark), rng, (0.0, 0.6))
        return replace(found, second_shines=False)
    return Encounter("isolated", _galaxies(mass, None, rng), None, 0.0, rng.uniform(0.2, 0.5))


def _projection(mass: float, rng: np.random.Generator) -> Encounter:
    """Draw two galaxies that are behind each other and do not know of it."""
    pair = _galaxies(mass, rng.uniform(MINIMUM_RATIO, 1.0), rng)
    distance, angle = rng.uniform(2.0, 15.0, 4), rng.uniform(0, 2 * np.pi, 4)
    offsets = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)
    return Encounter("projection", pair, None, 0.0, rng.uniform(0.2, 0.5), offsets=offsets)


#: How each kind is drawn: a function of the total stellar mass [Msun] and a generator.
KINDS: dict[str, Callable[[float, np.random.Generator], Encounter]] = {
    "merger": _merger,
    "isolated": _isolated,
    "before": _before,
    "after": _after,
    "flyby": _flyby,
    "projection": _projection,
    "minor": _minor,
}


def _total_mass(rng: np.random.Generator) -> float:
    while True:
        value = rng.normal(*LOG_MASS)
        if LOG_MASS_LIMITS[0] <= value <= LOG_MASS_LIMITS[1]:
            return float(10**value)


def _galaxies(mass: float, ratio: float | None, rng: np.random.Generator) -> tuple[Galaxy, ...]:
    """Divide a mass between two galaxies, or give it to one."""
    masses = [mass] if ratio is None else [mass / (1 + ratio), mass * ratio / (1 + ratio)]
    size, power, scatter = DISC_SIZE
    discs, spheroids, share = BULGE_SHARE
    return tuple(
        Galaxy(
            each,
            size * (each / 1e10) ** power * 10 ** rng.normal(0, scatter),
            rng.uniform(*(spheroids if rng.uniform() < share else discs)),
        )
        for each in masses
    )


def _orbit(
    pair: tuple[Galaxy, ...],
    rng: np.random.Generator,
    *,
    nearer: float = 1.0,
    speed: tuple[float, float] = START_SPEED,
) -> Orbit:
    """Draw an orbit in a random plane."""
    first, second = pair[0].well, pair[1].well
    distance = nearer * rng.uniform(*START_DISTANCE)
    fast = rng.uniform(*speed) * parabolic_speed(first, second, distance)
    aim = np.radians(rng.uniform(*_AIM))
    turn = Rotation.random(rng=rng).as_matrix()
    position = turn @ np.array([distance, 0.0, 0.0])
    velocity = turn @ np.array([-fast * np.cos(aim), fast * np.sin(aim), 0.0])
    return pair_orbit(first, second, np.concatenate([position, velocity]), FLYBY_CLEAR + 1.0)


def _begin(orbit: Orbit, end: float) -> float:
    """Return the time from which stars are moved."""
    first = orbit.pericenters[0] if len(orbit.pericenters) else end
    return float(max(0.0, min(first, end) - _LEAD))
