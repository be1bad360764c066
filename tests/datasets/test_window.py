from __future__ import annotations

import pytest

from toomre.datasets.window import centre_window
from toomre.errors import ArgumentError


@pytest.mark.parametrize(("stored", "size"), [(105, 75), (10, 10), (10, 2), (9, 1)])
def test_as_much_is_left_on_both_sides(stored, size):
    window = centre_window(stored, size)
    assert window.start == stored - window.stop
    assert window.stop - window.start == size


@pytest.mark.parametrize(("stored", "size"), [(105, 76), (10, 11)])
def test_a_window_off_the_centre_is_refused(stored, size):
    with pytest.raises(ArgumentError, match="centred"):
        centre_window(stored, size)
