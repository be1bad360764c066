from __future__ import annotations

import numpy as np
import pytest

from toomre.preparation.exact_copies import find_exact_copies, invariants


def _views(image: np.ndarray) -> list[np.ndarray]:
    return [np.rot90(view, k, axes=(1, 2)) for view in (image, image[:, ::-1]) for k in range(4)]


def test_all_eight_views_are_found(rng: np.random.Generator) -> None:
    image = rng.normal(size=(3, 17, 17)).astype(np.float32)
    images = np.stack([image, *_views(image)])
    found = find_exact_copies(images, np.arange(1, 9), np.array([0]))
    assert [(a, b) for a, b, _ in found] == [(k, 0) for k in range(1, 9)]
    # The angles of numpy's turns, which go from y towards x.
    assert [copy.angle for _, _, copy in found] == [0, 270, 180, 90] * 2
    assert [copy.flipped for _, _, copy in found] == [False] * 4 + [True] * 4


def test_transforms_in_words() -> None:
    image = np.arange(12.0).reshape(1, 3, 4)[:, :, :3] ** 2
    images = np.stack([image, image[:, ::-1], image[..., ::-1], image])
    found = find_exact_copies(images, np.array([1, 2, 3]), np.array([0]))
    words = [copy.transform for _, _, copy in found]
    assert words == ["flipped up-down", "flipped left-right", "in place"]


def test_rounding_is_allowed_and_one_grey_level_is_not(rng: np.random.Generator) -> None:
    image = rng.integers(0, 256, size=(1, 20, 20)).astype(np.float32)
    rounded = image * np.float32(1 + 3e-7)
    changed = image.copy()
    changed[0, 3, 4] += 1
    found = find_exact_copies(np.stack([image, rounded, changed]), np.array([0]), np.array([1, 2]))
    assert [(a, b) for a, b, _ in found] == [(0, 1)]


def test_shuffled_pixels_swapped_bands_and_scaled_images_are_not_copies(
    rng: np.random.Generator,
) -> None:
    image = rng.normal(size=(2, 15, 15))
    shuffled = rng.permutation(image.ravel()).reshape(image.shape)
    images = np.stack([image, shuffled, image[::-1], 1.01 * image])
    assert find_exact_copies(images, np.array([0]), np.array([1, 2, 3])) == []


def test_images_that_are_not_square(rng: np.random.Generator) -> None:
    image = rng.normal(size=(1, 8, 13))
    images = np.stack([image, image[:, ::-1, ::-1]])
    found = find_exact_copies(images, np.array([1]), np.array([0]))
    assert [copy.transform for _, _, copy in found] == ["rotated 180 deg"]


def test_rows_against_themselves_give_each_pair_once(rng: np.random.Generator) -> None:
    images = np.repeat(rng.normal(size=(2, 1, 9, 9)), 3, axis=0)
    rows = np.arange(6)
    found = {(a, b) for a, b, _ in find_exact_copies(images, rows, rows)}
    assert found == {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)}
    # Where the rows overlap only in part, no pair is lost.
    found = {(a, b) for a, b, _ in find_exact_copies(images, np.array([1, 2]), np.array([0, 1]))}
    assert {tuple(sorted(pair)) for pair in found} == {(0, 1), (0, 2), (1, 2)}


def test_number_of_copies_is_limited(rng: np.random.Generator) -> None:
    images = np.repeat(rng.normal(size=(1, 1, 9, 9)), 20, axis=0)
    assert len(find_exact_copies(images, np.array([0]), np.arange(1, 20), max_copies=3)) == 3


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_invariants_do_not_depend_on_the_view(rng: np.random.Generator, scale: float) -> None:
    image = scale * rng.normal(size=(2, 12, 12))
    values = invariants(np.stack(_views(image)))
    assert np.ptp(values, axis=0) == pytest.approx(0, abs=1e-12)


def test_nothing_to_compare() -> None:
    images = np.ones((2, 1, 9, 9))
    none = np.array([], dtype=np.int64)
    assert find_exact_copies(images, none, np.array([0])) == []
    assert find_exact_copies(images, np.array([0]), none) == []
