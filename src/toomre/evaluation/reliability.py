"""How often a score of 0.7 is a merger: the points of a reliability diagram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from toomre.errors import ArgumentError
from toomre.evaluation.weighted import N_BINS, Scored, calibration_bin, ratio

__all__ = ["Reliability", "reliability", "wilson_interval"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reliability:
    """Score bins of equal width, each array of shape (bin,); NaN where a bin is empty.

    Attributes
    ----------
    edges
        Edges of the bins (bin + 1,).
    images, galaxies
        How many images and galaxies are in each bin.
    score
        Mean score.
    fraction
        Fraction of mergers.
    lower, upper
        95 % interval of the fraction.
    """

    edges: Floats
    images: NDArray[np.int64]
    galaxies: NDArray[np.int64]
    score: Floats
    fraction: Floats
    lower: Floats
    upper: Floats


def reliability(
    label: ArrayLike, score: ArrayLike, groups: ArrayLike | None = None, n_bins: int = N_BINS
) -> Reliability:
    """Return the fraction of mergers in bins of the score, with Wilson's 95 % interval.

    The intervals count galaxies, not images, for images of one galaxy are not independent.
    Unlike a bootstrap, they stay honest in a bin with few galaxies or with one class.

    Parameters
    ----------
    label, score
        Arrays of shape (image,); images whose score is NaN are left out.
    groups
        The galaxy (or group) id of each image. None: every image by itself.
    n_bins
        Number of bins between 0 and 1.

    Raises
    ------
    ArgumentError
        If the shapes differ or a value is not allowed.

    Examples
    --------
    >>> curve = reliability([0, 1, 1, 1], [0.1, 0.8, 0.9, 0.7], n_bins=2)
    >>> curve.images, curve.fraction
    (array([1, 3]), array([0., 1.]))
    """
    if n_bins < 1:
        raise ArgumentError.expected("n_bins", "an integer of 1 or more", n_bins)
    sample = Scored.of(label, score)
    given = np.arange(np.size(label)) if groups is None else np.asarray(groups).ravel()
    if len(given) != np.size(label):
        raise ArgumentError.expected("groups", f"{np.size(label)} ids", len(given))
    place = calibration_bin(sample.score, n_bins)
    images = np.bincount(place, minlength=n_bins)
    pairs = pd.DataFrame({"place": place, "group": given[sample.order]}).drop_duplicates()
    galaxies = np.bincount(pairs["place"].to_numpy(), minlength=n_bins)
    number = images.astype(np.float64)
    fraction = ratio(np.bincount(place, weights=sample.label, minlength=n_bins), number)
    mean = ratio(np.bincount(place, weights=sample.score, minlength=n_bins), number)
    lower, upper = wilson_interval(fraction, galaxies.astype(np.float64))
    edges = np.linspace(0, 1, n_bins + 1)
    return Reliability(edges, images, galaxies, mean, fraction, lower, upper)


def wilson_interval(fraction: Floats, number: Floats) -> tuple[Floats, Floats]:
    """Return Wilson's 95 % interval of a fraction seen in some number of trials.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference".

    Examples
    --------
    >>> lower, upper = wilson_interval(np.array([0.5]), np.array([10.0]))
    >>> lower.round(3), upper.round(3)
    (array([0.237]), array([0.763]))
    """
    z = float(ndtri(0.975))
    whole = number + z**2
    middle = (fraction * number + z**2 / 2) / whole
    reach = z / whole * np.sqrt(number * fraction * (1 - fraction) + z**2 / 4)
    return np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1)
