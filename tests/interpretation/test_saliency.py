"""Saliency: the gradient by finite differences, and by hand."""

from __future__ import annotations

import numpy as np
import torch

from toomre.interpretation.saliency import saliency


def test_finite_differences(deepmerge1, rng):
    network = deepmerge1.double()
    image = rng.normal(size=(3, 33, 33))
    found = saliency(deepmerge1.float(), image[None].astype(np.float32), scale="raw")[0]
    network = network.double()

    def score(values: np.ndarray) -> float:
        with torch.no_grad():
            return float(network(torch.from_numpy(values[None]))[1][0, 0])

    for y, x in ((16, 16), (3, 20)):
        slopes = []
        for band in range(3):
            step = np.zeros_like(image)
            step[band, y, x] = 1e-6
            slopes.append(abs(score(image + step) - score(image - step)) / 2e-6)
        np.testing.assert_allclose(found[y, x], max(slopes), rtol=1e-3)


def test_by_hand(linear):
    network = linear([[1.0, -2.0]], [[1.0], [3.0]])
    images = np.zeros((5, 2, 4, 4), np.float32)
    np.testing.assert_allclose(saliency(network, images, scale="raw"), 6 / 16)
    np.testing.assert_allclose(saliency(network, images, "nonmerger", scale="raw"), 2 / 16)
    np.testing.assert_allclose(saliency(network, images), 1)


def test_batches_do_not_matter(deepmerge2, images):
    together = saliency(deepmerge2, images)
    single = np.concatenate([saliency(deepmerge2, image[None]) for image in images])
    np.testing.assert_allclose(single, together, atol=1e-6)
    assert together.max() == 1


def test_a_dead_network(linear):
    images = np.ones((1, 1, 4, 4), np.float32)
    assert not saliency(linear([[0.0]], [[1.0]]), images).any()
