from __future__ import annotations

from toomre.networks.densenet import DenseNet121Backbone


def test_published_count_with_the_classifier_of_1000():
    convolutions = sum(p.numel() for p in DenseNet121Backbone(3, 224).parameters())
    assert convolutions + 1025 * 1000 == 7_978_856
