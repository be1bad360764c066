"""Stars as test particles in the wells of one or two moving galaxies.

Restricted three-body motion (Toomre & Toomre 1972, ApJ 178, 623): the stars feel the galaxies
and not each other. Each star has its own sub-step, since a fixed step long enough for the disc
would evaporate the bulge.
"""

from __future__ import annotations

from math import frexp, sqrt

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.mocks.compiling import compiled
from toomre.mocks.constants import MACRO_STEP, SOFTENING, STEP_PARAMETER
from toomre.mocks.orbit import Orbit
from toomre.mocks.potential import Well

__all__ = ["move_stars", "stars_energy"]

Array = NDArray[np.float64]

# A star has at most 2^6 sub-steps in a macro step.
_LEVELS = 7
# Stars that are moved together; a multiple of what a processor does at a time.
_BLOCK = 64


def move_stars(
    position: Array,
    velocity: Array,
    wells: tuple[Well, Well | None],
    orbit: Orbit | None,
    span: tuple[float, float],
    *,
    step_parameter: float = STEP_PARAMETER,
) -> tuple[Array, Array]:
    """Move stars from one time to another.

    Parameters
    ----------
    position, velocity
        Of the stars [kpc] and [kpc/Gyr], (3, n), in the frame where the pair's centre of mass,
        or the lone galaxy, rests in the origin.
    wells
        Of the first and the second galaxy; None for no second.
    orbit
        The pair's orbit; None for a lone galaxy.
    span
        Start and end [Gyr], in the orbit's time.
    step_parameter
        Largest sub-step times the local orbital frequency.

    Returns
    -------
    position, velocity
        At the end; the given arrays are not changed.

    Raises
    ------
    ArgumentError
        If the orbit does not reach the end.

    Notes
    -----
    Within a sub-step: half a drift, a kick, half a drift. That is symplectic, and the number of
    sub-steps is a power of two that is chosen anew in each macro step.
    """
    begin, end = span
    if orbit is not None and not orbit.time[0] <= begin <= end <= orbit.time[-1] + 1e-9:
        raise ArgumentError.expected(
            "span", f"within the orbit, {orbit.time[0]} to {orbit.time[-1]} Gyr", span
        )
    steps = max(1, int(np.ceil((end - begin) / MACRO_STEP)))
    h = (end - begin) / steps
    rows = np.zeros((2, 4))
    rows[:, 1] = rows[:, 3] = 1.0
    for row, well in zip(rows, wells, strict=True):
        if well is not None:
            row[:] = well.row
    track, shares = np.zeros((steps + 1, 6)), np.zeros(2)
    if orbit is not None:
        time = begin + h * np.arange(steps + 1)
        track = np.stack([np.interp(time, orbit.time, column) for column in orbit.track.T], axis=1)
        shares = np.array(orbit.shares)
    state = np.ascontiguousarray(np.concatenate([position, velocity]).T, dtype=np.float64)
    _move(state, rows, track, shares, h, (step_parameter, SOFTENING))
    return np.ascontiguousarray(state[:, :3].T), np.ascontiguousarray(state[:, 3:].T)


def stars_energy(position: Array, velocity: Array, well: Well) -> Array:
    """Return each star's energy in the well of a lone galaxy [kpc^2/Gyr^2], (n,)."""
    kinetic = 0.5 * np.sum(velocity**2, axis=0)
    return np.asarray(kinetic + well.potential(np.linalg.norm(position, axis=0)))


@compiled
def _hermite(a: Array, b: Array, h: float, u: float, out: Array) -> None:
    """Put the relative position a fraction `u` through a step into `out`."""
    for k in range(3):
        d = b[k] - a[k]
        va, vb = h * a[3 + k], h * b[3 + k]
        out[k] = a[k] + u * (va + u * (3 * d - 2 * va - vb + u * (va + vb - 2 * d)))


@compiled
def _choose(q: Array, rows: Array, centre: Array, limits: tuple[float, float], out: Array) -> None:
    """Put the square of the sub-steps that each star of a block needs into `out`."""
    limit, softening = limits
    e2, square = softening * softening, limit * limit
    g1, a1, g2, a2 = rows[0, 0], rows[0, 1], rows[0, 2], rows[0, 3]
    g3, a3, g4, a4 = rows[1, 0], rows[1, 1], rows[1, 2], rows[1, 3]
    x1, y1, z1 = centre[0, 0], centre[0, 1], centre[0, 2]
    x2, y2, z2 = centre[1, 0], centre[1, 1], centre[1, 2]
    for i in range(_BLOCK):
        px, py, pz = q[i], q[_BLOCK + i], q[2 * _BLOCK + i]
        dx, dy, dz = px - x1, py - y1, pz - z1
        s = sqrt(dx * dx + dy * dy + dz * dz + e2)
        t1, t2 = (s + a1) * (s + a1), (s + a2) * (s + a2)
        k1 = (g1 * t2 + g2 * t1) / (s * t1 * t2)
        ex, ey, ez = px - x2, py - y2, pz - z2
        s = sqrt(ex * ex + ey * ey + ez * ez + e2)
        t1, t2 = (s + a3) * (s + a3), (s + a4) * (s + a4)
        k2 = (g3 * t2 + g4 * t1) / (s * t1 * t2)
        out[i] = square * max(k1, k2)


