from __future__ import annotations

import numpy as np
import pytest
import torch

from toomre.datasets.batches import EvaluationBatches, TrainingBatches, View
from toomre.datasets.normalisation import Normalisation
from toomre.errors import ArgumentError
from toomre.recipe import Augmentation

VIEW = View(7, Normalisation((0.0,), (1.0,)))


@pytest.fixture
def images():
    """Image i has the value i everywhere, so that it can be told after any augmentation."""
    return np.broadcast_to(np.arange(23, dtype=np.float32)[:, None, None, None], (23, 1, 9, 9))


def make(images, rows=None, labels=None, size=4, **plan):
    rows = np.arange(len(images)) if rows is None else rows
    return TrainingBatches(images, rows, labels, VIEW, Augmentation(**plan), size, seed=1)


def numbers(batches, epoch):
    return [
        batches.batch(epoch, step)[0][:, 0, 3, 3].round().int().tolist()
        for step in range(batches.steps)
    ]


def test_an_epoch_shows_each_image_once_and_the_next_another_order(images):
    batches = make(images)
    first, second = numbers(batches, 0), numbers(batches, 1)
    assert batches.steps == 5
    flat = [number for batch in first for number in batch]
    assert len(set(flat)) == 20
    assert first != second


@pytest.mark.parametrize("plan", [{}, {"rotation": True, "zoom": 0.1}])
def test_any_step_can_be_asked_for_again_in_any_order(images, plan):
    batches = make(images, labels=np.arange(23) % 2, **plan)
    whole = [batches.batch(0, step) for step in range(5)]
    for step in (4, 0, 3, 3):
        batches.batch(1, 2)
        again = batches.batch(0, step)
        assert torch.equal(again[0], whole[step][0])
        assert torch.equal(again[1], whole[step][1])


def test_labels_go_with_their_images_and_only_the_rows_are_shown(images):
    rows = np.array([3, 5, 8, 13, 21])
    batches = make(images, rows, labels=rows * 10, size=2)
    seen = set()
    for epoch in range(6):
        for step in range(batches.steps):
            pixels, labels = batches.batch(epoch, step)
            assert (pixels[:, 0, 3, 3].round().int() * 10).tolist() == labels.tolist()
            seen |= set(labels.tolist())
    assert seen == {30, 50, 80, 130, 210}


def test_a_target_domain_has_no_labels(images):
    assert make(images).batch(0, 0)[1] is None


def test_a_small_set_is_one_batch(images):
    assert make(images, np.arange(3), size=64).steps == 1
    with pytest.raises(ArgumentError, match="two images or more"):
        make(images, np.arange(1))


def test_evaluation_is_in_order_and_unchanged(images):
    rows = np.array([7, 2, 9])
    batches = EvaluationBatches(images, rows, VIEW, batch_size=2)
    pixels = torch.cat(list(batches))
    assert pixels.shape == (3, 1, 7, 7)
    assert pixels[:, 0, 0, 0].tolist() == [7.0, 2.0, 9.0]
    assert len(batches) == 2
