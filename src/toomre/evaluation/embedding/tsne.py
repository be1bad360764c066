"""A map of features on which neighbours stay neighbours, for the eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError

__all__ = ["tsne"]


def tsne(
    features: ArrayLike, *, perplexity: float = 36.0, iterations: int = 3000, seed: int = 0
) -> NDArray[np.float64]:
    """Return the places of images on a plane by t-SNE, (image, 2).

    The settings are those of the code published with DeepMerge II: cosine distance, started from
    the first two principal components. Distances between groups, and their sizes, mean nothing.

    Parameters
    ----------
    features
        Of shape (image, feature).
    perplexity
        About how many neighbours each image has; below the number of images.
    iterations
        At most so many; it ends earlier where nothing moves any more.
    seed
        Of the map.

    Raises
    ------
    ArgumentError
        If a feature is not finite, or there are no more images than `perplexity`.

    References
    ----------
    van der Maaten & Hinton (2008), "Visualizing data using t-SNE"; Ćiprijanović et al. (2021).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> tsne(rng.normal(0, 1, (60, 5)), perplexity=10, iterations=250).shape
    (60, 2)
    """
    from sklearn.manifold import TSNE

    values = np.asarray(features, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        allowed = "finite numbers of shape (image, feature)"
        raise ArgumentError.expected("features", allowed, f"shape {values.shape}")
    if not 0 < perplexity < len(values):
        allowed = f"above 0 and below the number of images, {len(values)}"
        raise ArgumentError.expected("perplexity", allowed, perplexity)
    if iterations < 250:
        raise ArgumentError.expected("iterations", "250 or more", iterations)
    plan = TSNE(
        2,
        perplexity=perplexity,
        metric="cosine",
        init="pca",
        max_iter=iterations,
        random_state=seed,
    )
    return np.asarray(plan.fit_transform(values), dtype=np.float64)
