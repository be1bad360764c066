from __future__ import annotations

import pytest
import torch
from torch import nn

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.networks.network import Network
from toomre.training.batch_norm import Concatenated, PerDomain
from toomre.training.snapshots import Snapshots, kept_epochs, read_snapshot


@pytest.fixture
def network():
    torch.manual_seed(1)
    return Network(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), nn.Linear(3, 2))


def change(network):
    with torch.no_grad():
        for weight in network.parameters():
            weight += 1


def test_the_first_and_every_nth_epoch_are_kept(network, tmp_path):
    before = {name: one.clone() for name, one in network.state_dict().items()}
    snapshots = Snapshots(tmp_path, network, Concatenated(), 2)
    for epoch in (1, 2, 3, 4):
        change(network)
        snapshots({"epoch": epoch})
    assert kept_epochs(tmp_path) == [0, 2, 4]
    for epoch, added in ((0, 0), (2, 2), (4, 4)):
        for domain in ("source", "target"):
            found = read_snapshot(tmp_path, epoch, domain)
            key = "head.weight"
            torch.testing.assert_close(found[key], before[key] + added)
    assert len(list(tmp_path.glob("*.safetensors"))) == 3  # the domains have the same weights


def test_statistics_of_each_domain_are_kept(network, tmp_path):
    norm = PerDomain(network)
    network.train()
    norm.forward(network, torch.randn(8, 2), 5 + torch.randn(8, 2))
    Snapshots(tmp_path, network, norm, 5)
    source, target = (read_snapshot(tmp_path, 0, domain) for domain in ("source", "target"))
    name = "backbone.1.running_mean"
    assert not torch.equal(source[name], target[name])
    torch.testing.assert_close(target[name], network.state_dict()[name])
    torch.testing.assert_close(source["head.weight"], target["head.weight"])


def test_a_later_start_does_not_lose_the_first_weights(network, tmp_path):
    Snapshots(tmp_path, network, Concatenated(), 1)
    first = read_snapshot(tmp_path, 0, "target")["head.weight"]
    change(network)
    again = Snapshots(tmp_path, network, Concatenated(), 1)
    again({"epoch": 1})
    torch.testing.assert_close(read_snapshot(tmp_path, 0, "target")["head.weight"], first)
    assert kept_epochs(tmp_path) == [0, 1]


def test_what_is_refused(network, tmp_path):
    with pytest.raises(ArgumentError, match="keep_every.*1 or more"):
        Snapshots(tmp_path, network, Concatenated(), 0)
    assert kept_epochs(tmp_path / "none") == []
    Snapshots(tmp_path, network, Concatenated(), 1)
    with pytest.raises(MissingFileError, match="epoch 7 were not kept.*there are: 0.*--keep-every"):
        read_snapshot(tmp_path, 7, "target")
    path = tmp_path / "epoch-00000-target.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptFileError, match="SHA-256"):
        read_snapshot(tmp_path, 0, "target")
