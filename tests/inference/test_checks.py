"""What does not fit the model is refused where it is stated, and flagged where it is found."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status
from toomre.images.loading import Facts
from toomre.inference.checks import check_stack, check_stated, fit_to_card, fits_card
from toomre.networks.card import Architecture, ModelCard, PixelCard

BANDS = ("g", "r", "i")


@pytest.fixture
def card(make_model) -> ModelCard:
    return ModelCard.read(make_model() / "model.json")


@pytest.fixture
def pixels(galaxies, rng):
    return galaxies(1, 32, rng)[0]


@pytest.mark.parametrize(
    "facts",
    [
        Facts(),
        Facts(bands=BANDS, pixel_scale=0.4, encoding="linear"),
        Facts(bands=("u", "i", "r", "g")),
        Facts(pixel_scale=3.0),  # the card's grid says what angle to cut
    ],
)
def test_what_fits_is_let_through(card, facts):
    check_stated(card, facts)


@pytest.mark.parametrize(
    "bands", [("g", "r"), ("g", "r", "z"), ("G", "R", "I"), ("g", "r", "i", "i")]
)
def test_c47_stated_bands_without_the_models_are_refused(card, bands):
    match = (
        f"Expected `bands` to be .* among them g,r,i, but got '{','.join(bands)}'. The model tiny"
    )
    with pytest.raises(ArgumentError, match=match):
        check_stated(card, Facts(bands=bands))


def test_a_stack_has_the_bands_that_are_stated_or_wanted_and_their_names(card, make_model):
    check_stack(card, Facts(bands=BANDS), 3)
    check_stack(card, Facts(bands=(*BANDS, "z")), 4)
    for facts, bands in ((Facts(bands=BANDS), 2), (Facts(), 4), (Facts(bands=(*BANDS, "z")), 3)):
        with pytest.raises(ArgumentError, match=f"the number of bands .* but got {bands}.*--bands"):
            check_stack(card, facts, bands)
    with pytest.raises(ArgumentError, match=r"not name its 3 bands.*tiny wants g,r,i.*--bands"):
        check_stack(card, Facts(), 3)
    pictures = ModelCard.read(make_model("p", encoding="display") / "model.json")
    check_stack(pictures, Facts(), 3)
    check_stack(ModelCard.read(make_model("one", bands=("r",)) / "model.json"), Facts(), 1)


def test_b44_another_stated_encoding_is_refused(card):
    with pytest.raises(ArgumentError, match="Expected `encoding` to be 'linear'.*--allow-domain"):
        check_stated(card, Facts(encoding="display"))
    check_stated(card, Facts(encoding="display"), allow_domain=True)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_c51_a_pixel_scale_that_is_none_is_refused(card, scale):
    with pytest.raises(ArgumentError, match="Expected `pixel_scale` to be a number above 0"):
        check_stated(card, Facts(pixel_scale=scale))


@pytest.mark.parametrize(("scale", "fits"), [(0.4, True), (0.407, True), (0.409, False)])
def test_c51_without_a_field_the_scale_must_be_the_models(make_model, scale, fits):
    grid = {"size": 32, "crop": None, "native_pixel_scale": 0.4}
    card = ModelCard.read(make_model(grid=grid) / "model.json")
    if fits:
        check_stated(card, Facts(pixel_scale=scale))
        return
    with pytest.raises(
        ArgumentError, match="within 2 % of the 0.4 arcsec/pixel .* resampled first"
    ):
        check_stated(card, Facts(pixel_scale=scale))


def test_a_cutout_that_fits_is_returned_as_it_is(card, pixels):
    cutout = Cutout(pixels, bands=BANDS)
    assert fit_to_card(cutout, card) is cutout


def test_a_bad_cutout_stays_as_it_is(card):
    cutout = Cutout.bad(Flag.BLANK, "all pixels are 0")
    assert fit_to_card(cutout, card) is cutout


def test_c47_another_number_of_bands_is_bad(card, pixels):
    found = fit_to_card(Cutout(pixels[:2]), card)
    assert found.reason == "bands: the input has 2 bands; expected g,r,i"
    assert found.status is Status.BAD


def test_c48_unnamed_bands_are_bad_but_for_one_band_and_pictures(card, pixels, make_model):
    found = fit_to_card(Cutout(pixels), card)
    assert found.flags == Flag.BANDS
    assert "name them in the order of the input (--bands)" in found.reason
    one = ModelCard.read(make_model("one", bands=("r",)) / "model.json")
    assert fit_to_card(Cutout(pixels[:1]), one).status is Status.OK
    picture = ModelCard.read(make_model("picture", encoding="display") / "model.json")
    shown = np.clip(20 + 3 * pixels, 0, 255)
    assert fit_to_card(Cutout(shown, encoding="display"), picture).status is Status.OK
    two = ModelCard.read(make_model("two", bands=("g", "r"), encoding="display") / "model.json")
    assert fit_to_card(Cutout(shown[:2], encoding="display"), two).flags == Flag.BANDS


def test_b44_another_encoding_is_bad_or_let_through_with_a_warning(card, pixels):
    picture = Cutout(pixels, bands=BANDS, encoding="display")
    assert fit_to_card(picture, card).flags == Flag.DTYPE
    let_through = fit_to_card(picture, card, allow_domain=True)
    assert let_through.flags == Flag.STRETCH
    assert let_through.pixels is not None


def test_only_bands_and_encoding_decide_whether_an_input_fits(card, pixels):
    def judged(read: Cutout, checked: Cutout | None = None, **options: bool) -> bool | None:
        return fits_card(read, checked or fit_to_card(read, card, **options), card, **options)

    good = Cutout(pixels, bands=BANDS)
    picture = Cutout(pixels, bands=BANDS, encoding="display")
    assert judged(good) is True
    assert judged(good, good.flagged(Flag.BLANK, "all 0")) is True
    assert judged(good, good.flagged(Flag.MISSING_BAND, "r is masked")) is True
    assert judged(Cutout(pixels[:2])) is False
    assert judged(Cutout(pixels), Cutout(pixels).flagged(Flag.BLANK, "all 0")) is False  # no names
    assert judged(picture) is False
    assert judged(picture, picture.flagged(Flag.BLANK, "all 0")) is False
    assert judged(picture, allow_domain=True) is True
    for flag in (Flag.UNREADABLE, Flag.DTYPE, Flag.MISSING_BAND):
        assert judged(Cutout.bad(flag, "")) is None
    assert judged(Cutout.bad(Flag.BANDS, "2 bands")) is False


def test_values_out_of_range_are_flagged_and_cut(card, pixels):
    found = fit_to_card(Cutout(pixels * np.float32(1e36), bands=BANDS), card)
    assert found.flags == Flag.RANGE
    assert found.pixels is not None
    spread = np.reshape(card.input.std, (3, 1, 1))
    mean = np.reshape(card.input.mean, (3, 1, 1))
    assert np.abs((found.pixels - mean) / spread).max() == pytest.approx(1e6, rel=1e-5)


def of_imagenet(card: ModelCard, pixels: PixelCard | None) -> ModelCard:
    """Return the card as that of a network whose input is scaled as ImageNet weights want it."""
    constants = {"mean": (127.0,) * 3, "std": (128.0,) * 3}
    changes = {
        "architecture": Architecture(backbone="efficientnet_lite0", head="linear"),
        "input": card.input.model_copy(update=constants),
        "pixels": pixels,
    }
    return card.model_copy(update=changes)


def test_the_range_is_that_of_the_training_images_not_of_public_weights(make_model, pixels):
    """A faint picture: a mean of 2.1 and a scatter of 1.5, where the training had 10 and 2."""
    old = ModelCard.read(make_model("picture", encoding="display") / "model.json")
    shown = 2 + 1.5 * (pixels - pixels.mean()) / pixels.std()
    picture = Cutout(np.clip(shown, 0, 255).astype(np.float32), BANDS, encoding="display")
    known = PixelCard(mean=(10.0,) * 3, std=(2.0,) * 3)
    assert fit_to_card(picture, of_imagenet(old, known)).flags == Flag(0)
    # Of an old card nothing is known, so that nothing is said.
    assert fit_to_card(picture, of_imagenet(old, None)).flags == Flag(0)
    bright = Cutout(picture.pixels + np.float32(80), BANDS, encoding="display")
    found = fit_to_card(bright, of_imagenet(old, known))
    assert found.flags == Flag.RANGE
    assert "the model was trained on 10 and 2" in found.reason


def test_without_a_range_to_compare_with_pixels_are_cut_all_the_same(make_model, pixels):
    old = ModelCard.read(make_model("picture", encoding="display") / "model.json")
    found = fit_to_card(
        Cutout(pixels * np.float32(1e36), BANDS, encoding="display"), of_imagenet(old, None)
    )
    assert np.abs(found.pixels).max() == pytest.approx(128e6, rel=1e-5)
