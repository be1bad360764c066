"""Simulated pictures a second on one core, and star steps against a plain loop of fixed steps.

Run it by itself: ``python benchmarks/bench_mocks.py``.
"""

from __future__ import annotations

import numpy as np
from timing import seconds

from toomre.mocks.constants import PARTICLES, SOFTENING
from toomre.mocks.galaxy import Galaxy, draw_stars
from toomre.mocks.particles import move_stars
from toomre.mocks.plan import distant_plan
from toomre.mocks.potential import Well
from toomre.mocks.sample import simulate_galaxy

GALAXIES, IMAGES_FLOOR, RATIO_FLOOR = 60, 40, 2.5
# A fixed step that keeps the bulge as well as the sub-steps do [Gyr].
FIXED_STEP, SPAN = 0.0003, 0.3


def main() -> tuple[float, float]:
    """Print pictures a second and the ratio, and return both."""
    plan = distant_plan()
    simulate_galaxy(0, 1, plan)  # compiles
    rates = []
    for round_ in range(3):
        numbers = range(1000 * round_, 1000 * round_ + GALAXIES)
        spent = seconds(lambda n=numbers: [simulate_galaxy(i, 1, plan) for i in n])
        rates.append(4 * GALAXIES / spent)
    rate = float(np.median(rates))
    print(f"mock_images_per_second_and_core  {rate:.0f}  floor {IMAGES_FLOOR}")
    galaxy = Galaxy(1e10, 1.7, 0.2)
    stars = draw_stars(galaxy, PARTICLES, np.random.default_rng(1))
    p, v, well = stars.position, stars.velocity, galaxy.well
    move_stars(p, v, (well, None), None, (0.0, 0.01))
    fast = seconds(lambda: move_stars(p, v, (well, None), None, (0.0, SPAN)))
    ratio = seconds(lambda: plain(p, v, well)) / fast
    print(f"star_steps_over_plain_loop  ratio {ratio:.1f}  floor {RATIO_FLOOR}")
    return rate, ratio


def plain(position: np.ndarray, velocity: np.ndarray, well: Well) -> np.ndarray:
    """Leapfrog with one step for all stars, in numpy."""
    p, v = position.copy(), velocity.copy()
    gm_halo, a_halo, gm_baryon, a_baryon = well.row
    for _ in range(round(SPAN / FIXED_STEP)):
        p += 0.5 * FIXED_STEP * v
        s = np.sqrt((p**2).sum(axis=0) + SOFTENING**2)
        v -= (
            FIXED_STEP
            * (gm_halo / (s * (s + a_halo) ** 2) + gm_baryon / (s * (s + a_baryon) ** 2))
            * p
        )
        p += 0.5 * FIXED_STEP * v
    return p


if __name__ == "__main__":
    main()
