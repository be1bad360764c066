from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.build import architecture, build_network
from toomre.errors import MissingFileError
from toomre.images.cutout import Cutout
from toomre.images.grid import Grid
from toomre.losses.tables import needs_target
from toomre.networks.pretrained import find_imagenet
from toomre.preparation.split import SplitOptions
from toomre.preparation.vote_table import cumulative_votes
from toomre.preparation.writing import Plan, write_prepared
from toomre.recipe import Adaptation, Recipe, Transfer
from toomre.recipes.shipped import open_recipe, shipped_recipes
from toomre.surveys.vote_tree import ANSWERS
from toomre.training.transfer import freeze

RECIPES = shipped_recipes()
# Networks that need 64 pixels.
BIG = [name for name in RECIPES if not open_recipe(name).backbone.name.startswith(("deep", "vgg_"))]


def test_a_file_comes_first_then_a_shipped_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = open_recipe("deepmerge2-mmd")
    assert shipped.name == "deepmerge2-mmd"
    assert open_recipe(shipped) is shipped
    shipped.replaced(seed=77).write(tmp_path / "deepmerge2-mmd")
    assert open_recipe("deepmerge2-mmd").seed == 77


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(MissingFileError) as caught:
        open_recipe("deepmerge2-mdm")
    text = str(caught.value)
    assert text.startswith("There is no recipe at deepmerge2-mdm")
    assert "sdss-jpeg, " in text
    assert "Did you mean 'deepmerge2-mmd'?" in text


@pytest.mark.parametrize(
    ("name", "rate", "decay", "cycle", "patience", "weights"),
    [
        ("deepmerge2-source-only", 1e-3, 0.01, 8, 20, {}),
        ("deepmerge2-mmd", 1e-3, 1e-4, 8, 20, {"mmd": 1}),
        ("deepmerge2-mmd-fisher-entropy", 1e-3, 1e-4, 8, 20, {"mmd": 1, "entropy": 0.05}),
        ("deepmerge2-adversarial", 1e-3, 1e-4, 8, 20, {"adversarial": 1}),
        (
            "deepmerge2-adversarial-fisher-entropy",
            *(1e-3, 1e-4, 8, 20),
            {"adversarial": 1, "entropy": 1e-4},
        ),
        ("resnet18-source-only", 2.3e-4, 0.1, 2, 15, {}),
        ("resnet18-mmd", 2.3e-4, 0.08, 2, 15, {"mmd": 0.01}),
        ("resnet18-mmd-fisher-entropy", 2.3e-4, 0.08, 2, 15, {"mmd": 1, "entropy": 0.05}),
        ("resnet18-adversarial", 1e-3, 1e-4, 2, 15, {"adversarial": 0.1}),
        (
            "resnet18-adversarial-fisher-entropy",
            *(1e-3, 1e-4, 8, 15),
            {"adversarial": 0.1, "entropy": 0.05},
        ),
        ("sim2real-source-only", 1e-3, 1e-3, 5, 20, {}),
        ("sim2real-mmd", 1e-3, 1e-3, 5, 20, {"mmd": 1}),
        ("sim2real-mmd-transfer", 1e-2, 1e-4, 5, 20, {"mmd": 1}),
    ],
)
def test_hyper_parameters_are_the_published_ones(name, rate, decay, cycle, patience, weights):
    """Tables A2 and A3 of DeepMerge II."""
    recipe = open_recipe(name)
    optimizer = recipe.optimizer
    assert (optimizer.learning_rate, optimizer.weight_decay) == (rate, decay)
    assert (optimizer.betas, optimizer.epsilon) == ((0.7, 0.8), 1e-8)
    assert optimizer.amsgrad == ("mmd" in name)
    assert (recipe.schedule.name, recipe.schedule.cycle_length) == ("triangle", cycle)
    assert (recipe.selection.stopping, recipe.selection.patience) == ("soft_counter", patience)
    found = {term.name: term.weight for term in recipe.loss}
    assert {name: found[name] for name in weights} == weights
    assert ("fisher" in found) == ("fisher" in name)


