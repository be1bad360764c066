from __future__ import annotations

import pytest
import torch
from torch import nn

from toomre.errors import ArgumentError
from toomre.training.parameter_groups import parameter_groups


class Learned(nn.Module):
    def __init__(self, factor=None):
        super().__init__()
        self.layer = nn.Linear(3, 1)
        if factor is not None:
            self.learning_rate_factor = factor


def network():
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    backbone.bottleneck = nn.Linear(4, 3)
    return nn.ModuleDict({"backbone": backbone, "head": nn.Linear(3, 2)})


def losses(*factors):
    return nn.ModuleDict({f"loss{k}": Learned(factor) for k, factor in enumerate(factors)})


def test_without_factors_there_is_one_group_in_order():
    net, loss = network(), losses(None, 1.0)
    groups = parameter_groups(net, loss, {}, weight_decay=0.1)
    assert len(groups) == 1
    wanted = [*net.parameters(), *loss.parameters()]
    assert all(a is b for a, b in zip(groups[0]["params"], wanted, strict=True))
    assert (groups[0]["factor"], groups[0]["weight_decay"]) == (1.0, 0.1)


def test_the_longest_name_wins_and_losses_bring_their_own():
    net, loss = network(), losses(None, 0.1)
    factors = {"backbone": 0.5, "backbone.bottleneck": 10.0, "head": 10.0}
    groups = parameter_groups(net, loss, factors, weight_decay=0.0)
    found = {id(p): group["factor"] for group in groups for p in group["params"]}
    wanted = {0.5: net["backbone"][:2], 1.0: loss["loss0"], 0.1: loss["loss1"]}
    for factor, module in wanted.items():
        assert {found.pop(id(p)) for p in module.parameters()} == {factor}
    assert set(found.values()) == {10.0}
    assert len(found) == 4
    assert len(groups) == 4


def test_a_part_is_a_whole_name():
    with pytest.raises(ArgumentError, match=r"backbone\.bottleneck.*'backbone\.bottle'"):
        parameter_groups(network(), losses(), {"backbone.bottle": 10.0}, weight_decay=0.0)


def test_only_weights_decay_if_wanted():
    net = network()
    groups = parameter_groups(net, losses(), {}, weight_decay=0.1, decay_weights_only=True)
    decays = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    for name, parameter in net.named_parameters():
        is_norm = name.startswith("backbone.1.")
        assert decays[id(parameter)] == (0.0 if is_norm or name.endswith("bias") else 0.1)


def test_frozen_parameters_are_left_out():
    net = network()
    net["backbone"].requires_grad_(requires_grad=False)
    groups = parameter_groups(net, losses(), {}, weight_decay=0.1)
    assert [p.shape for p in groups[0]["params"]] == [torch.Size([2, 3]), torch.Size([2])]
    net.requires_grad_(requires_grad=False)
    with pytest.raises(ArgumentError, match="every parameter is frozen"):
        parameter_groups(net, losses(), {}, weight_decay=0.1)
