from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from toomre.datasets.normalisation import Normalisation
from toomre.datasets.unlabelled import UnlabelledImages
from toomre.errors import ArgumentError
from toomre.inference.store import open_model
from toomre.jobs.domains import (
    check_options,
    check_start,
    check_target,
    normalisations,
)
from toomre.preparation.prepared import PreparedSet


@pytest.fixture
def source(tiny_set):
    return PreparedSet.open(tiny_set)


@pytest.fixture
def target(tiny_target):
    return UnlabelledImages.of(PreparedSet.open(tiny_target), "train", seed=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"selection__metric": "target_snd"}, "target_snd, which needs images of a target"),
        ({"schedule": {"name": "plateau", "plateau": {"metric": "target_dev"}}}, "target_dev"),
        ({"calibration__threshold": "target_mixture"}, "target_mixture.*--target"),
        ({"adaptation__batch_norm": "shared"}, r"\[adaptation\].*--target"),
        ({"transfer__freeze": ["backbone.*"]}, r"\[transfer\].*--start"),
    ],
)
def test_a_recipe_that_asks_for_what_is_not_given(tiny_recipe, changes, words):
    with pytest.raises(ArgumentError, match=words):
        check_options(tiny_recipe.replaced(**changes), None, None)
    check_options(tiny_recipe.replaced(**changes), "a target", "a start")


def test_a_score_that_no_stage_goes_by_needs_no_target(tiny_recipe):
    own = {"name": "a", "epochs": 1, "selection": {"metric": "loss"}}
    recipe = tiny_recipe.replaced(selection__metric="target_snd", stage=[own])
    check_options(recipe, None, None)
    with pytest.raises(ArgumentError, match="target_snd"):
        check_options(recipe.replaced(stage=[own, {"name": "b", "epochs": 1}]), None, None)


def test_what_is_frozen_may_be_public_weights_or_an_earlier_stages(tiny_recipe):
    frozen = tiny_recipe.replaced(transfer__freeze=["backbone.*"])
    check_options(frozen.replaced(backbone__options={"pretrained": "imagenet"}), None, None)
    stages = [{"name": name, "epochs": 1} for name in ("a", "b")]
    check_options(frozen.replaced(stage=stages), None, None)
    inherited = frozen.replaced(stage=stages, transfer__normalisation="inherited")
    with pytest.raises(ArgumentError, match=r"\[transfer\].*--start"):
        check_options(inherited, None, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bands": ("i", "r", "g")}, "target's bands"),
        ({"encoding": "display"}, "target's encoding"),
        ({"grid": {"size": 21, "crop": 23, "native_pixel_scale": 0.4}}, "target's pixel scale"),
    ],
)
def test_domains_that_do_not_fit(source, changes, words):
    values = {**source.info.model_dump(), **changes}
    with pytest.raises(ArgumentError, match=words):
        check_target(source.info, type(source.info).model_validate(values))
    check_target(source.info, source.info)


def test_a_start_of_other_bands(source, make_model):
    card = open_model(make_model(bands=("i", "r", "g"))).card
    with pytest.raises(ArgumentError, match=r"bands of the images.*start from the model tiny"):
        check_start(card, source.info)
    check_start(open_model(make_model("fitting")).card, source.info)


def test_each_domain_by_its_own_training_rows(source, target, tiny_recipe):
    rows = np.arange(72)
    found = normalisations(tiny_recipe, source, rows, target, None)
    assert found["source"] == found["target"]
    assert normalisations(tiny_recipe, source, rows, None, None) == {"source": found["source"]}
    recipe = tiny_recipe.replaced(adaptation__normalisation="per_domain")
    own = normalisations(recipe, source, rows, target, None)
    assert own["source"] == found["source"]
    window = target.images[:72, :, 2:19, 2:19].astype(np.float64)
    np.testing.assert_allclose(own["target"].mean, window.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(own["target"].std, window.std(axis=(0, 2, 3)), rtol=1e-6)


def test_statistics_that_travel_with_the_weights(source, target, tiny_recipe, make_model):
    folder = make_model()
    recipe = tiny_recipe.replaced(transfer__normalisation="inherited")
    found = normalisations(recipe, source, np.arange(72), target, folder)
    card = open_model(folder).card.input
    assert found == dict.fromkeys(("source", "target"), Normalisation(card.mean, card.std))


def test_what_public_weights_expect_needs_pictures_from_0_to_255(source, tiny_recipe):
    recipe = tiny_recipe.replaced(
        backbone={"name": "efficientnet_lite0"}, input__normalisation="imagenet"
    )
    with pytest.raises(ArgumentError, match="input.normalisation.*'measured' for images"):
        normalisations(recipe, source, np.arange(72), None, None)
    pictures = SimpleNamespace(
        images=source.images, info=source.info.model_copy(update={"encoding": "display"})
    )
    found = normalisations(recipe, pictures, np.arange(72), None, None)
    assert found == {"source": Normalisation((127.0,) * 3, (128.0,) * 3)}


def test_pixels_by_255_are_for_pictures_alone(source, target, tiny_recipe):
    recipe = tiny_recipe.replaced(input__normalisation="unit")
    with pytest.raises(ArgumentError, match="'measured' for images that are not.*but got 'unit'"):
        normalisations(recipe, source, np.arange(72), None, None)
    info = source.info.model_copy(update={"encoding": "display"})
    pictures = SimpleNamespace(images=source.images, info=info)
    own = recipe.replaced(adaptation__normalisation="per_domain")
    with pytest.raises(ArgumentError, match="input.normalisation"):  # the target is flux
        normalisations(own, pictures, np.arange(72), target, None)
    (found,) = normalisations(recipe, pictures, np.arange(72), None, None).values()
    images = np.random.default_rng(1).uniform(0, 255, (4, 3, 5, 5)).astype(np.float32)
    np.testing.assert_allclose(found.apply(images), images / 255, rtol=1e-6)


def test_another_look_is_for_pictures_alone(source, tiny_recipe):
    recipe = tiny_recipe.replaced(augmentation__appearance=0.5)
    with pytest.raises(ArgumentError, match=r"augmentation.appearance.*0 for images.*got 0\.5"):
        normalisations(recipe, source, np.arange(72), None, None)
