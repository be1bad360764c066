from __future__ import annotations

import hashlib

import pytest
import torch
from torch import nn

from toomre.build import (
    architecture,
    build_learning_rate,
    build_loss,
    build_momentum,
    build_network,
    build_optimizer,
    build_plateau,
    build_selector,
    initial_network,
)
from toomre.errors import ArgumentError
from toomre.jobs.train import TrainOptions, train
from toomre.networks.card import Architecture
from toomre.recipe import Optimizer


def tiny_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.ModuleDict({"backbone": nn.Linear(3, 2), "head": nn.Linear(2, 1)})


@pytest.mark.parametrize(
    ("plan", "judge"),
    [
        (
            {"name": "adam", "betas": (0.7, 0.8), "amsgrad": True, "weight_decay": 0.1},
            lambda p: torch.optim.Adam(p, 0.01, (0.7, 0.8), weight_decay=0.1, amsgrad=True),
        ),
        (
            {"name": "adamw", "epsilon": 0.1, "weight_decay": 0.1},
            lambda p: torch.optim.AdamW(p, 0.01, eps=0.1, weight_decay=0.1),
        ),
        (
            {"name": "sgd", "momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
            lambda p: torch.optim.SGD(p, 0.01, 0.8, weight_decay=0.1, nesterov=True),
        ),
    ],
)
def test_the_optimiser_is_that_of_torch(plan, judge):
    wanted = Optimizer(**{"learning_rate": 0.01, **plan})
    weights = []
    for make in (
        lambda network: build_optimizer(wanted, network, nn.Module()),
        lambda network: judge(network.parameters()),
    ):
        network = tiny_network()
        optimizer = make(network)
        for _ in range(5):
            optimizer.zero_grad()
            network["head"](network["backbone"](torch.ones(4, 3))).square().sum().backward()
            optimizer.step()
        weights.append([p.detach().clone() for p in network.parameters()])
    for ours, theirs in zip(*weights, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_by_default_there_is_one_group(tiny_recipe):
    network = build_network(architecture(tiny_recipe), bands=3, size=17)
    loss = build_loss(tiny_recipe.loss, 8)
    groups = build_optimizer(tiny_recipe.optimizer, network, loss).param_groups
    assert len(groups) == 1
    assert len(groups[0]["params"]) == len(list(network.parameters()))


def test_parts_learn_at_their_own_rates():
    plan = Optimizer(backbone_factor=0.1, head_factor=10, factors={"backbone.bias": 3.0})
    groups = build_optimizer(plan, tiny_network(), nn.Module()).param_groups
    assert [group["factor"] for group in groups] == [0.1, 3.0, 10.0]


def test_nesterov_without_momentum_is_refused():
    with pytest.raises(ArgumentError, match="'sgd'.*Nesterov momentum requires a momentum"):
        plan = Optimizer(name="sgd", momentum=0, nesterov=True)
        build_optimizer(plan, tiny_network(), nn.Module())


def test_the_schedule_scales_the_recipes_rate(tiny_recipe):
    recipe = tiny_recipe.replaced(
        schedule={"name": "triangle", "cycle_length": 2, "momentum": [0.8, 0.9]},
        training__epochs=4,
    )
    rate, inertia = build_learning_rate(recipe, 10), build_momentum(recipe, 10)
    assert [round(rate(step / 39), 6) for step in (0, 9, 18)] == [0.0003, 0.003, 0.0003]
    assert [round(inertia(step / 39), 6) for step in (0, 9, 18)] == [0.9, 0.8, 0.9]
    assert build_momentum(tiny_recipe, 10) is None
    with pytest.raises(ArgumentError, match="schedule.momentum"):
        build_momentum(recipe.replaced(schedule__name="constant"), 10)


def test_a_plateau_never_falls_below_the_least_rate(tiny_recipe):
    assert build_plateau(tiny_recipe) is None
    recipe = tiny_recipe.replaced(
        schedule={"name": "plateau", "plateau": {"metric": "loss", "min_rate": 0.001}}
    )
    plateau = build_plateau(recipe)
    for _ in range(30):
        plateau.update({"loss": 1.0})
    assert plateau.scale == pytest.approx(0.001 / 0.003)


def test_a_training_shorter_than_the_first_epoch_keeps_its_last(tiny_recipe):
    selector = build_selector(tiny_recipe.replaced(selection__first_epoch=50))
    assert [selector.update(epoch, {"loss": epoch}) for epoch in (1, 5, 6)] == [False, False, True]


class Stop(Exception):
    pass


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": {"name": "triangle", "cycle_length": 2, "momentum": [0.8, 0.95]}},
        {
            "schedule": {"name": "plateau", "plateau": {"patience": 1, "min_delta": 1.0}},
            "optimizer": {"name": "sgd", "learning_rate": 0.02, "nesterov": True},
        },
        {"selection": {"metric": "accuracy", "stopping": "soft_counter", "patience": 1}},
    ],
    ids=["triangle", "plateau", "soft counter"],
)
def test_resuming_gives_the_same_bytes(changes, tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(**changes)

    def stop(done, total):
        if done == total // 2 + 1:
            raise Stop

    options = TrainOptions(device="cpu", resume=True, checkpoint_seconds=0.0)
    whole = train(recipe, tiny_set, tmp_path / "a", options=options)
    with pytest.raises(Stop):
        train(recipe, tiny_set, tmp_path / "b", options=options, progress=stop)
    again = train(recipe, tiny_set, tmp_path / "b", options=options)
    hashes = [
        hashlib.sha256((run.folder / "model.safetensors").read_bytes()).hexdigest()
        for run in (whole, again)
    ]
    assert hashes[0] == hashes[1]
    rates = [list(run.history["learning_rate"]) for run in (whole, again)]
    assert rates[0] == rates[1]
    if recipe.schedule.name == "plateau":  # halved each epoch after the first
        assert rates[0] == pytest.approx([0.02, 0.02, 0.01, 0.005, 0.0025, 0.00125])


def test_public_weights_start_a_training_but_are_no_part_of_the_card(tiny_recipe, monkeypatch):
    asked = []
    monkeypatch.setattr("toomre.build.load_imagenet", lambda *given: asked.append(given))
    part = {"name": "efficientnet_lite0", "options": {"pretrained": "imagenet"}}
    recipe = tiny_recipe.replaced(backbone=part, input__size=64, head={"name": "linear"})
    network = initial_network(recipe, bands=2)
    assert asked == [(network.backbone, "efficientnet_lite0")]
    plan = architecture(recipe)
    assert plan.backbone_options == {}
    stored = build_network(plan, bands=2, size=64)
    assert stored.state_dict().keys() == network.state_dict().keys()
    assert len(asked) == 1


def test_unknown_public_weights_are_refused(tiny_recipe):
    part = {"name": "deepmerge2", "options": {"pretrained": "imagenette"}}
    with pytest.raises(ArgumentError, match="pretrained` to be one of 'imagenet'"):
        initial_network(tiny_recipe.replaced(backbone=part), bands=3)
    part = {"name": "deepmerge2", "options": {"pretrained": "imagenet"}}
    with pytest.raises(ArgumentError, match="one with ImageNet weights"):
        initial_network(tiny_recipe.replaced(backbone=part), bands=3)


def test_a_reason_that_ends_in_a_full_stop_keeps_one(monkeypatch):
    def refuse(bands, size):
        raise ValueError("no such size.")

    monkeypatch.setattr("toomre.build.find_backbone", lambda name: refuse)
    plan = Architecture(backbone="any", head="linear")
    with pytest.raises(ArgumentError) as caught:
        build_network(plan, bands=3, size=64)
    assert str(caught.value) == "The options of backbone 'any' do not fit: no such size."