@pytest.mark.parametrize(
    ("name", "within", "factor"),
    [
        ("deepmerge2-mmd-fisher-entropy", 0.01, None),
        ("deepmerge2-adversarial-fisher-entropy", 1e-4, 0.01),
        ("resnet18-adversarial-fisher-entropy", 0.01, 0.1),
        ("deepmerge2-adversarial-fisher-entropy-fixed-rate", 1e-4, 1.0),
    ],
)
def test_options_of_the_losses_are_the_published_ones(name, within, factor):
    options = {term.name: term.options for term in open_recipe(name).loss}
    assert options["fisher"]["within"] == within
    assert options["fisher"]["between"] == 1
    assert options.get("adversarial", {}).get("learning_rate_factor") == factor


@pytest.mark.parametrize("name", ["gz2-custom-cnn", "gz2-resnet50", "gz2-resnet50-optimised"])
def test_galaxy_zoo_hyper_parameters_are_the_published_ones(name):
    """S002: Adam, batches of 128, the rate halved after 6 epochs, stop after 20."""
    recipe = open_recipe(name)
    assert (recipe.optimizer.name, recipe.optimizer.learning_rate) == ("adam", 1e-3)
    assert (recipe.training.epochs, recipe.training.batch_size) == (100, 128)
    plateau = recipe.schedule.plateau
    assert (plateau.factor, plateau.patience, plateau.min_rate) == (0.5, 6, 1e-13)
    selection = recipe.selection
    assert (selection.metric, selection.patience, selection.min_delta) == ("accuracy", 20, 1e-3)
    assert recipe.augmentation.rotation == ("optimised" in name)
    assert recipe.input.size == 64


NETWORKS = ["densenet121", "efficientnet_lite0", "inception_v3", "vgg16"]


@pytest.mark.parametrize("network", NETWORKS)
def test_transfer_hyper_parameters_are_the_published_ones(network):
    """S004: SGD at 0.01 from scratch; Adam for the head, then SGD at 1e-4 with momentum."""
    name = f"s004-{network.replace('_', '-')}"
    scratch, transfer = open_recipe(f"{name}-scratch"), open_recipe(f"{name}-transfer")
    rates = [(scratch.optimizer.name, 0.01, 0.0), ("adam", 0.001, 0.9), ("sgd", 1e-4, 0.9)]
    found = [stage.optimizer for stage in (scratch, *transfer.stages())]
    assert [(each.name, each.learning_rate, each.momentum) for each in found] == rates
    assert [each.training.epochs for each in (scratch, *transfer.stages())] == [200, 10, 100]
    head, last = transfer.stages()
    assert head.transfer.freeze == ("backbone.*",)
    assert bool(last.transfer.freeze) == (network in {"inception_v3", "efficientnet_lite0"})
    # Between the two only the start and what follows from it differ.
    for part in ("input", "head", "loss", "augmentation", "calibration", "seed"):
        assert getattr(scratch, part) == getattr(transfer, part)
    assert {scratch.backbone.name, transfer.backbone.name} == {network}
    assert scratch.input.normalisation == "imagenet"
    assert scratch.loss[0].options == {"class_weights": "balanced"}
    assert (scratch.training.batch_size, scratch.selection.min_delta) == (32, 1e-4)


def test_the_repaired_inception_learns_from_its_block_6d_on():
    """Keras' layers from 165 on: what follows its block mixed5."""
    recipe = open_recipe("s004-inception-v3-transfer")
    network = build_network(architecture(recipe), bands=3, size=75)
    freeze(network, recipe.stages()[1].transfer.freeze)
    learns = {name.split(".")[1] for name, p in network.named_parameters() if p.requires_grad}
    blocks = {f"Mixed_{block}" for block in ("6d", "6e", "7a", "7b", "7c")}
    assert learns == blocks | {"layers"}
    assert recipe.transfer.frozen_batch_norm == "inference"


@pytest.mark.parametrize("network", ["efficientnet-lite0", "inception-v3"])
def test_the_unrepaired_transfer_differs_by_the_two_mistakes_alone(network):
    """S004's code: pixels / 255 (D5.3), and BatchNorm in training mode in a frozen base."""
    repaired = open_recipe(f"s004-{network}-transfer")
    mistakes = {
        "input__normalisation": "unit",
        "transfer__frozen_batch_norm": "batch_statistics",
    }
    wrong = open_recipe(f"s004-{network}-transfer-unrepaired")
    words = {"name": wrong.name, "summary": wrong.summary}
    assert wrong == repaired.replaced(**mistakes, **words)
    assert {stage.transfer.frozen_batch_norm for stage in wrong.stages()} == {"batch_statistics"}


