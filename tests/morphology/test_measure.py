from __future__ import annotations

import warnings

import numpy as np
import pytest
import statmorph
from photutils.segmentation import detect_sources
from scipy.ndimage import gaussian_filter

from toomre.errors import ArgumentError
from toomre.morphology import measure
from toomre.morphology.measure import FAILED, OTHERS, SHAPES, measure_image

SIZE = 65


def galaxy(rng: np.random.Generator, noise: float = 0.02, level: float = 3.0) -> np.ndarray:
    """An exponential disc with a clump on one side, on sky."""
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    disc = 5 * np.exp(-np.hypot(x, y / 0.7) / 4)
    clump = 1.5 * np.exp(-((x - 7) ** 2 + (y - 2) ** 2) / 6)
    return disc + clump + level + rng.normal(0, noise, (SIZE, SIZE))


def test_it_is_what_statmorph_gives_by_hand(rng):
    image = galaxy(rng)
    found = measure_image(image)
    sky = found["sky_level"]
    assert sky == pytest.approx(3.0, abs=0.05)
    own = image - sky
    smooth = gaussian_filter(own, 3 / 2.3548)
    ring = np.ones(own.shape, bool)
    ring[5:-5, 5:-5] = False
    labels = detect_sources(smooth, smooth[ring].mean() + 1.5 * smooth[ring].std(), 5).data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = statmorph.SourceMorphology(
            own, labels, int(labels[32, 32]), gain=1e9, skybox_size=16
        )
    for name in SHAPES:
        # The outlines differ by some pixels at the faint edge.
        assert found[name] == pytest.approx(getattr(wanted, name), rel=0.05, abs=0.02), name
    assert found["flag"] == wanted.flag == 0
    assert set(found) == {*SHAPES, *OTHERS, "sky_level", "sky_scatter", "flag", "reason"}


def test_asymmetry_is_the_plain_sum_about_the_best_centre():
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    image = 5 * np.exp(-np.hypot(x, y) / 3)
    image += 2.0 * ((x >= 6) & (x <= 9) & (np.abs(y) <= 1))
    found = measure_image(image)
    radius = 1.5 * found["rpetro_circ"]
    # About the middle pixel; statmorph looks for the centre with the smallest value nearby.
    inside = np.hypot(x, y) <= radius
    plain = np.abs(image - image[::-1, ::-1])[inside].sum() / np.abs(image)[inside].sum()
    assert 0.1 < plain < 0.5
    assert found["asymmetry"] == pytest.approx(plain, abs=0.03)
    assert found["asymmetry"] < plain + 0.01
    symmetric = measure_image(5 * np.exp(-np.hypot(x, y) / 3))
    assert abs(symmetric["asymmetry"]) < 0.01


def test_the_unit_and_the_sky_do_not_matter(rng):
    image = galaxy(rng)
    one, other = measure_image(image), measure_image(40 * image + 500)
    for name in SHAPES:
        assert other[name] == pytest.approx(one[name], rel=1e-3, abs=1e-3), name
    assert other["sky_scatter"] == pytest.approx(40 * one["sky_scatter"])


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.full((30, 30), np.nan), "blank"),
        (np.full((30, 30), 5.0), "blank"),
        (np.pad(np.ones((4, 4)), ((2, 40), (2, 40))), "no source in the middle"),
    ],
)
def test_what_shows_no_galaxy_is_a_flagged_row(image, reason):
    found = measure_image(image)
    assert found["flag"] == FAILED
    assert found["reason"] == reason
    assert all(np.isnan(found[name]) for name in (*SHAPES, *OTHERS))


def test_pixels_that_are_not_finite_are_masked(rng):
    image = galaxy(rng)
    whole = measure_image(image)
    image[40:42, 12] = np.nan
    image[5, 5] = np.inf
    found = measure_image(image)
    assert found["reason"] == ""
    assert found["gini"] == pytest.approx(whole["gini"], abs=0.02)


def test_an_error_inside_statmorph_is_a_flagged_row(rng, monkeypatch):
    def broken(*args, **options):
        raise AssertionError

    monkeypatch.setattr(measure, "quick_morphology", lambda wanted: broken)
    found = measure_image(galaxy(rng))
    assert (found["flag"], found["reason"]) == (FAILED, "statmorph: AssertionError")
    assert found["sky_level"] == pytest.approx(3.0, abs=0.05)


def test_a_stack_of_bands_is_refused():
    with pytest.raises(ArgumentError, match="of shape"):
        measure_image(np.zeros((3, 20, 20)))
