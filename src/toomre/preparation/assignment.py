"""Deal out whole groups of images to parts so that each part gets its share of each class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["assign_groups"]


def assign_groups(
    groups: NDArray[np.intp],
    classes: NDArray[np.intp],
    shares: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return the part of each image: whole groups, largest first, to where most is missing.

    Parameters
    ----------
    groups
        Group of each image, 0, 1, ...
    classes
        Class of each image, 0 or 1; -1 leaves it out.
    shares
        Share of the images for each part; they sum to 1.
    rng
        Draws the order of groups of one size.

    Returns
    -------
    numpy.ndarray
        The part of each image, or -1. Where no group holds both classes, the number of
        images of one class in a part exceeds its share by less than the largest group.

    Examples
    --------
    >>> assign_groups(np.array([0, 0, 1, 2]), np.array([1, 1, 1, -1]), np.array([0.5, 0.5]),
    ...               np.random.default_rng(0)).tolist()
    [0, 0, 1, -1]
    """
    used = classes >= 0
    counts = np.zeros((int(groups.max(initial=-1)) + 1, 2))
    np.add.at(counts, (groups[used], classes[used]), 1)
    part_of = _deal(counts, shares, rng)
    _give_every_part_each_class(counts, part_of, shares)
    return np.where(used, part_of[groups], -1)


def _deal(
    counts: NDArray[np.float64], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return the part of each group, -1 for a group of which nothing is used."""
    totals = counts.sum(axis=0)
    missing = shares[:, np.newaxis] * totals
    weights = 1 / np.maximum(totals, 1)  # a small class counts as much as a large one
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts.sum(axis=1)[order], kind="stable")]
    part_of = np.full(len(counts), -1, dtype=np.intp)
    for group in order:
        if not counts[group].any():
            break
        # What is missing in all parts together is what is left, so the largest is positive and
        # a part without a share gets nothing.
        part = int(np.argmax(missing @ (weights * counts[group])))
        missing[part] -= counts[group]
        part_of[group] = part
    return part_of


def _give_every_part_each_class(
    counts: NDArray[np.float64], part_of: NDArray[np.intp], shares: NDArray[np.float64]
) -> None:
    """Move the smallest groups so that no open part lacks a class that another has twice."""
    for label in (1, 0):
        has = counts[:, label] > 0
        for part in np.argsort(-shares, kind="stable"):
            if shares[part] == 0 or (has & (part_of == part)).any():
                continue
            owned = np.bincount(part_of[has], minlength=len(shares))
            giver = int(np.argmax(owned))
            pure = has & (part_of == giver) & (counts[:, 1 - label] == 0)
            if owned[giver] > 1 and pure.any():
                candidates = np.flatnonzero(pure)
                part_of[candidates[np.argmin(counts[candidates, label])]] = part
