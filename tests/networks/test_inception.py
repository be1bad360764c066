from __future__ import annotations

import torch
from torch.nn import functional

from toomre.networks.inception import InceptionV3Backbone


def test_published_count_with_the_classifier_of_1000():
    convolutions = sum(p.numel() for p in InceptionV3Backbone(3, 299).parameters())
    assert convolutions + 2049 * 1000 == 23_834_568


def test_small_images_are_enlarged_to_75_pixels(filled, wave_image):
    backbone = filled(InceptionV3Backbone(3, 64)).eval()
    images = wave_image(3, 64)
    enlarged = functional.interpolate(images, (75, 75), mode="bilinear")
    with torch.no_grad():
        assert torch.equal(backbone(images), backbone(enlarged))
