from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, maximum_filter

from toomre.mocks.brushes import Canvas
from toomre.mocks.galaxies import MERGERS, NONMERGERS

CANVAS = Canvas(255, 0.4)  # odd: a pixel lies in the middle
KINDS = {**NONMERGERS, **MERGERS}


def asymmetry(light: np.ndarray) -> float:
    """The difference from the image turned by 180 degrees, over the light."""
    return float(np.abs(light - light[::-1, ::-1]).sum() / 2 / light.sum())


def cores(light: np.ndarray) -> int:
    """Number of local maxima in seeing, of at least a tenth of the brightest."""
    seen = gaussian_filter(light, 1.4)
    peaks = (seen == maximum_filter(seen, 5)) & (seen > 0.1 * seen.max())
    return int(peaks.sum())


def test_no_kind_is_both():
    assert not set(MERGERS) & set(NONMERGERS)


@pytest.mark.parametrize("kind", KINDS)
def test_light_is_positive_and_as_bright_as_the_survey(kind):
    for seed in range(5):
        light = KINDS[kind](CANVAS, np.random.default_rng(seed))
        assert light.shape == (3, 255, 255)
        assert np.isfinite(light).all()
        assert light.min() >= 0
        magnitude = 22.5 - 2.5 * np.log10(light[1].sum())
        assert 13 < magnitude < 18.6
        # i is the brightest band and g the faintest, as in every galaxy
        assert np.all(np.diff(light.sum(axis=(1, 2))) < 0)


@pytest.mark.parametrize("kind", KINDS)
def test_galaxy_is_in_the_middle(kind):
    for seed in range(5):
        light = KINDS[kind](CANVAS, np.random.default_rng(seed))[1]
        assert light[97:158, 97:158].sum() > 0.4 * light.sum()


def test_light_does_not_depend_on_the_pixels():
    fine, coarse = Canvas(400, 0.3), Canvas(200, 0.6)
    for kind in ("elliptical", "edge_on", "shells"):
        first = KINDS[kind](fine, np.random.default_rng(3))
        second = KINDS[kind](coarse, np.random.default_rng(3))
        assert first.sum() == pytest.approx(second.sum(), rel=0.1)


def test_mergers_are_less_symmetric():
    def typical(table):
        found = [asymmetry(draw(CANVAS, np.random.default_rng(s))[1]) for s in range(12)
                 for draw in table.values()]  # fmt: skip
        return np.percentile(found, [50, 90])

    mergers, nonmergers = typical(MERGERS), typical(NONMERGERS)
    assert mergers[0] > 2 * nonmergers[0]
    assert mergers[0] > nonmergers[1]


def test_most_mergers_have_two_cores():
    count = [cores(draw(CANVAS, np.random.default_rng(s))[0]) for s in range(12)
             for draw in MERGERS.values()]  # fmt: skip
    smooth = [cores(NONMERGERS[kind](CANVAS, np.random.default_rng(s))[0]) for s in range(12)
              for kind in ("elliptical", "edge_on")]  # fmt: skip
    assert np.mean(np.array(count) >= 2) > 0.7
    assert smooth == [1] * 24
