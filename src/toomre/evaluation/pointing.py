"""The pointing score: how often the peak of a map falls where the truth says, against chance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.bootstrap import Interval, resample_weights
from toomre.evaluation.weighted import Scored

__all__ = ["Pointing", "pointing_score"]

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]


@dataclass(frozen=True)
class Pointing:
    """How well maps point; intervals are of 95 %, over galaxies.

    Attributes
    ----------
    images, galaxies
        How many there are.
    empty
        Maps that are 0 everywhere; they count as misses.
    hit
        Fraction of the images whose map peaks in its region.
    chance
        Fraction of the image's area in the region: what a random peak hits.
    turned
        What the same peaks hit if the region is turned about the image's middle by a quarter, a
        half and three quarters: chance for peaks that are as far from the middle as these.
    excess, excess_turned
        `hit` less `chance`, and less `turned`.
    share
        Mean fraction of a map's sum in the region (the energy of Wang et al. 2020).
    """

    images: int
    galaxies: int
    empty: int
    hit: Interval
    chance: float
    turned: Interval
    excess: Interval
    excess_turned: Interval
    share: Interval

    @property
    def above_chance(self) -> bool:
        """Whether the whole interval of the excess is above 0, by both kinds of chance."""
        return self.excess.lower > 0 and self.excess_turned.lower > 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers for JSON."""
        found = asdict(self)
        for name, value in found.items():
            if isinstance(value, tuple):
                found[name] = dict(zip(Interval._fields, value, strict=True))
        return {**found, "above_chance": self.above_chance}


def pointing_score(
    maps: NDArray[Any],
    regions: Masks,
    groups: ArrayLike | None,
    *,
    rng: np.random.Generator,
    without: Masks | None = None,
    resamples: int = 1000,
) -> Pointing:
    """Return how often the peaks of maps fall in their regions.

    Parameters
    ----------
    maps
        (n, y, x), square, at least 0.
    regions
        Where the truth lies, (n, y, x).
    groups
        The galaxy of each image; galaxies are resampled. None: every image by itself.
    rng
        The random generator.
    without
        Pixels (y, x) that count for nothing, such as the middle; they are no place for a peak.
    resamples
        Resamples of the intervals.

    Raises
    ------
    ArgumentError
        If there are no maps, the shapes differ, or a value is below 0 or not finite.

    References
    ----------
    Zhang et al. (2018), "Top-down neural attention by excitation backprop": the pointing game.

    Examples
    --------
    >>> from toomre.evaluation.companion import discs
    >>> maps = np.zeros((2, 5, 5))
    >>> maps[:, 1, 4] = 1
    >>> regions = discs(np.array([[4.0, 1.0], [0.0, 2.0]]), 5, 0.2)
    >>> pointing_score(maps, regions, None, rng=np.random.default_rng(3)).hit.value
    0.5
    """
    maps = np.asarray(maps, np.float64)
    _check(maps, regions)
    kept = np.ones(maps.shape[1:], bool) if without is None else ~without
    maps, regions = maps * kept, regions & kept
    flat = maps.reshape(len(maps), -1)
    total, peak = flat.sum(axis=1), flat.argmax(axis=1)
    filled = total > 0
    hit = _at(regions, peak) & filled
    quarters = [_at(np.rot90(regions, k, (1, 2)) & kept, peak) & filled for k in (1, 2, 3)]
    turned = np.mean(quarters, axis=0)
    chance = regions.mean(axis=(1, 2)) / kept.mean()
    share = (maps * regions).sum(axis=(1, 2)) / np.where(filled, total, 1)
    values = np.stack([hit, turned, hit - chance, hit - turned, share])
    intervals = _mean_intervals(values, groups, rng, resamples)
    return Pointing(
        images=len(maps),
        galaxies=len(maps) if groups is None else len(np.unique(np.asarray(groups))),
        empty=int((~filled).sum()),
        hit=intervals[0],
        chance=float(chance.mean()),
        turned=intervals[1],
        excess=intervals[2],
        excess_turned=intervals[3],
        share=intervals[4],
    )


def _check(maps: Floats, regions: Masks) -> None:
    if maps.ndim != 3 or not len(maps) or maps.shape[1] != maps.shape[2]:
        raise ArgumentError.expected("maps", "of shape (n, y, x), square, n > 0", maps.shape)
    if regions.shape != maps.shape:
        raise ArgumentError.expected("regions", f"of shape {maps.shape}", regions.shape)
    if not (np.isfinite(maps) & (maps >= 0)).all():
        raise ArgumentError.expected("maps", "finite and at least 0", float(maps.min()))


def _at(regions: Masks, peak: NDArray[np.intp]) -> Masks:
    found: Masks = regions.reshape(len(regions), -1)[np.arange(len(regions)), peak]
    return found


def _mean_intervals(
    values: Floats, groups: ArrayLike | None, rng: np.random.Generator, resamples: int
) -> list[Interval]:
    """Return the mean of each row of (quantity, image) with its interval."""
    count = values.shape[1]
    sample = Scored.of(np.zeros(count), np.zeros(count))  # in the order that is given
    drawn = [
        weight @ values.T / weight.sum(axis=1, keepdims=True)
        for weight in resample_weights(sample, groups, resamples, rng)
    ]
    lower, upper = np.quantile(np.concatenate(drawn), (0.025, 0.975), axis=0)
    ends = zip(values.mean(axis=1).tolist(), lower.tolist(), upper.tolist(), strict=True)
    return [Interval(*each) for each in ends]
