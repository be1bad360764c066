from __future__ import annotations

import pytest

from toomre.training.selection import Selector
from toomre.training.stopping import count_patience, count_softly


def published(losses, patience):
    """Return the epoch at which the published rule stops, told as original-code.md tells it."""
    lowest, counter = None, 0.0
    for epoch, loss in enumerate(losses):
        if lowest is None or loss < lowest:
            lowest = loss
        excess = loss - lowest
        if excess >= 0.4:
            counter += 1
        elif excess >= 0.3:
            counter += 0.5
        elif excess >= 0.2:
            counter += 0.25
        elif excess >= 0.1:
            counter += 0.1
        if counter > patience:
            return epoch
    return None


def stops(losses, **options):
    selector = Selector("accuracy", **options)
    for epoch, loss in enumerate(losses):
        selector.update(epoch, {"loss": loss, "accuracy": 0.5})
        if selector.should_stop:
            return epoch
    return None


def test_soft_counter_is_the_published_rule(rng):
    found = []
    for _ in range(20):
        losses = 0.6 + 0.2 * rng.standard_normal(100).cumsum() / 3
        found.append(stops(losses, patience=5, stopping="soft_counter"))
        assert found[-1] == published(losses, 5)
    assert len(set(found)) > 5


def test_soft_counter_never_starts_again():
    up_and_down = [0.5, 1.0, 0.4, 0.9, 0.3, 0.8, 0.2, 0.7, 0.1]
    assert stops(up_and_down, patience=3, stopping="soft_counter") == 7  # the count exceeds 3
    assert stops(up_and_down, patience=3, watch="loss") is None


@pytest.mark.parametrize(
    ("excess", "step"),
    [(-9.0, 0), (0.0, 0), (0.0999, 0), (0.1, 0.1), (0.2, 0.25), (0.3, 0.5), (0.4, 1), (9.0, 1)],
)
def test_steps_of_the_soft_counter(excess, step):
    assert count_softly(2.0, excess, 0.0) == pytest.approx(2.0 + step)


def test_patience_counts_from_the_last_improvement():
    count = 0.0
    for excess in (0.0, -0.1, -0.3):
        count = count_patience(count, excess, 0.2)
    assert count == 0.0
    assert count_patience(count, -0.2, 0.2) == 1.0
