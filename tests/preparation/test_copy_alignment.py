from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from toomre.preparation.copy_alignment import Alignment, align_modes, refine
from toomre.preparation.copy_features import LogPolar, contrast_maps


def _modes(images: np.ndarray) -> np.ndarray:
    maps = contrast_maps(images[:, None])
    return LogPolar.of_side(maps.shape[-1]).modes(maps)


def test_grid_finds_turn_flip_and_leaves_others_low(rng: np.random.Generator) -> None:
    image, other = rng.normal(size=(2, 64, 64))
    views = np.stack([np.rot90(image, -1), np.rot90(image[::-1], -2), other])
    turned, flipped, unrelated = align_modes(_modes(image[None])[0], _modes(views))
    # From the view to the image: back by a quarter.
    assert (turned.angle, turned.flipped, turned.zoom) == (270, False, 1)
    assert (flipped.angle, flipped.flipped, flipped.zoom) == (180, True, 1)
    assert min(turned.similarity, flipped.similarity) > 0.99
    assert unrelated.similarity < 0.4 < turned.parity_gap
    assert unrelated.significance < 6 < turned.significance


def test_refine_improves_angle_zoom_and_shift(rng: np.random.Generator) -> None:
    image = ndimage.gaussian_filter(rng.normal(size=(64, 64)), 1.5)
    angle, shift = np.radians(1.4), 0.6
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / 1.02
    offset = 31.5 - matrix @ [31.5, 31.5] + [0, shift]
    copy = ndimage.affine_transform(image, matrix, offset=offset, order=3, mode="reflect")
    maps = contrast_maps(np.stack([copy, image])[:, None])
    start = Alignment(0.5, 0.1, 0.0, 1.0, False)
    fine = refine(maps[0], maps[1], start)
    assert fine.angle == pytest.approx(1.4, abs=0.3)
    assert fine.zoom == pytest.approx(1.02, abs=0.005)
    assert fine.similarity > 0.95


def test_image_without_structure_has_no_significance() -> None:
    assert Alignment(0.0, 0.0, 0.0, 1.0, False).significance == 0
    assert Alignment(1.0, 0.0, 0.0, 1.0, False).significance == np.inf


@pytest.mark.parametrize(
    ("angle", "zoom", "flipped", "kind", "transform"),
    [
        (359.5, 1.0, False, "renoised", "in place"),
        (0.3, 1.0, True, "flipped", "flipped up-down"),
        (180.2, 1.0, True, "flipped", "flipped left-right"),
        (180.0, 1.0, False, "rotated", "rotated 180 deg"),
        (45.0, 0.8, True, "flipped+rotated+zoomed", "flipped, rotated 45 deg, zoomed 0.80"),
    ],
)
def test_words(angle: float, zoom: float, flipped: bool, kind: str, transform: str) -> None:
    alignment = Alignment(0.9, 0.1, angle, zoom, flipped)
    assert (alignment.kind, alignment.transform) == (kind, transform)
