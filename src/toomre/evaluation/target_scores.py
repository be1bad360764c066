"""Scores of a network on images without labels, by which an epoch may be chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr, logsumexp

__all__ = [
    "TARGET_SCORES",
    "DomainOutputs",
    "deep_embedded_validation",
    "density_ratio",
    "infomax",
    "mean_entropy",
    "soft_neighbourhood_density",
]

Floats = NDArray[np.float64]

_TEMPERATURE = 0.05
_COMPONENTS = 32
_LARGEST = 100.0


@dataclass(frozen=True, eq=False)
class DomainOutputs:
    """What a network says of validation images of both domains.

    Attributes
    ----------
    features_source, features_target
        (n, k) and (m, k).
    p_source, p_target
        Probabilities of a merger, (n,) and (m,).
    labels_source
        (n,): 1 merger, 0 nonmerger.
    """

    features_source: Floats
    features_target: Floats
    p_source: Floats
    p_target: Floats
    labels_source: NDArray[np.int64]


def mean_entropy(p: ArrayLike) -> float:
    """Return the mean entropy of the predictions [nat]; small where the network is sure.

    Examples
    --------
    >>> round(mean_entropy([0.5, 1.0]), 4)
    0.3466
    """
    return float(_entropy(np.asarray(p, np.float64)).mean())


def infomax(p: ArrayLike) -> float:
    """Return the entropy of the mean prediction minus the mean entropy [nat] (Bridle+ 1991).

    Large where the network is sure of each image and calls both classes; 0 if it calls one.

    Examples
    --------
    >>> round(infomax([0.0, 1.0]), 4), infomax([1.0, 1.0])
    (0.6931, 0.0)
    """
    p = np.asarray(p, np.float64)
    return float(_entropy(p.mean())) - mean_entropy(p)


def soft_neighbourhood_density(p: ArrayLike, temperature: float = _TEMPERATURE) -> float:
    """Return how densely the predictions lie, the mean entropy of neighbours (Saito+ 2021) [nat].

    Each image's neighbours are weighted by the softmax of the cosine of the predictions over
    `temperature`. Large for dense clusters; also for one cluster, so look at `infomax` too.

    Examples
    --------
    >>> round(soft_neighbourhood_density([1.0, 1.0, 1.0]), 4)
    0.6931
    """
    p = np.asarray(p, np.float64)
    both = np.stack([1 - p, p], axis=1)
    both /= np.linalg.norm(both, axis=1, keepdims=True)
    likeness = both @ both.T / temperature
    np.fill_diagonal(likeness, -np.inf)
    logarithm = likeness - logsumexp(likeness, axis=1, keepdims=True)
    np.fill_diagonal(logarithm, 0.0)
    weights = np.exp(logarithm)
    np.fill_diagonal(weights, 0.0)
    return float(-(weights * logarithm).sum(axis=1).mean())


def deep_embedded_validation(losses: ArrayLike, weights: ArrayLike) -> float:
    """Return the source's loss, weighted as if it were the target's (You+ 2019).

    Parameters
    ----------
    losses
        Of the source's validation images, (n,).
    weights
        Density of the target over that of the source at each, (n,).

    Notes
    -----
    The control variate is the weight, whose mean is known to be 1; it makes the variance least.

    Examples
    --------
    >>> deep_embedded_validation([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    2.0
    """
    losses, weights = np.asarray(losses, np.float64), np.asarray(weights, np.float64)
    weighted = losses * weights
    variance = weights.var(ddof=1)
    if not variance > 0:
        return float(weighted.mean())
    factor = -np.cov(weighted, weights, ddof=1)[0, 1] / variance
    return float(weighted.mean() + factor * (weights.mean() - 1))


def density_ratio(source: ArrayLike, target: ArrayLike) -> Floats:
    """Return the density of the target over that of the source at each source image, (n,).

    A logistic regression tells the domains apart by the largest principal components of the
    features; each half of the images is judged by the regression of the other half. A ratio
    above 100 is cut there, so that no single image decides.

    Parameters
    ----------
    source, target
        Features, (n, k) and (m, k), with at least two images each.
    """
    from sklearn.linear_model import LogisticRegression

    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    domain = np.repeat([0, 1], [len(source), len(target)])
    half = np.concatenate([np.arange(len(source)) % 2, np.arange(len(target)) % 2])
    points = _components(np.concatenate([source, target]))
    ratio = np.empty(len(source))
    for number in (0, 1):
        known, judged = half != number, half[: len(source)] == number
        model = LogisticRegression(max_iter=2000).fit(points[known], domain[known])
        prior = (known & (domain == 0)).sum() / (known & (domain == 1)).sum()
        odds = model.decision_function(points[: len(source)][judged])
        ratio[judged] = np.exp(np.minimum(np.log(prior) + odds, np.log(_LARGEST)))
    return ratio


def _components(features: Floats) -> Floats:
    """Return the largest principal components, in units of the first one's deviation."""
    from sklearn.utils.extmath import randomized_svd

    centred = (features - features.mean(axis=0)).astype(np.float32)
    count = min(_COMPONENTS, *centred.shape)
    left, lengths, _ = randomized_svd(centred, count, n_iter=3, random_state=0)
    found: Floats = left.astype(np.float64) * lengths
    return found / max(float(found[:, 0].std()), np.finfo(np.float64).tiny)


def _entropy(p: ArrayLike) -> Floats:
    p = np.asarray(p, np.float64)
    found: Floats = entr(p) + entr(1 - p)
    return found


def _dev(outputs: DomainOutputs) -> float:
    right = np.where(outputs.labels_source == 1, outputs.p_source, 1 - outputs.p_source)
    losses = -np.log(np.maximum(right, np.finfo(np.float64).tiny))
    return deep_embedded_validation(
        losses, density_ratio(outputs.features_source, outputs.features_target)
    )


#: Name -> score of a network's outputs. No target label is part of them.
TARGET_SCORES: Mapping[str, Callable[[DomainOutputs], float]] = {
    "target_entropy": lambda outputs: mean_entropy(outputs.p_target),
    "target_infomax": lambda outputs: infomax(outputs.p_target),
    "target_snd": lambda outputs: soft_neighbourhood_density(outputs.p_target),
    "target_dev": _dev,
}
