"""Groups agree with a slow plain loop over astropy's separations."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from toomre.errors import ArgumentError
from toomre.preparation.groups import galaxy_groups


def _slow_groups(ids: list[str], ra: np.ndarray, dec: np.ndarray, link: float) -> list[int]:
    """Label by spreading, one link at a time."""
    size = len(ids)
    linked = np.array([[a == b for b in ids] for a in ids])
    known = np.isfinite(ra) & np.isfinite(dec)
    sky = SkyCoord(np.where(known, ra, 0), np.where(known, dec, 0), unit="deg")
    for i in range(size):
        near = (sky[i].separation(sky) <= link * units.arcsec) & known & known[i]
        linked[i] |= near & (link > 0)
    labels, count = [-1] * size, 0
    for start in range(size):
        if labels[start] >= 0:
            continue
        pending = [start]
        while pending:
            i = pending.pop()
            if labels[i] < 0:
                labels[i] = count
                pending += np.flatnonzero(linked[i]).tolist()
        count += 1
    return labels


@pytest.mark.parametrize("place", ["field", "wrap", "north pole", "south pole"])
@pytest.mark.parametrize("link", [0.0, 20.0, 150.0])
def test_against_a_slow_loop(rng: np.random.Generator, place: str, link: float) -> None:
    size = 80
    ra = {"field": 150, "wrap": 0}.get(place, 180) + rng.uniform(-0.2, 0.2, size)
    dec = rng.uniform(-0.2, 0.2, size)
    if "pole" in place:
        ra = rng.uniform(0, 360, size)
        dec = (90 - rng.uniform(0, 0.2, size)) * (1 if "north" in place else -1)
    ra %= 360
    ra[rng.random(size) < 0.1] = np.nan
    ra[3], dec[3] = ra[4], dec[4]  # two images at one position
    ids = [f"g{i}" for i in rng.integers(0, 70, size)]
    groups = galaxy_groups(ids, ra, dec, link)
    assert groups.tolist() == _slow_groups(ids, ra, dec, link)


def test_chain_over_ids_and_sky() -> None:
    # a-b by position, b-c by id, c-d by position: one group
    groups = galaxy_groups(["a", "b", "b", "d", "e"], [0, 0.02, 90, 90.02, 180], [0.0] * 5)
    assert groups.tolist() == [0, 0, 0, 0, 1]


def test_nan_positions_and_integer_ids() -> None:
    groups = galaxy_groups(np.array([7, 7, 8]), [np.nan] * 3, [np.nan] * 3)
    assert groups.tolist() == [0, 0, 1]


def test_nothing() -> None:
    assert galaxy_groups([], [], []).tolist() == []


def test_many_images_at_one_position() -> None:
    size = 50_000  # all pairs of these would not fit in memory
    groups = galaxy_groups(np.arange(size), np.zeros(size), np.zeros(size))
    assert groups.max() == 0


def test_bad_arguments() -> None:
    with pytest.raises(ArgumentError, match=r"`link_length`.*648000.*-1"):
        galaxy_groups(["a"], [0], [0], -1)
    with pytest.raises(ArgumentError, match="2, 1 and 1"):
        galaxy_groups(["a", "b"], [0], [0])
