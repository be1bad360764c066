from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.plots.downsizing import downsizing_figure


@pytest.fixture
def pictures(rng):
    return [
        Pictures(rng.integers(0, 255, (1, 3, *shape), dtype=np.uint8))
        for shape in ((424, 424), (64, 64), (100, 60))
    ]


def test_nothing_is_cut_off_too_small_or_runs_into_another(pictures, check_layout):
    check_layout(downsizing_figure(*pictures[:2], 207, "391898"))
    check_layout(downsizing_figure(pictures[2], pictures[1], 50, "a"))


def test_every_pixel_of_both_and_the_square_that_was_kept(pictures):
    original, stored, oblong = pictures
    left, right = downsizing_figure(original, stored, 207, "391898").axes
    np.testing.assert_array_equal(left.images[0].get_array(), original.rgb(0))
    np.testing.assert_array_equal(right.images[0].get_array(), stored.rgb(0))
    assert left.get_title() == "original: 424 × 424 pixels"
    assert right.get_title() == "stored: 64 × 64 pixels"
    (square,) = left.patches
    # The middle of an image is that of its outer edges.
    assert square.get_xy() == (108.0, 108.0)
    assert square.get_width() == 207
    (square,) = downsizing_figure(oblong, stored, 60, "a").axes[0].patches
    assert square.get_bbox().get_points().tolist() == [[-0.5, 19.5], [59.5, 79.5]]
    assert not downsizing_figure(original, stored, 424, "a").axes[0].patches


def test_one_image_of_each(pictures):
    original, stored, _ = pictures
    with pytest.raises(ArgumentError, match="`stored` to be one image, but got 2"):
        downsizing_figure(original, Pictures(np.repeat(stored.images, 2, axis=0)), 207, "a")
