"""How far the features of two domains, and of two classes, are apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.bootstrap import Interval, bootstrap

__all__ = ["Distances", "distances", "domain_accuracy", "mmd", "silhouette"]

Floats = NDArray[np.float64]

# Folds, and the inverse strength of the logistic regression's penalty on scaled features:
# there are more features than images, so that a weak penalty takes long and gains nothing.
_FOLDS, _PENALTY = 5, 0.01
# Multiples of the median squared distance, as in `toomre.losses.gaussian_kernel`.
_MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)
# Rows of the kernel's matrix at a time.
_BLOCK = 512


@dataclass(frozen=True)
class Distances:
    """How far the domains are apart, and the classes; NaN where it is not defined.

    Attributes
    ----------
    domain_accuracy
        Of a classifier that guesses the domain: 0.5 where it cannot tell, at most 1.
    proxy_a_distance
        2 (2 accuracy - 1): 0 where the domains are the same, at most 2.
    mmd
        Squared maximum mean discrepancy without bias: about 0 where they are the same.
    silhouette_domain
        -1 to 1; 0 where the domains are mixed.
    silhouette_class
        Of the images with a label, both domains together: 0 where the classes are mixed.
    silhouette_class_source, silhouette_class_target
        The same in each domain.
    """

    domain_accuracy: Interval
    proxy_a_distance: Interval
    mmd: float
    silhouette_domain: float
    silhouette_class: float
    silhouette_class_source: float
    silhouette_class_target: float


def distances(
    source: ArrayLike,
    target: ArrayLike,
    labels: tuple[ArrayLike, ArrayLike],
    galaxies: tuple[ArrayLike, ArrayLike],
    *,
    rng: np.random.Generator,
) -> Distances:
    """Measure how far two domains and two classes are apart in the space of features.

    Parameters
    ----------
    source, target
        Features of shape (image, feature).
    labels
        Of the source's and of the target's images; NaN where there is none.
    galaxies
        Galaxy ids of both. One that is in both domains stays in one fold.
    rng
        Of the bootstrap.

    Raises
    ------
    ArgumentError
        If shapes differ, a feature is not finite, or there are too few galaxies.
    """
    first, second = _features("source", source), _features("target", target)
    accuracy = domain_accuracy(first, second, *galaxies, rng=rng)
    both = np.concatenate([first, second])
    domain = np.r_[np.zeros(len(first)), np.ones(len(second))]
    own, other = (np.asarray(each, dtype=np.float64) for each in labels)
    return Distances(
        domain_accuracy=accuracy,
        proxy_a_distance=Interval(*(2 * (2 * value - 1) for value in accuracy)),
        mmd=mmd(first, second),
        silhouette_domain=silhouette(both, domain),
        silhouette_class=silhouette(both, np.r_[own, other]),
        silhouette_class_source=silhouette(first, own),
        silhouette_class_target=silhouette(second, other),
    )


def domain_accuracy(
    source: ArrayLike,
    target: ArrayLike,
    source_galaxies: ArrayLike,
    target_galaxies: ArrayLike,
    *,
    rng: np.random.Generator,
) -> Interval:
    """Return how often a classifier guesses an image's domain from its features.

    It is a logistic regression on scaled features, cross-validated in five folds of whole
    galaxies; the accuracy is balanced, so that the domains may differ in their numbers.

    Parameters
    ----------
    source, target
        Features of shape (image, feature).
    source_galaxies, target_galaxies
        Galaxy ids of shape (image,).
    rng
        Of the bootstrap over galaxies.

    Returns
    -------
    The balanced accuracy with its 95 % interval for the classifiers as they were fitted.

    Raises
    ------
    ArgumentError
        If there are too few galaxies for five folds.

    References
    ----------
    Ben-David et al. (2007), "Analysis of representations for domain adaptation": from this
    accuracy follows the proxy A-distance.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a, b = rng.normal(0, 1, (2, 200, 4))
    >>> round(domain_accuracy(a, b + 9, range(200), range(200), rng=rng).value, 2)
    1.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    first, second = _features("source", source), _features("target", target)
    ids = [np.asarray(each).astype(str) for each in (source_galaxies, target_galaxies)]
    if [len(each) for each in ids] != [len(first), len(second)]:
        got = tuple(len(each) for each in ids)
        raise ArgumentError.expected("galaxies", f"{len(first)} and {len(second)} ids", got)
    if min(len(np.unique(each)) for each in ids) < _FOLDS:
        got = tuple(len(np.unique(each)) for each in ids)
        raise ArgumentError.expected("galaxies", f"{_FOLDS} or more in each domain", got)
    domain = np.r_[np.zeros(len(first), np.int64), np.ones(len(second), np.int64)]
    groups = np.concatenate(ids)
    regression = LogisticRegression(C=_PENALTY, class_weight="balanced", max_iter=2000, tol=1e-3)
    guess = cross_val_predict(
        make_pipeline(StandardScaler(), regression),
        np.concatenate([first, second]),
        domain,
        groups=groups,
        cv=GroupKFold(_FOLDS),
        method="predict_proba",
    )[:, 1]
    name = "balanced_accuracy"
    return bootstrap(domain, guess, groups, threshold=0.5, rng=rng, metrics=[name])[name]


