from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score

from toomre.errors import ArgumentError
from toomre.evaluation.embedding.tsne import tsne


def groups(rng, count=40):
    centre = rng.normal(0, 1, (3, 8))
    label = np.repeat([0, 1, 2], count)
    return centre[label] + rng.normal(0, 0.1, (3 * count, 8)), label


def test_groups_stay_groups_and_neighbours_neighbours(rng):
    values, label = groups(rng)
    place = tsne(values, perplexity=15, iterations=500)
    assert silhouette_score(place, label) > 0.7
    assert trustworthiness(values, place, n_neighbors=8, metric="cosine") > 0.9


def test_it_is_the_same_each_time_and_looks_at_angles(rng):
    values, _ = groups(rng, 20)
    first = tsne(values, perplexity=8, iterations=300)
    np.testing.assert_array_equal(first, tsne(values, perplexity=8, iterations=300))
    longer = values * rng.uniform(1, 9, (60, 1))
    near = trustworthiness(values, tsne(longer, perplexity=8, iterations=300), metric="cosine")
    assert near > 0.85


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"perplexity": 30}, "below the number of images, 30"),
        ({"perplexity": 5, "iterations": 10}, "250 or more"),
    ],
)
def test_what_is_refused(rng, options, words):
    with pytest.raises(ArgumentError, match=words):
        tsne(rng.normal(0, 1, (30, 3)), **options)
    with pytest.raises(ArgumentError, match="finite"):
        tsne(np.full((50, 2), np.inf))
