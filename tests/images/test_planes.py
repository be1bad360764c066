from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toomre.images.flags import Flag
from toomre.images.planes import axes_of, band_first, to_float32
from toomre.images.read_limits import BadInputError, ReadLimits

SIDES = st.integers(8, 40)


@given(st.integers(1, 16), SIDES, SIDES)
def test_band_first_is_always_known(band: int, y: int, x: int) -> None:
    assert axes_of((band, y, x)) == "first"


@given(st.integers(1, 5), st.integers(17, 40), SIDES)
def test_band_last_is_known_if_tall(band: int, y: int, x: int) -> None:
    assert axes_of((y, x, band)) == "last"


@given(st.integers(1, 16), st.integers(1, 40), st.integers(1, 5))
def test_the_rest_is_refused(first: int, middle: int, last: int) -> None:
    with pytest.raises(BadInputError) as caught:
        axes_of((first, middle, last))
    assert caught.value.flag is Flag.SHAPE


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([">i2", "<f8", "?", "u1", "f2"]))
def test_values_are_kept(y: int, x: int, dtype: str) -> None:
    array = np.arange(3 * y * x).reshape(3, y, x).astype(dtype)
    for where, given_array in (("first", array), ("last", np.moveaxis(array, 0, -1))):
        result = to_float32(given_array, where)
        np.testing.assert_array_equal(result, array.astype(np.float32))
        assert result.flags.c_contiguous
        assert result.dtype.isnative
        assert not np.shares_memory(result, array)


def test_large_floats_become_infinite_without_a_warning() -> None:
    assert np.isinf(to_float32(np.full((2, 2), 1e300), "none")).all()


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((7, 9), "9 x 7 pixels; the shortest side must be 8"),
        ((3, 100, 200), "200 x 100 pixels; at most 10000"),
        ((5, 9, 9), "5 bands; expected 1 to 4"),
        ((4, 90, 90), "at most 100000 bytes"),
    ],
)
def test_limits(shape: tuple[int, ...], text: str) -> None:
    limits = ReadLimits(max_pixels=10_000, max_bands=4, max_bytes=100_000)
    with pytest.raises(BadInputError, match=text) as caught:
        band_first(shape, limits)
    assert caught.value.flag is Flag.SIZE
