from __future__ import annotations

import pytest
import torch

from toomre.errors import ArgumentError
from toomre.networks.deepmerge import DeepMerge2Backbone, DeepMerge2Head
from toomre.networks.network import Network
from toomre.training.transfer import freeze, take_over


def make(seed, bands=3, size=21):
    torch.manual_seed(seed)
    backbone = DeepMerge2Backbone(bands=bands, size=size)
    return Network(backbone, DeepMerge2Head(backbone.num_features))


def test_all_weights_or_the_backbones():
    given, whole, part, fresh = make(1), make(2), make(2), make(2)
    take_over(whole, given.state_dict())
    take_over(part, given.state_dict(), "backbone")
    for name, tensor in given.state_dict().items():
        assert torch.equal(whole.state_dict()[name], tensor)
        judge = given if name.startswith("backbone.") else fresh
        assert torch.equal(part.state_dict()[name], judge.state_dict()[name])


def test_another_number_of_bands_names_the_tensor():
    with pytest.raises(ArgumentError, match=r"backbone\.\S+ has shape \(8, 2, .*instead of \(8, 3"):
        take_over(make(1), make(1, bands=2).state_dict())


def test_another_size_fits_by_the_backbone_alone():
    with pytest.raises(ArgumentError, match=r"head\.\S+ has shape .*transfer\.parts"):
        take_over(make(1), make(1, size=29).state_dict())
    take_over(make(1), make(1, size=29).state_dict(), "backbone")


def test_a_foreign_tensor_is_named():
    with pytest.raises(ArgumentError, match=r"head\.extra is not in the network"):
        take_over(make(1), {**make(1).state_dict(), "head.extra": torch.zeros(1)})


def test_frozen_parameters_do_not_move():
    network = make(1)
    freeze(network, ["backbone.*"])
    before = {name: p.clone() for name, p in network.named_parameters()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1, weight_decay=0.1)
    network(torch.randn(6, 3, 21, 21))[1].square().sum().backward()
    optimizer.step()
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, before[name]) == name.startswith("backbone.")


def test_a_pattern_without_a_match_lists_names():
    with pytest.raises(ArgumentError, match=r"patterns such as backbone\..* and \d+ more"):
        freeze(make(1), ["body.*"])


def test_something_must_be_left_to_train():
    with pytest.raises(ArgumentError, match="leave something to train"):
        freeze(make(1), ["*"])
