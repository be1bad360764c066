from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from toomre.datasets.augmentation import augment, draw
from toomre.recipe import Augmentation


def test_draws_are_repeatable_and_differ_by_seed_and_epoch():
    assert np.array_equal(draw(1, 2, 5), draw(1, 2, 5))
    assert not np.array_equal(draw(1, 2, 5), draw(1, 3, 5))
    assert not np.array_equal(draw(1, 2, 5), draw(2, 2, 5))


def test_flips_give_one_of_the_eight_and_all_of_them(rng):
    images = np.repeat(rng.normal(size=(1, 1, 9, 9)).astype(np.float32), 200, axis=0)
    changed = augment(images, draw(1, 0, 200), 7, Augmentation())
    cut = images[0, 0, 1:8, 1:8]
    views = [np.rot90(v, k) for v in (cut, cut[:, ::-1]) for k in range(4)]
    seen = [next(k for k, v in enumerate(views) if np.array_equal(v, one[0])) for one in changed]
    assert set(seen) == set(range(8))
    assert min(np.bincount(seen)) > 10


def test_nothing_switched_on_changes_nothing(rng):
    images = rng.normal(size=(3, 2, 9, 9)).astype(np.float32)
    changed = augment(images, draw(1, 0, 3), 7, Augmentation(flips=False))
    assert np.array_equal(changed, images[:, :, 1:8, 1:8])


def test_rotation_against_scipy(rng):
    """A smooth image turned by grid_sample is the one that scipy turns."""
    smooth = ndimage.gaussian_filter(rng.normal(size=(41, 41)), 3).astype(np.float32)
    random = np.array([[0.0, 0.13, 0.5, 0.5, 0.5]])
    plan = Augmentation(flips=False, rotation=True)
    changed = augment(smooth[None, None], random, 21, plan)[0, 0]
    turned = ndimage.rotate(smooth, 360 * 0.13, reshape=False, order=1)[10:31, 10:31]
    other = ndimage.rotate(smooth, -360 * 0.13, reshape=False, order=1)[10:31, 10:31]
    best = min(np.abs(changed - turned).max(), np.abs(changed - other).max())
    assert best < 0.02 * np.ptp(smooth)


@pytest.mark.parametrize(("column", "factor"), [(0.0, np.exp(0.3)), (1.0, np.exp(-0.3))])
def test_zoom_scales_a_gaussian(column, factor):
    y, x = np.mgrid[:61, :61] - 30.0
    image = np.exp(-(x**2 + y**2) / (2 * 5.0**2)).astype(np.float32)
    random = np.array([[0.0, 0.0, column, 0.5, 0.5]])
    changed = augment(image[None, None], random, 41, Augmentation(flips=False, zoom=0.3))[0, 0]
    y, x = np.mgrid[:41, :41] - 20.0
    sigma = np.sqrt((changed * x**2).sum() / changed.sum())
    assert sigma == pytest.approx(5.0 * factor, rel=0.02)


def test_shift_moves_the_centroid():
    y, x = np.mgrid[:61, :61] - 30.0
    image = np.exp(-(x**2 + y**2) / (2 * 3.0**2)).astype(np.float32)
    random = np.array([[0.0, 0.0, 0.5, 1.0, 0.5]])
    changed = augment(image[None, None], random, 41, Augmentation(flips=False, shift=4.0))[0, 0]
    _, x = np.mgrid[:41, :41] - 20.0
    assert (changed * x).sum() / changed.sum() == pytest.approx(-4.0, abs=0.01)


def test_the_class_plays_no_part():
    """What happens to an image follows from its place alone: labels are no argument."""
    import inspect

    assert list(inspect.signature(augment).parameters) == ["images", "random", "size", "plan"]
    assert list(inspect.signature(draw).parameters) == ["seed", "epoch", "images"]
