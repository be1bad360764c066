"""Pictures for plots: the curves are astropy's, and the colours are where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.visualization import AsinhStretch, LogStretch

from toomre.errors import ArgumentError
from toomre.images.stretch import (
    STRETCHES,
    asinh_stretch,
    linear_stretch,
    log_stretch,
    to_rgb,
)


def test_the_curves_are_astropys() -> None:
    x = np.linspace(0, 1, 101)
    np.testing.assert_allclose(log_stretch(x, 500.0), LogStretch(a=500.0)(x), atol=1e-12)
    np.testing.assert_allclose(asinh_stretch(x, 0.05), AsinhStretch(a=0.05)(x), atol=1e-12)
    np.testing.assert_array_equal(linear_stretch(x), x)


@pytest.mark.parametrize("name", list(STRETCHES))
def test_the_curves_rise_from_0_to_1_and_clip(name: str) -> None:
    shown = STRETCHES[name](np.linspace(-1, 2, 301))
    assert shown.min() == 0
    assert shown.max() == pytest.approx(1)
    assert (np.diff(shown) >= 0).all()
    assert (np.diff(shown)[100:199] > 0).all()


def test_a_picture_is_shown_as_it_is(rng: np.random.Generator) -> None:
    picture = rng.integers(0, 256, (3, 20, 30)).astype(np.float32)
    shown = to_rgb(picture, "display")
    np.testing.assert_array_equal(shown, picture.transpose(1, 2, 0))
    assert shown.dtype == np.uint8
    assert shown.flags.c_contiguous


def test_other_stretches_brighten_a_picture(rng: np.random.Generator) -> None:
    picture = rng.integers(1, 255, (3, 20, 30)).astype(np.float32)
    plain = to_rgb(picture, "display").astype(int)
    for stretch in ("log", "asinh"):
        assert (to_rgb(picture, "display", stretch) > plain).all()  # type: ignore[arg-type]


def linear_image(rng: np.random.Generator, bands: int) -> np.ndarray:
    """Noise of 1, and a star at another place in each band."""
    image = rng.normal(5.0, 1.0, (bands, 40, 40))
    for band in range(bands):
        image[band, 5 + 4 * band : 8 + 4 * band, 20:23] += 1000
    return image


@pytest.mark.parametrize(
    ("bands", "names", "red", "green", "blue"),
    [
        (3, None, 2, 1, 0),
        (3, ("g", "r", "i"), 2, 1, 0),
        (3, ("i", "r", "g"), 0, 1, 2),
        (3, ("R", "I", "G"), 1, 0, 2),
        (3, ("a", "r", "g"), 2, 1, 0),
        (5, ("u", "g", "r", "i", "z"), 4, 2, 0),
        (5, None, 4, 2, 0),
    ],
)
def test_the_reddest_band_is_red(
    bands: int,
    names: tuple[str, ...] | None,
    red: int,
    green: int,
    blue: int,
    rng: np.random.Generator,
) -> None:
    shown = to_rgb(linear_image(rng, bands), "linear", bands=names).astype(int)
    for channel, band in enumerate((red, green, blue)):
        colour = shown[6 + 4 * band, 21]
        assert colour.argmax() == channel
        assert colour[channel] == 255
        assert np.delete(colour, channel).max() < 10


def test_one_band_is_grey_and_of_two_green_is_the_mean(rng: np.random.Generator) -> None:
    grey = to_rgb(linear_image(rng, 1), "linear", "asinh")
    assert grey.shape == (40, 40, 3)
    assert (grey[..., 0] == grey[..., 1]).all()
    assert (grey[..., 0] == grey[..., 2]).all()
    picture = np.stack([np.full((4, 4), 200.0), np.full((4, 4), 100.0)])
    assert to_rgb(picture, "display")[0, 0].tolist() == [200, 150, 100]


@pytest.mark.parametrize("stretch", list(STRETCHES))
def test_units_do_not_matter(stretch: str, rng: np.random.Generator) -> None:
    image = linear_image(rng, 3)
    units = np.array([1.0, 1e-9, 1e6])[:, None, None]
    first, second = (to_rgb(i, "linear", stretch) for i in (image, image * units))  # type: ignore[arg-type]
    assert np.abs(first.astype(int) - second).max() <= 1


def test_degenerate_images_are_drawn() -> None:
    for image in (np.zeros((3, 8, 8)), np.full((3, 8, 8), np.nan), np.full((1, 8, 8), np.inf)):
        assert (to_rgb(image, "linear") == 0).all()
        assert (to_rgb(image * np.nan, "display") == 0).all()
    one_star = np.zeros((1, 64, 64), np.float32)
    one_star[0, 32, 32] = 1e38
    assert to_rgb(one_star, "linear")[32, 32].tolist() == [255, 255, 255]
    hole = np.full((3, 8, 8), 100.0)
    hole[:, 2, 3] = np.nan
    assert to_rgb(hole, "display")[2, 3].tolist() == [0, 0, 0]
    assert to_rgb(hole, "display")[2, 4].tolist() == [100, 100, 100]


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ArgumentError, match=r"Expected `image` to be of shape \(band, y, x\)"):
        to_rgb(np.ones((8, 8)), "linear")
    with pytest.raises(ArgumentError, match="Expected `stretch` to be one of 'asinh', 'linear'"):
        to_rgb(np.ones((1, 8, 8)), "linear", "sqrt")  # type: ignore[arg-type]
