"""The 8 flips and quarter turns form a group, and are those of numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toomre.errors import ArgumentError
from toomre.images.dihedral import ORDER, compose, inverse, transform, transform_each

NUMBERS = st.integers(0, ORDER - 1)


def outside_judge(image: np.ndarray, k: int) -> np.ndarray:
    flipped = np.flip(image, axis=-1) if k >= 4 else image
    return np.rot90(flipped, k % 4, axes=(-2, -1))


@pytest.mark.parametrize("k", range(ORDER))
@pytest.mark.parametrize("shape", [(5, 5), (3, 4, 7), (2, 3, 6, 6)])
def test_transform_is_numpys(k: int, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    images = rng.normal(size=shape)
    before = images.copy()
    np.testing.assert_array_equal(transform(images, k), outside_judge(images, k))
    assert np.shares_memory(transform(images, k), images)
    np.testing.assert_array_equal(images, before)


def test_the_eight_are_different(rng: np.random.Generator) -> None:
    image = rng.normal(size=(4, 4))
    assert len({transform(image, k).tobytes() for k in range(ORDER)}) == ORDER


@given(NUMBERS)
def test_inverse_undoes(k: int) -> None:
    image = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(transform(transform(image, k), inverse(k)), image)
    assert compose(k, inverse(k)) == compose(inverse(k), k) == 0


@given(NUMBERS, NUMBERS)
def test_closure(first: int, second: int) -> None:
    image = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(
        transform(transform(image, first), second), transform(image, compose(first, second))
    )


@given(NUMBERS, NUMBERS, NUMBERS)
def test_associative(a: int, b: int, c: int) -> None:
    assert compose(compose(a, b), c) == compose(a, compose(b, c))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_transform_each_against_a_loop(dtype: type, rng: np.random.Generator) -> None:
    images = (100 * rng.random((40, 3, 9, 9))).astype(dtype)
    before = images.copy()
    ks = rng.integers(0, ORDER, len(images))
    result = transform_each(images, ks)
    np.testing.assert_array_equal(
        result, np.stack([outside_judge(image, k) for image, k in zip(images, ks, strict=True)])
    )
    assert result.dtype == dtype
    assert result.flags.c_contiguous
    assert not np.shares_memory(result, images)
    np.testing.assert_array_equal(images, before)


def test_transform_each_of_a_strided_or_empty_batch(rng: np.random.Generator) -> None:
    wide = rng.normal(size=(6, 3, 9, 18))
    ks = np.arange(6)
    np.testing.assert_array_equal(
        transform_each(wide[..., ::2], ks), transform_each(wide[..., ::2].copy(), ks)
    )
    assert transform_each(np.empty((0, 3, 9, 9)), np.empty(0, int)).shape == (0, 3, 9, 9)


@pytest.mark.parametrize("k", [-1, 8])
def test_an_unknown_number_is_refused(k: int) -> None:
    message = f"Expected `k` to be one of 0 to 7, but got {k}."
    for call in (lambda: transform(np.eye(2), k), lambda: inverse(k), lambda: compose(0, k)):
        with pytest.raises(ArgumentError) as caught:
            call()
        assert str(caught.value) == message
    with pytest.raises(ArgumentError, match="one of 0 to 7"):
        transform_each(np.ones((1, 1, 2, 2)), np.array([k]))


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (3, 4, 4)])
def test_transform_each_needs_a_batch_of_squares(shape: tuple[int, ...]) -> None:
    with pytest.raises(ArgumentError, match=r"\(image, band, y, x\) with square images"):
        transform_each(np.ones(shape), np.zeros(shape[0], int))


def test_transform_each_needs_one_number_an_image() -> None:
    with pytest.raises(ArgumentError, match=r"Expected `ks` to be of shape \(2,\), but got \(3,\)"):
        transform_each(np.ones((2, 1, 4, 4)), np.zeros(3, int))