def test_fixed_rate_recipes_differ_in_little_else():
    for name in RECIPES:
        if name.endswith("-fixed-rate"):
            fixed = open_recipe(name)
            cycled = open_recipe(name.removesuffix("-fixed-rate"))
            assert fixed.schedule.name == "constant"
            assert fixed.optimizer == cycled.optimizer
            assert fixed.adaptation == cycled.adaptation
            assert [term.name for term in fixed.loss] == [term.name for term in cycled.loss]


@pytest.fixture(scope="module")
def domains(galaxies, tmp_path_factory):
    """Image size and encoding -> two prepared sets of one sample, the second with more noise."""
    made = {}

    def make(size: int, encoding: str = "linear") -> tuple:
        if (size, encoding) not in made:
            rng = np.random.default_rng(size)
            quiet = galaxies(40, size, rng, 3)
            noisy = quiet + rng.normal(0, 3, quiet.shape).astype(np.float32)
            folder = tmp_path_factory.mktemp(f"domains-{size}-{encoding}")
            for name, images in (("source", quiet), ("target", noisy)):
                write_set(folder / name, images, encoding)
            made[size, encoding] = folder / "source", folder / "target"
        return made[size, encoding]

    return make


def write_set(folder, images, encoding):
    if encoding == "display":
        images = images.clip(0, 255)
    names = [f"i{number}" for number in range(len(images))]
    labels = pd.array(np.arange(len(images)) % 2, dtype="Int8")
    catalog = pd.DataFrame({"image_id": names, "galaxy_id": names, "label": labels})
    catalog = catalog.assign(ra=np.nan, dec=np.nan, redshift=2.0)
    votes = cumulative_votes(np.random.default_rng(3).random((len(images), len(ANSWERS))))
    catalog = catalog.assign(**dict(zip(ANSWERS, votes.T, strict=True)))
    cutouts = [Cutout(image, ("a", "b", "c"), 0.4, encoding) for image in images]
    size = images.shape[-1]
    grid = Grid(size=size, crop=size, native_pixel_scale=0.4)
    options = SplitOptions(fractions=(0.6, 0.2, 0.2))
    write_prepared(folder, catalog, cutouts, Plan(grid, options, "drawn", "2026-01-01T00:00:00"))


@pytest.fixture(scope="module")
def start(domains, tmp_path_factory):
    """A run to start from."""
    from toomre.jobs.train import TrainOptions, train

    source, target = domains(19)
    return train(
        small(open_recipe("deepmerge2-mmd"), 17),
        source,
        tmp_path_factory.mktemp("start") / "run",
        target=target,
        options=TrainOptions(device="cpu"),
    ).folder


def small(recipe: Recipe, size: int) -> Recipe:
    """Shorten a recipe, and start at random where the public weights are not on this machine."""
    options = dict(recipe.backbone.options)
    if "pretrained" in options:
        try:
            find_imagenet(recipe.backbone.name)
        except MissingFileError:
            del options["pretrained"]
    short = recipe.replaced(input__size=size, training__epochs=1, training__batch_size=12)
    return short.replaced(backbone__options=options)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in BIG)) for n in RECIPES]
)
def test_every_recipe_trains_for_one_epoch(name, domains, start, tmp_path):
    from toomre.jobs.train import TrainOptions, train

    recipe = open_recipe(name)
    assert recipe.name == name
    size = 64 if name in BIG else 17
    encoding = "linear" if recipe.input.normalisation == "measured" else "display"
    source, target = domains(size if name in BIG else 19, encoding)
    looking = any(needs_target(term.name) for term in recipe.loss)
    looking |= recipe.calibration.threshold == "target_mixture"
    alone = recipe.adaptation == Adaptation() and not looking
    run = train(
        small(recipe, size),
        source,
        tmp_path / "run",
        target=None if alone else target,
        start=None if recipe.stage or recipe.transfer == Transfer() else start,
        options=TrainOptions(device="cpu"),
    )
    assert len(run.history) == len(recipe.stages())
    shown = {name for name in run.history if name in {term.name for term in recipe.loss}}
    assert shown == {term.name for term in recipe.loss}
