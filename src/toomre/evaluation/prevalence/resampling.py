"""Draw the validation set anew: how many mergers and nonmergers would have scored in each bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from toomre.evaluation.validation_scores import ValidationScores

__all__ = ["counts_in_bins", "drawn_counts"]

Floats = NDArray[np.float64]

# Numbers in one block of weights (32 MiB).
_BLOCK = 1 << 22


def counts_in_bins(
    validation: ValidationScores, place: NDArray[np.intp], bins: int
) -> tuple[Floats, Floats]:
    """Return how many mergers and nonmergers are in each bin, two arrays of shape (bin,).

    Examples
    --------
    >>> validation = ValidationScores.of([0, 1, 1], [0.2, 0.9, 0.4])
    >>> counts_in_bins(validation, np.array([0, 1, 0]), 2)
    (array([1., 1.]), array([1., 0.]))
    """
    mergers = np.bincount(place[validation.label == 1], minlength=bins)
    nonmergers = np.bincount(place[validation.label == 0], minlength=bins)
    return mergers.astype(np.float64), nonmergers.astype(np.float64)


def drawn_counts(
    validation: ValidationScores,
    place: NDArray[np.intp],
    bins: int,
    *,
    draws: int,
    rng: np.random.Generator,
    prior: float = 0.0,
) -> tuple[Floats, Floats]:
    """Draw the counts of mergers and nonmergers in each bin, two arrays of shape (draw, bin).

    Each galaxy gets a random weight with the exponential distribution: a smooth bootstrap, in
    which no galaxy is lost. With a prior of 1/2 the fraction of a class above an edge of the bins
    then has Jeffreys' posterior, Beta(k + 1/2, n - k + 1/2), if each galaxy has one image; so it
    stays uncertain where none of the galaxies (or all) are above.

    Parameters
    ----------
    validation
        Labels, scores and galaxies.
    place
        The bin of each image, (image,).
    bins
        Number of bins.
    draws
        How often to draw.
    rng
        The random generator.
    prior
        Galaxies of each class that are added, on average, to the first and to the last bin.

    References
    ----------
    Rubin (1981), "The Bayesian bootstrap"; Brown, Cai & DasGupta (2001), section 4.3.

    Examples
    --------
    >>> validation = ValidationScores.of([0, 1], [0.2, 0.9])
    >>> found = drawn_counts(
    ...     validation, np.array([0, 1]), 2, draws=3, rng=np.random.default_rng(3)
    ... )
    >>> found[0].shape, found[0][:, 0]
    ((3, 2), array([0., 0., 0.]))
    """
    galaxies = validation.galaxies
    cell = np.where(validation.label == 1, 0, bins) + place
    ones = np.ones(len(cell))
    images = csr_array((ones, (validation.group, cell)), shape=(galaxies, 2 * bins))
    rows = max(1, _BLOCK // galaxies)
    parts = [
        np.asarray(rng.exponential(size=(min(rows, draws - start), galaxies)) @ images)
        for start in range(0, draws, rows)
    ]
    counts = np.concatenate(parts).reshape(draws, 2, bins)
    if prior:
        # A galaxy counts as often as it has images.
        weight = len(cell) / galaxies
        counts[..., 0] += weight * rng.gamma(prior, size=(draws, 2))
        counts[..., -1] += weight * rng.gamma(prior, size=(draws, 2))
    return counts[:, 0], counts[:, 1]
