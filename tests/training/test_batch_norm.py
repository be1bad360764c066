from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from toomre.networks.network import Network
from toomre.training.batch_norm import (
    Concatenated,
    PerDomain,
    ReEstimated,
    Shared,
    held_norms,
    re_estimate,
)


class Backbone(nn.Module):
    def __init__(self, norm=True):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4) if norm else nn.Identity()

    def forward(self, images):
        return self.norm(self.first(images)).relu()


def make(norm=True):
    torch.manual_seed(1)
    return Network(Backbone(norm), nn.Linear(4, 2))


def batches(seed, shift=0.0, count=5):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(8, 3, generator=generator) + shift for _ in range(count)]


SOURCE, TARGET = batches(1), batches(2, shift=3.0)


def train(network, policy):
    network.train()
    for source, target in zip(SOURCE, TARGET, strict=True):
        policy.forward(network, source, target)
    network.eval()


def running(network):
    return network.backbone.norm.running_mean.clone(), network.backbone.norm.running_var.clone()


def plain_running(network, images):
    """The judge: the exponential average of the batch statistics, written out."""
    mean, var = np.zeros(4), np.ones(4)
    for batch in images:
        values = network.backbone.first(batch).detach().double().numpy()
        mean = 0.9 * mean + 0.1 * values.mean(0)
        var = 0.9 * var + 0.1 * values.var(0, ddof=1)
    return mean, var


def check(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-5)


def test_concatenated_normalises_by_the_mixture():
    network, judge = make(), make()
    policy = Concatenated()
    first, second = policy.forward(network.train(), SOURCE[0], TARGET[0])
    features, logits = judge.train()(torch.cat([SOURCE[0], TARGET[0]]))
    assert torch.equal(torch.cat([first[0], second[0]]), features)
    assert torch.equal(torch.cat([first[1], second[1]]), logits)
    train(network := make(), policy)
    mixed = [torch.cat(pair) for pair in zip(SOURCE, TARGET, strict=True)]
    check(running(network), plain_running(network, mixed))


def test_shared_normalises_each_domain_and_averages_both():
    network, judge = make(), make()
    first, second = Shared().forward(network.train(), SOURCE[0], TARGET[0])
    assert torch.equal(first[1], judge.train()(SOURCE[0])[1])
    assert torch.equal(second[1], judge(TARGET[0])[1])
    train(network := make(), Shared())
    turns = [batch for pair in zip(SOURCE, TARGET, strict=True) for batch in pair]
    check(running(network), plain_running(network, turns))


def test_per_domain_keeps_two_sets_of_statistics():
    network = make()
    policy = PerDomain(network)
    train(network, policy)
    check(running(network), plain_running(network, TARGET))
    with policy.on(network, "source"):
        check(running(network), plain_running(network, SOURCE))
    with policy.on(network, "target"):
        check(running(network), plain_running(network, TARGET))
    check(running(network), plain_running(network, TARGET))


def test_per_domain_survives_a_checkpoint():
    network = make()
    policy = PerDomain(network)
    train(network, policy)
    again = make()
    restored = PerDomain(again)
    again.load_state_dict(network.state_dict())
    restored.load({name: tensor.clone() for name, tensor in policy.state().items()})
    for one, other in ((network, policy), (again, restored)):
        train(one, other)
    for domain in ("source", "target"):
        with policy.on(network, domain), restored.on(again, domain):
            assert all(
                torch.equal(tensor, again.state_dict()[name])
                for name, tensor in network.state_dict().items()
            )


def test_per_domain_puts_the_target_back_after_an_error():
    network = make()
    policy = PerDomain(network)
    train(network, policy)
    before = running(network)
    with pytest.raises(KeyError), policy.on(network, "source"):
        raise KeyError
    assert all(torch.equal(a, b) for a, b in zip(before, running(network), strict=True))


