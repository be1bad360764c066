"""Images of another kind than the training's get the flag ood: numbers 42 and 43 of the list."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status
from toomre.inference.checks import fit_to_card
from toomre.inference.familiarity import known_pixels, measure_novelty
from toomre.inference.store import shipped_models
from toomre.networks.card import ModelCard

SIDE = 32


@pytest.fixture(scope="module")
def images(galaxies):
    return galaxies(600, SIDE, np.random.default_rng(1))


@pytest.fixture
def card(make_model, images) -> ModelCard:
    card = ModelCard.read(make_model() / "model.json")
    novelty = measure_novelty(images, np.arange(400), np.arange(400, 500), card.input)
    return card.model_copy(update={"novelty": novelty})


def flags(card: ModelCard, image: np.ndarray) -> Flag:
    cutout = Cutout(image.astype(np.float32), bands=card.input.bands, pixel_scale=0.4)
    found = fit_to_card(cutout, card)
    assert found.status is not Status.BAD
    return found.flags


def test_few_false_alarms_on_new_galaxies_of_the_same_kind(card, images):
    """The card states 1 %; of 100 new images 5 or more would be one chance in 300."""
    assert card.novelty.false_alarms == 0.01
    alarms = sum(bool(flags(card, image) & Flag.OOD) for image in images[500:])
    assert alarms < 5


def test_b42_diffraction_spikes_of_a_bright_star(card, rng):
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    star = 3000 * np.exp(-(x**2 + y**2) / 8)
    star += 400 * (np.exp(-np.abs(x)) + np.exp(-np.abs(y))) * np.exp(-np.hypot(x, y) / 20)
    image = star + rng.normal(0, 1, (3, SIDE, SIDE))
    assert flags(card, image) & Flag.OOD


@pytest.mark.parametrize("stretch", ["log", "asinh"])
def test_b43_a_stretched_image_given_as_linear(card, images, stretch):
    for image in images[500:510]:
        above = np.clip(image, 0, None)
        stretched = np.log1p(above) if stretch == "log" else 10 * np.arcsinh(image / 3)
        assert flags(card, stretched) & (Flag.OOD | Flag.RANGE)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda image: 0 * image + np.sin(np.arange(SIDE)), id="text-like stripes"),
        pytest.param(lambda image: np.where(np.arange(SIDE) < 16, 0, image), id="half masked"),
        pytest.param(lambda image: np.kron(image[:, ::4, ::4], np.ones((4, 4))), id="blocks"),
        pytest.param(lambda image: 10 * image, id="gain of ten"),
    ],
)
def test_other_kinds(card, images, change):
    assert all(flags(card, change(image)) & Flag.OOD for image in images[500:510])


def test_the_card_survives_its_file(card, tmp_path):
    card.write(tmp_path / "model.json")
    assert ModelCard.read(tmp_path / "model.json") == card


def test_too_few_images_give_no_distribution(make_model, images):
    card = ModelCard.read(make_model() / "model.json")
    assert measure_novelty(images, np.arange(49), np.arange(49, 60), card.input) is None
    cutout = Cutout(images[0], bands=card.input.bands, pixel_scale=0.4)
    assert fit_to_card(cutout, card).flags == Flag(0)


def test_every_shipped_model_says_what_its_training_images_were_like():
    """SDSS pictures are dark: their means are far below the 127 that public weights expect."""
    for folder in shipped_models().values():
        known = known_pixels(ModelCard.read(folder / "model.json"))
        assert known is not None, folder.name
        assert all(5 < mean < 30 for mean in known.mean), folder.name
        assert all(10 < std < 40 for std in known.std), folder.name
