"""The first usable image sets bands and encoding for all."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status
from toomre.preparation.agreement import agreeing, find_reference


def _cutout(**changes: object) -> Cutout:
    facts = {"pixels": np.zeros((2, 8, 8), np.float32), "bands": ("g", "r"), "pixel_scale": 0.4}
    return Cutout(**{**facts, **changes})  # type: ignore[arg-type]


def test_reference_skips_bad_ones_and_loses_none() -> None:
    bad, good, later = Cutout.bad(Flag.BLANK, "x"), _cutout(), _cutout()
    reference, again = find_reference(iter([bad, good, later]))
    assert reference is good
    assert list(again) == [bad, good, later]


def test_only_what_is_needed_is_read() -> None:
    def cutouts():
        yield _cutout()
        raise RuntimeError("read too far")

    assert find_reference(cutouts())[0].bands == ("g", "r")


def test_none_usable() -> None:
    bad = [Cutout.bad(Flag.UNREADABLE, f"file {i}") for i in range(3)]
    with pytest.raises(ArgumentError, match=r"None of the 3 inputs.*unreadable: file 0"):
        find_reference(bad)


def test_c48_bands_without_names() -> None:
    with pytest.raises(ArgumentError, match=r"2 bands and do not name them.*--bands"):
        find_reference([_cutout(bands=None)])


@pytest.mark.parametrize(
    ("changes", "flag", "status"),
    [
        ({}, Flag(0), Status.OK),
        ({"bands": ("r", "g")}, Flag.BANDS, Status.BAD),
        ({"bands": None}, Flag.BANDS, Status.BAD),
        ({"encoding": "display"}, Flag.DTYPE, Status.BAD),
        ({"pixels": np.zeros((2, 9, 8), np.float32)}, Flag.SHAPE, Status.BAD),
        ({"pixel_scale": 0.5}, Flag.PIXEL_SCALE, Status.WARN),
        ({"pixel_scale": 0.404}, Flag(0), Status.OK),
        ({"pixel_scale": None}, Flag(0), Status.OK),
    ],
)
def test_differences(changes: dict[str, object], flag: Flag, status: Status) -> None:
    (found,) = agreeing([_cutout(**changes)], _cutout())
    assert found.flags == flag
    assert found.status is status
    assert (found.pixels is None) == (status is Status.BAD)
