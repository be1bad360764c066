"""The pointing score: chance by random peaks, a plain loop, and intervals that widen by galaxy."""

from __future__ import annotations

import json

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.companion import discs
from toomre.evaluation.pointing import pointing_score

SIZE = 40


@pytest.fixture
def places(rng):
    return rng.uniform(2, SIZE - 3, (600, 2))


def peaked(places: np.ndarray) -> np.ndarray:
    maps = np.zeros((len(places), SIZE, SIZE))
    x, y = places.round().astype(int).T
    maps[np.arange(len(places)), y, x] = 1
    return maps


def test_peaks_on_the_truth(places):
    regions = discs(places, SIZE)
    found = pointing_score(peaked(places), regions, None, rng=np.random.default_rng(3))
    assert found.hit.value == found.share.value == 1
    assert found.above_chance
    assert found.chance == pytest.approx(regions.mean())


def test_random_peaks_are_chance(places, rng):
    regions = discs(places, SIZE)
    random = peaked(rng.uniform(-0.5, SIZE - 0.5, (600, 2)))
    found = pointing_score(random, regions, None, rng=np.random.default_rng(3))
    assert found.excess.lower < 0 < found.excess.upper
    assert not found.above_chance


def test_peaks_at_the_right_distance_only_are_no_better_than_turned_ones(rng):
    angle = rng.uniform(0, 2 * np.pi, (2, 800))
    middle = (SIZE - 1) / 2
    truth, peak = (middle + 8 * np.stack([np.cos(a), np.sin(a)], axis=1) for a in angle)
    found = pointing_score(peaked(peak), discs(truth, SIZE), None, rng=np.random.default_rng(3))
    assert found.excess.lower > 0  # a circle is a good guess ...
    assert found.excess_turned.lower < 0 < found.excess_turned.upper  # ... by distance alone
    assert not found.above_chance


def test_a_plain_loop(places, rng):
    maps = rng.uniform(size=(50, SIZE, SIZE))
    regions = discs(places[:50], SIZE, 0.3)
    without = discs(np.array([[19.5, 19.5]]), SIZE, 0.2)[0]
    hits, chances, shares, turned = [], [], [], []
    for values, region in zip(maps, regions, strict=True):
        best, where = -1.0, (0, 0)
        for y in range(SIZE):
            for x in range(SIZE):
                if not without[y, x] and values[y, x] > best:
                    best, where = values[y, x], (y, x)
        hits.append(region[where])
        turned.append(np.mean([np.rot90(region, k)[where] for k in (1, 2, 3)]))
        inside = region & ~without
        chances.append(inside.sum() / (~without).sum())
        shares.append(values[inside].sum() / values[~without].sum())
    rng3 = np.random.default_rng(3)
    found = pointing_score(maps, regions, None, rng=rng3, without=without)
    assert found.hit.value == pytest.approx(np.mean(hits))
    assert found.turned.value == pytest.approx(np.mean(turned))
    assert found.chance == pytest.approx(np.mean(chances))
    assert found.share.value == pytest.approx(np.mean(shares))
    assert found.excess.value == pytest.approx(np.mean(hits) - np.mean(chances))


def test_images_of_one_galaxy_count_once(places, rng):
    hit = np.repeat(rng.uniform(size=150) < 0.5, 4)
    peaks = np.where(hit[:, None], places, (places + SIZE / 2) % SIZE)
    maps, regions = peaked(np.clip(peaks, 0, SIZE - 1)), discs(places, SIZE)
    ends = []
    for groups in (None, np.repeat(np.arange(150), 4)):
        found = pointing_score(maps, regions, groups, rng=np.random.default_rng(3))
        ends.append(found.hit.upper - found.hit.lower)
        p = found.hit.value
    assert found.galaxies == 150
    # The normal approximation of a binomial of 600 and of 150.
    normal = [2 * 1.96 * np.sqrt(p * (1 - p) / n) for n in (600, 150)]
    np.testing.assert_allclose(ends, normal, rtol=0.1)


def test_empty_maps_are_misses(places):
    maps, regions = peaked(places[:4]), np.ones((4, SIZE, SIZE), bool)
    maps[:2] = 0
    found = pointing_score(maps, regions, None, rng=np.random.default_rng(3))
    assert (found.empty, found.hit.value, found.share.value, found.chance) == (2, 0.5, 0.5, 1.0)
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["hit"]["value"] == 0.5


def test_what_is_refused():
    rng, maps = np.random.default_rng(3), np.ones((2, 4, 4))
    regions = maps > 0
    with pytest.raises(ArgumentError, match="Expected `maps` to be of shape"):
        pointing_score(maps[:0], regions[:0], None, rng=rng)
    with pytest.raises(ArgumentError, match=r"Expected `regions` to be of shape \(2, 4, 4\)"):
        pointing_score(maps, regions[:1], None, rng=rng)
    with pytest.raises(ArgumentError, match="finite and at least 0, but got -1.0"):
        pointing_score(-maps, regions, None, rng=rng)
