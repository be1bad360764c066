"""The contact sheet: where each image lies, its colour, its text."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.contact_sheet import contact_sheet
from toomre.images.stretch import to_rgb


def test_images_are_where_they_should_be(rng):
    images = rng.uniform(0, 255, (3, 3, 16, 16)).astype(np.float32)
    names = ["a", "b", "c" * 200]
    sheet = contact_sheet(images, [1, 0, None], names, "display", columns=2, side=16)
    assert sheet.size == (2 * 20 + 4, 2 * 38 + 4)
    found = np.asarray(sheet)
    for number, (x, y) in enumerate([(4, 4), (24, 4), (4, 42)]):
        wanted = to_rgb(images[number], "display")[2:-2, 2:-2]
        assert np.array_equal(found[y + 2 : y + 14, x + 2 : x + 14], wanted)
    assert [tuple(found[y, x]) for x, y in [(4, 4), (24, 4), (4, 42)]] == [
        (0xD5, 0x5E, 0x00),
        (0x00, 0x72, 0xB2),
        (0x80, 0x80, 0x80),
    ]
    assert (found[60:, 24:] == 255).all()  # no fourth image


def test_the_first_row_of_flux_is_lowest():
    image = np.zeros((1, 1, 16, 16), np.float32)
    image[0, 0, 3] = 10
    found = np.asarray(contact_sheet(image, [1], ["a"], side=16))[4:20, 4:20]
    assert found[12, 8].min() > 200
    assert found[3, 8].max() < 50


@pytest.mark.parametrize(
    ("shape", "labels"), [((0, 3, 8, 8), []), ((2, 3, 8, 8), [1]), ((3, 8, 8), [1, 1, 1])]
)
def test_what_is_not_allowed(shape, labels):
    with pytest.raises(ArgumentError, match="^Expected `images, labels, captions`"):
        contact_sheet(np.zeros(shape, np.float32), labels, ["a"] * len(labels))