def test_re_estimated_measures_the_target_and_goes_back():
    network = make()
    policy = ReEstimated(TARGET, torch.device("cpu"))
    train(network, policy)
    before = copy.deepcopy(network.state_dict())
    values = [network.backbone.first(batch).detach().double().numpy() for batch in TARGET]
    with torch.inference_mode(), policy.on(network, "target"):
        mean, var = running(network)
        assert not network.training
    np.testing.assert_allclose(mean, np.concatenate(values).mean(0), rtol=1e-5)
    np.testing.assert_allclose(var, np.mean([v.var(0, ddof=1) for v in values], 0), rtol=1e-5)
    assert all(torch.equal(t, network.state_dict()[n]) for n, t in before.items())
    with policy.on(network, "source"):
        assert all(torch.equal(t, network.state_dict()[n]) for n, t in before.items())
    train(network, policy)  # the buffers can still be trained
    assert network.backbone.norm.momentum == 0.1


def test_batches_of_other_sizes_count_by_their_images():
    network = make()
    sizes = [TARGET[0], TARGET[1][:4], TARGET[2][:1]]  # one image has no variance: left out
    re_estimate(network, sizes)
    values = network.backbone.first(torch.cat(sizes[:2])).detach()
    torch.testing.assert_close(network.backbone.norm.running_mean, values.mean(0))


@pytest.mark.parametrize("kind", [Concatenated, Shared, PerDomain, ReEstimated])
def test_without_batch_norm_nothing_happens(kind):
    network = make(norm=False)
    given = {PerDomain: (network,), ReEstimated: (TARGET, torch.device("cpu"))}
    policy = kind(*given.get(kind, ()))
    first, second = policy.forward(network, SOURCE[0], TARGET[0])
    torch.testing.assert_close(first[1], network(SOURCE[0])[1])
    torch.testing.assert_close(second[1], network(TARGET[0])[1])
    with policy.on(network, "target"):
        torch.testing.assert_close(network(TARGET[0])[1], second[1])
    assert policy.state() == {}


@pytest.mark.parametrize("kind", [Concatenated, Shared, PerDomain])
def test_gradients_flow_through_both_domains(kind):
    network = make()
    policy = kind(*((network,) if kind is PerDomain else ()))
    first, second = policy.forward(network.train(), SOURCE[0], TARGET[0])
    (first[1].sum() + second[1].square().sum()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_a_source_alone_is_forwarded_as_ever():
    for policy in (Concatenated(), Shared(), PerDomain(make())):
        found, nothing = policy.forward(make().train(), SOURCE[0], None)
        assert nothing is None
        assert torch.equal(found[1], make().train()(SOURCE[0])[1])


def test_frozen_layers_are_left_alone():
    network = make()
    network.backbone.norm.requires_grad_(False)
    re_estimate(network, TARGET)
    assert torch.equal(network.backbone.norm.running_mean, torch.zeros(4))


@pytest.mark.parametrize("answer_by", ["inference", "batch_statistics"])
def test_frozen_layers_answer_by_the_one_or_the_other(answer_by):
    network = make().train()
    norm = network.backbone.norm
    norm.requires_grad_(False)
    before = {name: buffer.clone() for name, buffer in norm.named_buffers()}
    images = torch.randn(8, 4) + 3
    with held_norms(network, answer_by):
        found = norm(images)
    mean, var = images.mean(0), images.var(0, correction=0)
    if answer_by == "inference":
        mean, var = before["running_mean"], before["running_var"]
    wanted = (images - mean) / (var + norm.eps).sqrt()
    torch.testing.assert_close(found, norm.weight * wanted + norm.bias)
    assert torch.equal(norm.running_mean, before["running_mean"])
    assert torch.equal(norm.running_var, before["running_var"])
    assert (norm.training, norm.momentum) == (True, 0.1)


def test_layers_that_learn_go_on_measuring():
    network = make().train()
    with held_norms(network, "inference"):
        network.backbone.norm(torch.randn(8, 4) + 3)
    assert (network.backbone.norm.running_mean > 0.1).all()
