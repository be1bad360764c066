from __future__ import annotations

from toomre.networks.vgg import VGG16Backbone


def test_published_count_with_the_three_dense_layers():
    convolutions = sum(p.numel() for p in VGG16Backbone(3, 224).parameters())
    dense = (512 * 49 + 1) * 4096 + 4097 * 4096 + 4097 * 1000
    assert convolutions + dense == 138_357_544
