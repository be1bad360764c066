from __future__ import annotations

import pytest

from toomre.training.symptoms import symptoms


def row(loss=0.5, accuracy=0.8, **extra):
    return {"train_loss": loss, "valid_accuracy": accuracy, **extra}


def adversarial(source, target):
    return {"adversarial_accuracy_source": source, "adversarial_accuracy_target": target}


HEALTHY = [row(0.7, 0.7), row(0.4, 0.8, **adversarial(0.6, 0.5))]


def test_a_healthy_training_has_none():
    assert symptoms(HEALTHY, 2, target_mergers=0.4) == ()


@pytest.mark.parametrize(
    ("history", "epoch", "mergers", "words"),
    [
        (HEALTHY, 2, 0.0, "0 % is called merger"),
        (HEALTHY, 2, 1.0, "100 % is called merger"),
        ([row(0.7), row(0.4, **adversarial(0.99, 0.97))], 2, 0.5, "not aligned"),
        ([row(0.7), row(0.4, **adversarial(0.99, 0.01))], 2, 0.5, "calls all images one domain"),
        ([row(0.7), row(0.9)], 1, 0.5, "from 0.700 to 0.900"),
        ([row(0.7, 0.5), row(0.4, 0.8)], 1, 0.5, "is 0.500, while it was 0.800"),
    ],
)
def test_each_symptom_has_its_sentence(history, epoch, mergers, words):
    (found,) = symptoms(history, epoch, target_mergers=mergers)
    assert words in found
