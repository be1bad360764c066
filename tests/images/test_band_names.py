from __future__ import annotations

import pytest

from toomre.images.band_names import choose_planes, find_band
from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError

NONE = [None, None, None]


@pytest.mark.parametrize(
    "stated", ["g", "G", "HSC-G", "SDSS_g", "DECam.g", "g DECam SDSS c0001 4720.0 1520.0"]
)
def test_one_band_many_spellings(stated: str) -> None:
    assert find_band("g", ["r", stated]) == 1


@pytest.mark.parametrize("stated", ["gr", "V", "NG", "", None, "Rg2"])
def test_no_spelling_of_the_band(stated: str | None) -> None:
    assert find_band("g", [stated]) is None


def test_the_exact_name_comes_first() -> None:
    assert find_band("r", ["R", "r"]) == 1
    assert find_band("R", ["R", "r"]) == 0


@pytest.mark.parametrize(
    ("wanted", "stated", "labels", "places", "names"),
    [
        (None, NONE, NONE, [0, 1, 2], None),
        (None, ["g", "r", "i"], NONE, [0, 1, 2], ("g", "r", "i")),
        (None, ["g", "g", "g"], ["a", "b", "c"], [0, 1, 2], ("a", "b", "c")),
        (None, ["g", "r", None], NONE, [0, 1, 2], None),
        (("i", "g"), ["g", "r", "i"], NONE, [2, 0], ("i", "g")),
        (("i", "r", "g"), ["g", "g", "g"], ["g", "r", "i"], [2, 1, 0], ("i", "r", "g")),
        (("a", "b", "c"), NONE, NONE, [0, 1, 2], ("a", "b", "c")),
        (("a", "b", "c"), NONE, ["N1", "N2", "N3"], [0, 1, 2], ("a", "b", "c")),
    ],
)
def test_choice(
    wanted: tuple[str, ...] | None,
    stated: list[str | None],
    labels: list[str | None],
    places: list[int],
    names: tuple[str, ...] | None,
) -> None:
    assert choose_planes(wanted, stated, labels) == (places, names)


@pytest.mark.parametrize(
    ("wanted", "stated", "labels", "text"),
    [
        (("g", "r"), NONE, NONE, "3 unnamed bands; expected 2 (g, r)"),
        (("g", "r", "z"), ["g", "r", "i"], NONE, "3 bands (g, r, i); expected 3 (g, r, z)"),
        (("g", "r", "z"), NONE, ["g", "r", "i"], "3 bands (g, r, i); expected 3 (g, r, z)"),
        (("g", "r", "z"), ["U", "B", "V"], NONE, "3 bands (U, B, V); expected 3 (g, r, z)"),
    ],
)
def test_no_choice(
    wanted: tuple[str, ...], stated: list[str | None], labels: list[str | None], text: str
) -> None:
    with pytest.raises(BadInputError) as caught:
        choose_planes(wanted, stated, labels)
    assert caught.value.flag is Flag.BANDS
    assert text in caught.value.note