@compiled
def _substeps(
    q: Array,
    rows: Array,
    ends: Array,
    shares: Array,
    step: tuple[int, float, float],
) -> None:
    """Move a block of stars that have the same sub-step.

    The block has x, y, z and the velocities of `_BLOCK` stars one after the other, at offsets
    that the compiler knows: so it moves several stars at a time.
    """
    many, h, softening = step
    tiny = h / many
    half = 0.5 * tiny
    e2 = softening * softening
    middle = np.empty(3)
    g1, a1, g2, a2 = rows[0, 0], rows[0, 1], rows[0, 2], rows[0, 3]
    g3, a3, g4, a4 = rows[1, 0], rows[1, 1], rows[1, 2], rows[1, 3]
    for m in range(many):
        _hermite(ends[0], ends[1], h, (m + 0.5) / many, middle)
        x1, y1, z1 = shares[0] * middle[0], shares[0] * middle[1], shares[0] * middle[2]
        x2, y2, z2 = shares[1] * middle[0], shares[1] * middle[1], shares[1] * middle[2]
        for i in range(_BLOCK):
            vx, vy, vz = q[3 * _BLOCK + i], q[4 * _BLOCK + i], q[5 * _BLOCK + i]
            px, py, pz = q[i] + half * vx, q[_BLOCK + i] + half * vy, q[2 * _BLOCK + i] + half * vz
            dx, dy, dz = px - x1, py - y1, pz - z1
            s = sqrt(dx * dx + dy * dy + dz * dz + e2)
            t1, t2 = (s + a1) * (s + a1), (s + a2) * (s + a2)
            k1 = tiny * (g1 * t2 + g2 * t1) / (s * t1 * t2)
            ex, ey, ez = px - x2, py - y2, pz - z2
            s = sqrt(ex * ex + ey * ey + ez * ez + e2)
            t1, t2 = (s + a3) * (s + a3), (s + a4) * (s + a4)
            k2 = tiny * (g3 * t2 + g4 * t1) / (s * t1 * t2)
            vx -= k1 * dx + k2 * ex
            vy -= k1 * dy + k2 * ey
            vz -= k1 * dz + k2 * ez
            q[i], q[_BLOCK + i], q[2 * _BLOCK + i] = px + half * vx, py + half * vy, pz + half * vz
            q[3 * _BLOCK + i], q[4 * _BLOCK + i], q[5 * _BLOCK + i] = vx, vy, vz


@compiled
def _move(
    state: Array,
    rows: Array,
    track: Array,
    shares: Array,
    h: float,
    limits: tuple[float, float],
) -> None:
    """Move all stars, (n, 6), through all macro steps, those with equal sub-steps together."""
    parameter, softening = limits
    n = len(state)
    order, level = np.arange(n), np.zeros(n, np.int64)
    count, begin = np.zeros(_LEVELS, np.int64), np.zeros(_LEVELS, np.int64)
    centre, block, need = np.zeros((2, 3)), np.zeros(6 * _BLOCK), np.zeros(_BLOCK)
    count[0] = begin[0] = n
    for j in range(len(track)):  # the first turn only chooses the sub-steps
        for g in range(2):
            for k in range(3):
                centre[g, k] = shares[g] * track[j, k]
        for k in range(_LEVELS):
            for start in range(begin[k] - count[k], begin[k], _BLOCK):
                many = min(_BLOCK, begin[k] - start)
                for i in range(many):
                    for c in range(6):
                        block[c * _BLOCK + i] = state[order[start + i], c]
                if j > 0:
                    _substeps(block, rows, track[j - 1 : j + 1], shares, (2**k, h, softening))
                    for i in range(many):
                        for c in range(6):
                            state[order[start + i], c] = block[c * _BLOCK + i]
                _choose(block, rows, centre, (h / parameter, softening), need)
                for i in range(many):
                    _, power = frexp(need[i])
                    level[order[start + i]] = min(max((power + 1) // 2, 0), _LEVELS - 1)
        _sort(level, order, count, begin)


@compiled
def _sort(
    level: NDArray[np.int64],
    order: NDArray[np.int64],
    count: NDArray[np.int64],
    begin: NDArray[np.int64],
) -> None:
    """Order the stars by level; afterwards `begin` has where each level ends."""
    count[:] = 0
    for each in level:
        count[each] += 1
    first = 0
    for k in range(_LEVELS):
        begin[k] = first
        first += count[k]
    for i in range(len(level)):
        order[begin[level[i]]] = i
        begin[level[i]] += 1
