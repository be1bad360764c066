"""Real pairs as another restricted three-body code fits them: an outside judge for ours.

The parameters of 62 pairs of Galaxy Zoo: Mergers (Holincheck et al. 2016, MNRAS 459, 720) belong
to softened point masses (JSPAM, Wallin et al. 2016, Astronomy and Computing 16, 26). Units are
theirs: 15 kpc, 1e11 Msun and 86.6 Myr, in which G is 1. The line of sight is z.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toomre.errors import CorruptFileError, MissingFileError
from toomre.mocks.compiling import compiled

__all__ = ["LENGTH", "FittedPair", "draw_discs", "follow", "read_fitted_pairs"]

Array = NDArray[np.float64]

#: One unit of length [kpc].
LENGTH = 15.0
# Numbers of a line that are used: state, masses, radii, angles, softening.
_NUMBERS = 16


@dataclass(frozen=True, eq=False)
class FittedPair:
    """A pair today, and how long ago its encounter begins.

    Attributes
    ----------
    name
        Object id of the primary galaxy in SDSS.
    today
        Position and velocity of the second galaxy relative to the first, (6,).
    masses, radii, softening
        Of the first and the second galaxy, (2,).
    phi, theta
        Orientation of the two discs [degrees], (2,).
    start
        Time of the start; today is 0.
    """

    name: str
    today: Array
    masses: Array
    radii: Array
    phi: Array
    theta: Array
    softening: Array
    start: float


def read_fitted_pairs(path: Path) -> list[FittedPair]:
    """Read the table of fitted pairs, one a line.

    Raises
    ------
    MissingFileError
        If there is no such file.
    CorruptFileError
        If a line cannot be read.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise MissingFileError(f"There is no table of fitted pairs at {path}.") from error
    pairs = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            state, start, _, name = line.split()
            values = np.array([float(value) for value in state.split(",")[:_NUMBERS]])
            masses, radii, phi, theta, softening = values[6:_NUMBERS].reshape(5, 2)
            pairs.append(
                FittedPair(name, values[:6], masses, radii, phi, theta, softening, float(start))
            )
        except ValueError as error:
            raise CorruptFileError(f"Line {number} of {path} is not a fitted pair.") from error
    return pairs


def draw_discs(pair: FittedPair, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw the two cold discs about their own centres: position and velocity, (2, count, 6).

    The surface density falls exponentially, with three scale lengths to the disc's radius.
    """
    discs = np.empty((2, count, 6))
    for disc, mass, radius, phi, theta, softening in zip(
        discs, pair.masses, pair.radii, pair.phi, pair.theta, pair.softening, strict=True
    ):
        grid = np.linspace(0, 3, 300)
        inside = 1 - (1 + grid) * np.exp(-grid)
        r = np.interp(rng.uniform(0, inside[-1], count), inside, grid) * radius / 3
        angle = rng.uniform(0, 2 * np.pi, count)
        speed = np.sqrt(mass * r / (r**2 + softening**2))
        c, s = np.cos(angle), np.sin(angle)
        zero = np.zeros(count)
        turn = _turn(phi, theta)
        disc[:, :3] = (turn @ np.stack([r * c, r * s, zero])).T
        disc[:, 3:] = (turn @ np.stack([-speed * s, speed * c, zero])).T
    return discs[0], discs[1]


def follow(
    pair: FittedPair, state: Array, duration: float, stars: Array | None = None, steps: int = 20000
) -> tuple[Array, Array]:
    """Follow the second galaxy, and stars, for a time; a negative one goes back.

    Parameters
    ----------
    pair
        Masses and softening.
    state
        Position and velocity of the second galaxy relative to the first, (6,).
    duration
        How long.
    stars
        Position and velocity of stars relative to the first galaxy, (n, 6).
    steps
        Equal steps of a leapfrog, which is reversible.

    Returns
    -------
    state, stars
        Afterwards, (6,) and (n, 6).
    """
    centre = np.array(state, dtype=np.float64)
    moved = np.zeros((0, 6)) if stars is None else np.array(stars, dtype=np.float64)
    matter = np.stack([pair.masses, pair.softening**2])
    _leap(centre, moved, matter, duration / steps, steps)
    return centre, moved


def _turn(phi: float, theta: float) -> Array:
    """Return the rotation by `theta` about y, then by `phi` about z [degrees]."""
    ct, st = np.cos(np.radians(theta)), np.sin(np.radians(theta))
    cp, sp = np.cos(np.radians(phi)), np.sin(np.radians(phi))
    about_y = np.array([[ct, 0, st], [0, 1, 0], [-st, 0, ct]])
    return np.asarray(np.array([[cp, -sp, 0], [sp, cp, 0], [0, 0, 1]]) @ about_y)


@compiled
def _leap(centre: Array, stars: Array, matter: Array, h: float, steps: int) -> None:
    m1, m2, e1, e2 = matter[0, 0], matter[0, 1], matter[1, 0], matter[1, 1]
    for _ in range(steps):
        for k in range(3):
            centre[k] += 0.5 * h * centre[3 + k]
        x, y, z = centre[0], centre[1], centre[2]
        r2 = x * x + y * y + z * z
        r = sqrt(r2) + 1e-30
        both = (m1 / (r2 + e1) + m2 / (r2 + e2)) / r
        frame = m2 / (r2 + e2) / r  # the first galaxy, where we stand, is pulled as well
        for i in range(len(stars)):
            px = stars[i, 0] + 0.5 * h * stars[i, 3]
            py = stars[i, 1] + 0.5 * h * stars[i, 4]
            pz = stars[i, 2] + 0.5 * h * stars[i, 5]
            s2 = px * px + py * py + pz * pz
            k1 = m1 / ((s2 + e1) * (sqrt(s2) + 1e-30))
            dx, dy, dz = px - x, py - y, pz - z
            s2 = dx * dx + dy * dy + dz * dz
            k2 = m2 / ((s2 + e2) * (sqrt(s2) + 1e-30))
            stars[i, 3] -= h * (k1 * px + k2 * dx + frame * x)
            stars[i, 4] -= h * (k1 * py + k2 * dy + frame * y)
            stars[i, 5] -= h * (k1 * pz + k2 * dz + frame * z)
            stars[i, 0] = px + 0.5 * h * stars[i, 3]
            stars[i, 1] = py + 0.5 * h * stars[i, 4]
            stars[i, 2] = pz + 0.5 * h * stars[i, 5]
        for k in range(3):
            centre[3 + k] -= h * both * centre[k]
            centre[k] += 0.5 * h * centre[3 + k]
