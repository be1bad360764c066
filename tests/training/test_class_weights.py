from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from toomre.errors import ArgumentError
from toomre.recipe import LossTerm
from toomre.training.class_weights import balanced_weights, with_class_weights


@pytest.mark.parametrize("mergers", [1, 7, 50, 99])
def test_scikit_learn_agrees(mergers):
    labels = np.arange(100) < mergers
    wanted = compute_class_weight("balanced", classes=np.array([False, True]), y=labels)
    assert balanced_weights(labels.astype(np.int64)) == pytest.approx(tuple(wanted))


def test_only_what_asked_is_changed():
    terms = (
        LossTerm(name="binary_cross_entropy", options={"class_weights": "balanced"}),
        LossTerm(name="cross_entropy", options={"class_weights": [1.0, 2.0]}),
        LossTerm(name="mmd", weight=3.0),
    )
    found, weights = with_class_weights(terms, np.array([0, 0, 0, 1]))
    assert weights == {"binary_cross_entropy": pytest.approx((2 / 3, 2.0))}
    assert found[0].options == {"class_weights": weights["binary_cross_entropy"]}
    assert found[1:] == terms[1:]


def test_fractions_have_no_classes():
    term = LossTerm(name="mean_squared_error", options={"class_weights": "balanced"})
    with pytest.raises(ArgumentError, match="no 'balanced' for vote fractions"):
        with_class_weights([term], np.zeros((4, 37), np.float32))
