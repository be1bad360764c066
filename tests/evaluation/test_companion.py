"""Companions of drawn pairs, and what a person would point at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.companion import RADIUS, companions, discs, light_peaks


def row(x1, y1, x2, y2):
    return {"nucleus1_x": x1, "nucleus1_y": y1, "nucleus2_x": x2, "nucleus2_y": y2}


def test_which_nucleus_is_the_companion():
    table = pd.DataFrame(
        [
            row(37, 38, 57, 30),  # the second
            row(57, 30, 37, 38),  # the first, for the second is in the middle
            row(37, 37, 40, 37),  # too near
            row(37, 37, 75, 37),  # beside the frame
            row(37, 37, np.nan, np.nan),  # alone
        ]
    )
    found = companions(table, 75, 75)
    np.testing.assert_array_equal(found[:2], [[57, 30], [57, 30]])
    assert np.isnan(found[2:]).all()


def test_a_window_moves_the_origin():
    found = companions(pd.DataFrame([row(52, 52, 70, 45)]), 105, 75)
    np.testing.assert_array_equal(found, [[55, 30]])


def test_real_images_have_none():
    with pytest.raises(ArgumentError, match="that of simulated images, with nucleus1_x"):
        companions(pd.DataFrame({"label": [1]}), 75, 75)


def test_discs_by_a_plain_loop():
    place = np.array([[20.3, 11.0]])
    found = discs(place, 50)[0]
    for y in range(50):
        for x in range(50):
            wanted = (x - 20.3) ** 2 + (y - 11.0) ** 2 <= (RADIUS * 50) ** 2
            assert found[y, x] == wanted


def test_light_peaks_are_where_the_sources_are(rng):
    y, x = np.mgrid[:75, :75]
    spots = [(37, 37, 9.0), (55, 20, 3.0), (10, 60, 1.0)]
    light = sum(h * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 18) for a, b, h in spots)
    image = np.stack([light, 0.5 * light]).astype(np.float32)
    peaks = light_peaks(image[None])[0]
    order = np.argsort(-peaks.ravel())[:3]
    assert [(k % 75, k // 75) for k in order] == [(a, b) for a, b, _ in spots]
    assert (peaks > 0).sum() < 60
    assert not light_peaks(np.ones((1, 1, 9, 9), np.float32)).any()
