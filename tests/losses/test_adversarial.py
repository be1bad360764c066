from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch.nn.functional import binary_cross_entropy_with_logits

from toomre.errors import ArgumentError
from toomre.losses.adversarial import DomainAdversarial, ramp

PLAIN = {"reversal": "constant", "dropout": 0.0, "hidden": 16}


def make(**options):
    torch.manual_seed(4)
    loss = DomainAdversarial(6, **options).double()
    for linear in loss.classifier[::3]:
        torch.nn.init.normal_(linear.weight, std=0.5)
    return loss


def scores(loss, features):
    """Return the classifier's source probability, layer by layer in numpy."""
    x = features.detach().numpy()
    layers = [layer for layer in loss.classifier if isinstance(layer, torch.nn.Linear)]
    for k, layer in enumerate(layers):
        x = x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        x = np.maximum(x, 0) if k < 2 else x
    return 1 / (1 + np.exp(-x[:, 0]))


def test_published_classifier():
    torch.manual_seed(1)
    loss = DomainAdversarial(2592)
    assert sum(p.numel() for p in loss.parameters()) == 2_655_232 + 1_049_600 + 1_025
    linears = [layer for layer in loss.classifier if isinstance(layer, torch.nn.Linear)]
    spreads = [float(layer.weight.detach().std()) for layer in linears]
    assert spreads == pytest.approx([0.01, 0.01, 0.3], rel=0.1)
    assert all((layer.bias == 0).all() for layer in linears)
    assert [m.p for m in loss.classifier if isinstance(m, torch.nn.Dropout)] == [0.5, 0.5]


def test_cross_entropy_and_accuracy_as_scikit_learn(domains):
    batch, loss = domains(shift=0.5), make(**PLAIN)
    p = np.concatenate([scores(loss, f) for f in (batch.features_source, batch.features_target)])
    truth = np.repeat([1, 0], 20)
    assert float(loss(batch).detach()) == pytest.approx(log_loss(truth, p), rel=1e-10)
    monitors = loss.monitors()
    assert float(monitors["accuracy_source"]) == pytest.approx(np.mean(p[:20] > 0.5))
    assert float(monitors["accuracy_target"]) == pytest.approx(np.mean(p[20:] <= 0.5))


@pytest.mark.parametrize(
    ("reversal", "progress", "factor"),
    [("constant", 0.0, 1.0), ("ramp", 0.0, 0.0), ("ramp", 0.1, 2 / (1 + np.exp(-1.0)) - 1)],
)
def test_gradient_of_the_features_is_reversed(domains, reversal, progress, factor):
    batch = replace(domains(shift=0.5), progress=progress)
    loss = make(**PLAIN | {"reversal": reversal}, reversal_weight=0.3)
    value = loss(batch)
    feature, weight = batch.features_source, loss.classifier[0].weight
    reversed_gradient, classifier_gradient = torch.autograd.grad(value, [feature, weight])
    step = 1e-6
    for place, got, sign in (
        (feature, reversed_gradient, -0.3 * factor),
        (weight, classifier_gradient, 1.0),
    ):
        with torch.no_grad():
            place[2, 3] += step
            above = loss(batch)
            place[2, 3] -= 2 * step
            below = loss(batch)
            place[2, 3] += step
        slope = float(above - below) / (2 * step)
        assert abs(slope) > 1e-6
        assert float(got[2, 3]) == pytest.approx(sign * slope, rel=1e-4, abs=1e-12)


def test_confusion_is_the_cross_entropy_with_one_half(domains):
    batch, loss = domains(shift=0.5), make(**PLAIN, aim="confusion", reversal_weight=0.3)
    features = [batch.features_source, batch.features_target]
    got = torch.cat(torch.autograd.grad(loss(batch), features))
    logits = loss.classifier(torch.cat(features))[:, 0]
    value = binary_cross_entropy_with_logits(logits, torch.full_like(logits, 0.5))
    wanted = torch.cat(torch.autograd.grad(value, features))
    torch.testing.assert_close(got, 0.3 * wanted)


@pytest.mark.parametrize(("aim", "least", "most"), [("reversal", 0, 1e-12), ("confusion", 0.1, 99)])
def test_a_classifier_that_has_won(domains, aim, least, most):
    batch, loss = domains(shift=0.5, dtype=torch.float32), make(**PLAIN, aim=aim).float()
    torch.nn.init.constant_(loss.classifier[-1].bias, 40.0)
    loss(batch).backward()
    source = float(batch.features_source.grad.abs().sum())
    assert least <= source <= most
    assert torch.isfinite(batch.features_target.grad).all()


