"""The orbit of two galaxies about each other, with friction, until they coalesce.

The galaxies are extended: the smaller one of two spheres moves as a point in the larger one.
The force therefore comes from a potential and obeys Newton's third law. Friction is
Chandrasekhar's (1943, ApJ 97, 255), of the lighter galaxy in the wells of the heavier one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, exp, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.mocks.compiling import compiled
from toomre.mocks.constants import CLOSE, COULOMB, CUSP, GRAVITY, ORBIT_STEP
from toomre.mocks.potential import Well

__all__ = ["Orbit", "pair_energy", "pair_orbit", "parabolic_speed"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Orbit:
    """The second galaxy's way about the first.

    Attributes
    ----------
    time
        Times from the start [Gyr], (n,).
    track
        Relative position [kpc] and velocity [kpc/Gyr] at these times, (n, 6).
    shares
        How much of the relative position each galaxy takes, so that their centre of mass rests:
        (-M2/M, M1/M).
    coalescence
        Time of the last crossing of 2.5 kpc [Gyr]; NaN where the orbit ends before it.
    """

    time: Array
    track: Array
    shares: tuple[float, float]
    coalescence: float

    @property
    def separation(self) -> Array:
        """Distance of the two centres at each time [kpc], (n,)."""
        return np.asarray(np.linalg.norm(self.track[:, :3], axis=1))

    @property
    def pericenters(self) -> Array:
        """Times at which the distance is smallest for the moment [Gyr]."""
        r = self.separation
        low = (r[1:-1] < r[:-2]) & (r[1:-1] <= r[2:]) & (r[1:-1] > CLOSE / 10)
        return np.asarray(self.time[1:-1][low])

    def at(self, time: float) -> Array:
        """Return position and velocity at a time, linear between two steps, (6,)."""
        return np.array([np.interp(time, self.time, column) for column in self.track.T])


def pair_orbit(
    first: Well,
    second: Well,
    start: Array,
    duration: float,
    *,
    friction: bool = True,
    step: float = ORBIT_STEP,
) -> Orbit:
    """Follow two galaxies for a time.

    Parameters
    ----------
    first, second
        The wells of the two galaxies, in any order.
    start
        Position [kpc] and velocity [kpc/Gyr] of the second relative to the first, (6,).
    duration
        How long [Gyr]; a negative one goes back in time and needs ``friction=False``.
    friction
        Whether the galaxies slow each other down.
    step
        Step [Gyr].

    Raises
    ------
    ArgumentError
        If `start` is not six finite numbers, or friction is asked for back in time.

    Examples
    --------
    >>> well = Well.of_galaxy(1e10, disc_scale=1.7)
    >>> start = np.array([35.0, 0, 0, -150.0, 120.0, 0])
    >>> orbit = pair_orbit(well, well, start, duration=6.0)
    >>> bool(0.5 < orbit.coalescence < 3)
    True
    """
    start = np.asarray(start, dtype=np.float64)
    if start.shape != (6,) or not np.isfinite(start).all():
        raise ArgumentError.expected("start", "six finite numbers", start)
    if friction and duration < 0:
        raise ArgumentError("Friction has no way back: give a positive `duration`.")
    steps = max(1, round(abs(duration) / step))
    h = duration / steps
    heavy, light = (first, second) if first.mass >= second.mass else (second, first)
    strength = _friction_strength(heavy, light) if friction else 0.0
    spread = _dispersion(heavy)
    track = _fall(start, heavy.row, light.row, h, steps, np.array([strength, spread, CUSP]))
    total = first.mass + second.mass
    shares = (-second.mass / total, first.mass / total)
    time: Array = np.arange(steps + 1, dtype=np.float64) * h
    return Orbit(time, track, shares, _coalescence(time, track, heavy, light))


def pair_energy(first: Well, second: Well, state: Array) -> Array:
    """Return kinetic plus potential energy over the reduced mass [kpc^2/Gyr^2].

    `state` has position [kpc] and velocity [kpc/Gyr] along its last axis.
    """
    state = np.asarray(state, dtype=np.float64)
    r = np.linalg.norm(state[..., :3], axis=-1)
    s = np.hypot(r, CUSP)
    deep = np.zeros_like(s)
    for gm_i, a_i in first.row.reshape(2, 2):
        for gm_j, a_j in second.row.reshape(2, 2):
            deep -= gm_i * gm_j / (s + max(a_i, a_j))
    both = 1 / (GRAVITY * first.mass) + 1 / (GRAVITY * second.mass)
    return np.asarray(0.5 * np.sum(state[..., 3:] ** 2, axis=-1) + deep * both)


def parabolic_speed(first: Well, second: Well, distance: float) -> float:
    """Return the relative speed [kpc/Gyr] of two galaxies that come from infinity at rest."""
    rest = np.array([distance, 0, 0, 0, 0, 0])
    return float(np.sqrt(-2 * pair_energy(first, second, rest)))


def _friction_strength(heavy: Well, light: Well) -> float:
    """Return 4 pi G M2 ln(Lambda) (1 + M2/M1); G times the density is still to come."""
    ratio = light.mass / heavy.mass
    strength, loss = COULOMB
    logarithm = strength * np.log(1 + 1 / ratio) * ratio**loss
    return float(4 * pi * GRAVITY * light.mass * logarithm * (1 + ratio))


def _dispersion(heavy: Well) -> float:
    """Return the velocity dispersion of a Hernquist halo near its scale radius [kpc/Gyr]."""
    return float(0.3 * np.sqrt(GRAVITY * heavy.halo_mass / heavy.halo_scale))


def _coalescence(time: Array, track: Array, first: Well, second: Well) -> float:
    """Return the last inward crossing of `CLOSE` if the pair is bound within it at the end."""
    rim = np.array([CLOSE, 0, 0, 0, 0, 0])
    if pair_energy(first, second, track[-1]) >= pair_energy(first, second, rim):
        return float("nan")
    r = np.linalg.norm(track[:, :3], axis=1)
    outside = np.flatnonzero(r >= CLOSE)
    if len(outside) == 0 or outside[-1] == len(r) - 1:
        return float("nan")
    i = outside[-1]
    return float(time[i] + (time[i + 1] - time[i]) * (r[i] - CLOSE) / (r[i] - r[i + 1]))


@compiled
def _pair_pull(s: float, heavy: Array, light: Array) -> float:
    """Return the relative acceleration over the distance [1/Gyr^2]."""
    total = 0.0
    for i in range(2):
        for j in range(2):
            a = max(heavy[2 * i + 1], light[2 * j + 1])
            total += heavy[2 * i] * light[2 * j] / (s * (s + a) * (s + a))
    both: float = 1 / (heavy[0] + heavy[2]) + 1 / (light[0] + light[2])
    return total * both


@compiled
def _drag(s: float, speed: float, heavy: Array, friction: Array) -> float:
    """Return the rate at which friction takes speed away [1/Gyr]."""
    density = 0.0  # G times the density
    for i in range(2):
        gm, a = heavy[2 * i], heavy[2 * i + 1]
        density += gm * a / (2 * pi * s * (s + a) ** 3)
    x = speed / (sqrt(2.0) * friction[1])
    if x < 1e-3:
        slower = 4 / (3 * sqrt(pi)) / (sqrt(2.0) * friction[1]) ** 3
    else:
        slower = (erf(x) - 2 * x / sqrt(pi) * exp(-x * x)) / speed**3
    rate: float = friction[0] * density * slower
    return rate


@compiled
def _fall(start: Array, heavy: Array, light: Array, h: float, steps: int, friction: Array) -> Array:
    """Leapfrog, with friction as a decay of the velocity before and after each kick."""
    track = np.empty((steps + 1, 6))
    track[0] = start
    p, v = start[:3].copy(), start[3:].copy()
    for n in range(steps):
        for half in range(2):
            s = sqrt(p[0] ** 2 + p[1] ** 2 + p[2] ** 2 + friction[2] ** 2)
            kick = _pair_pull(s, heavy, light) * h / 2
            keep = 1.0
            if friction[0] > 0:
                speed = sqrt(v[0] ** 2 + v[1] ** 2 + v[2] ** 2)
                keep = exp(-_drag(s, speed, heavy, friction) * h / 2)
            for k in range(3):
                v[k] = keep * v[k] - kick * p[k] if half == 0 else keep * (v[k] - kick * p[k])
                if half == 0:
                    p[k] += h * v[k]
        track[n + 1, :3] = p
        track[n + 1, 3:] = v
    return track