def mmd(source: ArrayLike, target: ArrayLike) -> float:
    """Return the squared maximum mean discrepancy without bias, as the loss `mmd` defines it.

    A sum of five Gaussian kernels exp(-|x - y|^2 / (2 sigma^2)), sigma^2 from 1/4 to 4 times the
    median squared distance. Pairs of an image with itself, and pairs with the same place in both
    arrays (there are twins of one galaxy), do not count.

    Parameters
    ----------
    source, target
        Features of shape (image, feature), two images or more.

    References
    ----------
    Gretton et al. (2012), "A kernel two-sample test"; Ćiprijanović et al. (2021), equation 6.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a, b = rng.normal(0, 1, (2, 200, 4))
    >>> abs(mmd(a, b)) < 0.05, mmd(a, b + 2) > 1
    (True, True)
    """
    first, second = _features("source", source), _features("target", target)
    n, m = len(first), len(second)
    if min(n, m) < 2:
        raise ArgumentError.expected("features", "of two images or more of each domain", (n, m))
    points = np.concatenate([first, second])
    points -= points.mean(axis=0)
    squared = _squared_distances(points)
    bandwidths = _median(squared) * np.array(_MULTIPLES)
    total = 0.0
    for start in range(0, n + m, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, n + m))
        weight = _pair_weights(rows, n, m)
        total += sum(
            float((weight * np.exp(squared[rows] * (-0.5 / bandwidth))).sum())
            for bandwidth in bandwidths
        )
    return total


def silhouette(features: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean silhouette by the cosine distance, which the map uses too.

    Parameters
    ----------
    features
        Of shape (image, feature).
    labels
        Of shape (image,); images with NaN are left out.

    Returns
    -------
    -1 to 1; NaN where there are not two labels.

    References
    ----------
    Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of
    cluster analysis".

    Examples
    --------
    >>> silhouette([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]], [0, 0, 1, 1])
    1.0
    """
    from sklearn.metrics import silhouette_score

    values, label = _features("features", features), np.asarray(labels, dtype=np.float64)
    values, label = values[~np.isnan(label)], label[~np.isnan(label)]
    if not 1 < len(np.unique(label)) < len(label):
        return float("nan")
    return float(silhouette_score(values, label, metric="cosine"))


def _features(name: str, values: ArrayLike) -> Floats:
    array = np.array(values, dtype=np.float64)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise ArgumentError.expected(
            name, "finite numbers of shape (image, feature)", f"shape {array.shape}"
        )
    return array


def _squared_distances(points: Floats) -> Floats:
    squares = np.square(points).sum(axis=1)
    found = points @ points.T
    found *= -2
    found += squares[:, None]
    found += squares
    # Of what rounding alone could have made, nothing is left.
    found[found < 64 * np.finfo(np.float64).eps * squares.max(initial=0.0)] = 0.0
    np.fill_diagonal(found, 0.0)
    return found


def _median(squared: Floats) -> float:
    """Return the (lower) median over the pairs of different points, above 0."""
    pairs = squared[np.triu_indices(len(squared), 1)]
    middle = (len(pairs) - 1) // 2
    return max(float(np.partition(pairs, middle)[middle]), np.finfo(np.float64).tiny ** 0.5)


def _pair_weights(rows: NDArray[np.intp], n: int, m: int) -> Floats:
    """Return the weights of the pairs of some rows with all points, (row, n + m)."""
    row, column = rows[:, None], np.arange(n + m)
    own = (row < n) == (column < n)
    size = np.where(row < n, n, m)
    weight = np.where(own, 1 / (size * (size - 1)), -1 / (n * m - min(n, m)))
    twins = ~own & ((row + n == column) | (row == column + n))
    weight[(row == column) | twins] = 0.0
    return weight
