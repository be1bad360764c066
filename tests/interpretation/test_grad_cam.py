"""Grad-CAM: a network solved by hand, and a slow loop with hooks, one image at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from toomre.errors import ArgumentError
from toomre.interpretation.grad_cam import grad_cam
from toomre.networks.network import Network
from toomre.networks.resnet import ResNet18Backbone


def slow(network, images, column, sign=1, layer=None):
    """Return raw maps as one usually writes it: hooks, one image, one backward pass."""
    kept = {}
    layer = layer or network.backbone.cam_layer
    handles = [
        layer.register_forward_hook(lambda module, given, maps: kept.update(maps=maps)),
        layer.register_full_backward_hook(lambda module, given, out: kept.update(gradient=out[0])),
    ]
    found = []
    for image in images:
        network.zero_grad()
        (sign * network(torch.from_numpy(image[None]))[1][0, column]).backward()
        weights = kept["gradient"].mean(dim=(2, 3), keepdim=True)
        summed = (weights * kept["maps"]).sum(dim=1, keepdim=True).relu().detach()
        found.append(functional.interpolate(summed, image.shape[1:], mode="bilinear")[0, 0])
    for handle in handles:
        handle.remove()
    return torch.stack(found).numpy()


def test_a_linear_network_by_hand(linear, rng):
    kernel, weight = [[1.0, 2.0], [-1.0, 0.5]], [[0.0, 1.0], [3.0, -2.0]]
    network = linear(kernel, weight)
    images = rng.normal(size=(5, 2, 6, 6)).astype(np.float32)
    maps = np.einsum("kb,nbyx->nkyx", kernel, images)
    for answer, column in (("nonmerger", 0), ("merger", 1)):
        # The score is the mean over 36 pixels of maps times weights; so is its gradient.
        wanted = np.maximum(np.einsum("k,nkyx->nyx", weight[column], maps) / 36, 0)
        found = grad_cam(network, images, answer, scale="raw")
        np.testing.assert_allclose(found, wanted, atol=1e-7)
        unit = wanted / wanted.max(axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(grad_cam(network, images, answer), unit, atol=1e-6)


def test_the_slow_loop_agrees(deepmerge2, images):
    for answer, column in (("nonmerger", 0), ("merger", 1)):
        found = grad_cam(deepmerge2, images, answer, scale="raw")
        wanted = slow(deepmerge2, images, column)
        assert wanted.max() > 0
        np.testing.assert_allclose(found, wanted, atol=1e-5 * wanted.max())


def test_an_earlier_layer(deepmerge2, images):
    found = grad_cam(deepmerge2, images, layer="backbone.layers.4", scale="raw")
    wanted = slow(deepmerge2, images, 1, layer=deepmerge2.backbone.layers[4])
    np.testing.assert_allclose(found, wanted, atol=1e-5 * wanted.max())


def test_one_logit(deepmerge1, images):
    for answer, sign in (("nonmerger", -1), ("merger", 1)):
        found = grad_cam(deepmerge1, images, answer, scale="raw")
        wanted = slow(deepmerge1, images, 0, sign)
        assert wanted.max() > 0
        np.testing.assert_allclose(found, wanted, atol=1e-5 * wanted.max())


def test_after_the_norm(deepmerge2, deepmerge1, images, rng):
    for network, norm in ((deepmerge2, 9), (deepmerge1, 12)):
        layer = network.backbone.layers[norm]
        layer.running_mean += torch.from_numpy(rng.normal(0, 0.2, 32).astype(np.float32))
        found = grad_cam(network, images, norm="after", scale="raw")
        wanted = slow(network, images, network.head(torch.zeros(1, 512)).shape[1] - 1, layer=layer)
        np.testing.assert_allclose(found, wanted, atol=1e-5 * wanted.max())
        assert np.abs(found - grad_cam(network, images, scale="raw")).max() > 0.01 * wanted.max()


def test_a_map_does_not_depend_on_the_others(deepmerge2, images):
    together = grad_cam(deepmerge2, images)
    single = np.concatenate([grad_cam(deepmerge2, image[None]) for image in images])
    np.testing.assert_allclose(single, together, atol=1e-6)
    np.testing.assert_allclose(grad_cam(deepmerge2, images, batch_size=5), together, atol=1e-5)


def test_a_layer_that_is_followed_in_place(images, rng):
    torch.manual_seed(3)
    network = Network(ResNet18Backbone(bands=3, size=64), torch.nn.Identity()).eval()
    network.head = torch.nn.Linear(512, 2)
    large = rng.normal(size=(3, 3, 64, 64)).astype(np.float32)
    for name in (None, "backbone.layer3.0.bn1"):
        found = grad_cam(network, large, layer=name, scale="raw")
        assert found.shape == (3, 64, 64)
        assert found.max() > 0
    # bn1 is overwritten by the ReLU after it; what counts is what it gave.
    maps = {}
    layer = network.get_submodule("backbone.layer3.0.bn1")
    handle = layer.register_forward_hook(lambda m, i, o: maps.update(kept=o.clone()))
    network(torch.from_numpy(large))
    handle.remove()
    assert (maps["kept"] < 0).any()


def test_the_network_is_left_as_it_was(deepmerge2, images):
    deepmerge2.train()
    before = {name: value.clone() for name, value in deepmerge2.state_dict().items()}
    grad_cam(deepmerge2, images)
    assert deepmerge2.training
    assert all(weight.requires_grad and weight.grad is None for weight in deepmerge2.parameters())
    assert all(value.equal(before[name]) for name, value in deepmerge2.state_dict().items())
    assert not any(layer._forward_hooks for layer in deepmerge2.modules())


def test_nothing_speaks_for_it(linear):
    network = linear([[1.0]], [[-1.0]])
    maps = grad_cam(network, np.ones((2, 1, 4, 4), np.float32))
    assert maps.shape == (2, 4, 4)
    assert not maps.any()
    assert grad_cam(network, np.ones((0, 1, 4, 4), np.float32)).shape == (0, 4, 4)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"answer": "spiral"}, "Expected `answer` to be 'merger' or 'nonmerger', but got 'spiral'"),
        ({"layer": "backbone.layers.80"}, "Did you mean 'backbone.layers.8'?"),
        ({"layer": "head"}, "Expected `layer` to be one that gives maps .* Take a convolution."),
        ({"norm": "during"}, "Expected `norm` to be 'before' or 'after', but got 'during'"),
        ({"scale": "log"}, "Expected `scale` to be 'unit' or 'raw', but got 'log'"),
        ({"batch_size": 0}, "Expected `batch_size` to be a positive number, but got 0"),
        ({"layer": "backbone.layers.11", "norm": "after"}, 'Take norm="before"'),
    ],
)
def test_what_is_refused(deepmerge2, images, options, text):
    with pytest.raises(ArgumentError, match=text):
        grad_cam(deepmerge2, images, **options)
    assert not any(layer._forward_hooks for layer in deepmerge2.modules())


def test_images_and_heads_of_another_shape(linear):
    network = linear([[1.0]], [[1.0]] * 37)
    with pytest.raises(ArgumentError, match="one or two logits, but got '37 logits'"):
        grad_cam(network, np.ones((2, 1, 4, 4), np.float32))
    with pytest.raises(ArgumentError, match=r"Expected `images` to be of shape \(n, band, y, x\)"):
        grad_cam(network, np.ones((1, 4, 4), np.float32))
