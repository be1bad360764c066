from __future__ import annotations

import pytest

from toomre.errors import ArgumentError
from toomre.jobs.classify_options import ClassifyOptions


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"threshold": 1.01}, "Expected `threshold` to be a number from 0 to 1, but got 1.01"),
        ({"chunk_size": 0}, "Expected `chunk_size` to be a positive number, but got 0"),
        ({"encoding": "log"}, "Expected `encoding` to be 'linear' or 'display', but got 'log'"),
        ({"workers": 0}, "Expected `workers` to be 1 or more, but got 0"),
        ({"part": (3, 3)}, r"Expected `part` to be \(i, n\) with i from 0 to n - 1, but got \(3, "),
    ],
)
def test_what_is_not_allowed_is_refused(changes, text):
    with pytest.raises(ArgumentError, match=text):
        ClassifyOptions(**changes).check()


def test_the_ends_are_allowed():
    for changes in ({"threshold": 0}, {"threshold": 1}, {"part": (2, 3)}, {"workers": None}):
        ClassifyOptions(**changes).check()
    stated = ClassifyOptions(bands=("g",), pixel_scale=0.4, encoding="linear").facts
    assert (stated.bands, stated.pixel_scale, stated.encoding) == (("g",), 0.4, "linear")