@pytest.mark.parametrize("offset", [50.0, 150.0, 5000.0])
def test_confusion_does_not_fade_however_sure_the_classifier_is(domains, offset):
    """In float32 exp(-100) is 0; the gradient of the cross-entropy with 1/2 is still 1/2."""
    batch, loss = domains(shift=0.5, dtype=torch.float32), make(**PLAIN, aim="confusion").float()
    torch.nn.init.constant_(loss.classifier[-1].bias, offset)
    features = [batch.features_source, batch.features_target]
    got = torch.cat(torch.autograd.grad(loss(batch), features))
    logits = loss.classifier(torch.cat(features))[:, 0]
    value = binary_cross_entropy_with_logits(logits, torch.full_like(logits, 0.5))
    wanted = torch.cat(torch.autograd.grad(value, features))
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-6 * float(wanted.abs().max()))


def slow_gradients(loss, features, aim):
    """Backpropagation by hand, in float64, through the units that are active in float32.

    A unit whose input rounds to the other side of 0 changes a gradient by its whole share, up to
    some hundredths here: that is the kink of ReLU, and no error of the gradient.
    """
    layers = [layer for layer in loss.classifier if isinstance(layer, torch.nn.Linear)]
    single, active = features.detach(), []
    for layer in layers[:2]:
        before = layer(single).detach()
        active.append(before.numpy() > 0)
        single = before.relu()
    weights = [layer.weight.detach().double().numpy() for layer in layers]
    inputs = [features.detach().double().numpy()]
    for weight, layer, on in zip(weights[:2], layers[:2], active, strict=True):
        inputs.append((inputs[-1] @ weight.T + layer.bias.detach().double().numpy()) * on)
    logit = (inputs[-1] @ weights[2].T)[:, 0]
    truth = np.repeat([1.0, 0.0], len(logit) // 2)
    for_classifier = (1 / (1 + np.exp(-logit)) - truth) / len(logit)
    for_features = -for_classifier
    if aim == "confusion":
        for_features = (1 / (1 + np.exp(-logit)) - 0.5) / len(logit)
    found = []
    for begin in (for_features, for_classifier):
        gradients, back = [], begin[:, None]
        for k in (2, 1, 0):
            gradients.append(back.T @ inputs[k])
            back = back @ weights[k]
            back = back * active[k - 1] if k else back
        found.append((back, gradients[::-1]))
    return [found[0][0], *found[1][1]], np.abs(logit).max()


@pytest.mark.parametrize("aim", ["reversal", "confusion"])
@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2, 1e3])
@pytest.mark.parametrize("seed", [1, 3])
def test_float32_gradient_as_by_hand_in_float64(domains, aim, scale, seed):
    batch = domains(shift=0.5, width=300, seed=seed, dtype=torch.float32)
    torch.manual_seed(seed)
    loss = DomainAdversarial(300, aim=aim, reversal="constant").eval()
    leaves = [
        (scale * features.detach()).requires_grad_()
        for features in (batch.features_source, batch.features_target)
    ]
    again = replace(batch, features_source=leaves[0], features_target=leaves[1])
    weights = [layer.weight for layer in loss.classifier[::3]]
    first, second, *others = torch.autograd.grad(loss(again), [*leaves, *weights])
    wanted, greatest = slow_gradients(loss, torch.cat(leaves), aim)
    # A probability is as exact as its logit, which is rounded in proportion to itself; with
    # confusion 1/2 - p is what is left where the classifier is undecided.
    tolerance = 4e-7 * (10 + greatest + (1 / greatest if aim == "confusion" else 0))
    for got, true in zip([torch.cat([first, second]), *others], wanted, strict=True):
        assert np.abs(got.double().numpy() - true).max() < tolerance * np.abs(true).max()


def test_the_classifier_learns_a_shift_and_nothing_of_equal_domains(domains):
    accuracies = []
    for shift in (2.0, 0.0):
        torch.manual_seed(1)
        loss = DomainAdversarial(6, hidden=32)
        optimizer = torch.optim.Adam(loss.parameters(), lr=5e-3)
        for step in range(100):
            optimizer.zero_grad()
            loss(domains(shift=shift, count=64, seed=step, dtype=torch.float32)).backward()
            optimizer.step()
        loss.eval()
        loss(domains(shift=shift, count=2000, seed=999, dtype=torch.float32))
        accuracies.append(np.mean([float(value) for value in loss.monitors().values()]))
    assert accuracies[0] > 0.95
    assert accuracies[1] == pytest.approx(0.5, abs=0.04)


def test_dropout_follows_torch_state(domains):
    batch, loss = domains(), make()
    values = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        values.append(float(loss(batch).detach()))
    assert values[0] == values[1] != values[2]


def test_ramp():
    assert ramp(0.0) == 0
    assert ramp(1.0) == pytest.approx(np.tanh(5.0))
    assert ramp(0.3, alpha=2.0) == pytest.approx(np.tanh(0.3))


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"reversal": "step"}, "'constant', 'ramp'"),
        ({"aim": "collapse"}, "'confusion', 'reversal'"),
    ],
)
def test_options_are_checked(options, allowed):
    with pytest.raises(ArgumentError, match=allowed):
        DomainAdversarial(6, **options)
