from __future__ import annotations

import torch
from torch import nn

from toomre.networks.tensors import misfits, some_of


def test_nothing_is_wrong_exactly_where_torch_loads_strictly():
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    own = network.state_dict()
    assert misfits(own, own) == []
    network.load_state_dict(own)
    for changed in (
        {name: own[name] for name in list(own)[1:]},
        {**own, "more": torch.ones(1)},
        {**own, "0.weight": torch.ones(2, 4)},
    ):
        assert len(misfits(own, changed)) == 1
        try:
            network.load_state_dict(changed)
        except RuntimeError:
            continue
        raise AssertionError("torch took it")


def test_three_are_told():
    assert some_of(["a", "b"]) == "a; b"
    assert some_of(list("abcd")) == "a; b; c and more"
