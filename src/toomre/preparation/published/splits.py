"""The splits of the published code, drawn again exactly; copies of one galaxy are on both sides.

They serve to measure how much too good such a split makes the scores (``protocol="paper"``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toomre.preparation.split import PARTS

__all__ = ["deepmerge1_parts", "deepmerge2_parts", "torch_permutation"]

_SEED1 = 5
_SEED2 = 1


def deepmerge1_parts(counts: Sequence[int]) -> list[NDArray[np.object_]]:
    """Return the part of each image as DeepMerge I drew it (Ciprijanovic et al. 2020).

    NumPy's legacy generator with seed 5 chooses all images without replacement: 70 % train
    (rounded up), 20 % test (rounded down), the rest valid. Each array is split alike.

    Parameters
    ----------
    counts
        How many images each array has.

    Examples
    --------
    >>> parts = deepmerge1_parts([15426])[0]
    >>> [int((parts == name).sum()) for name in ("train", "valid", "test")]
    [10799, 1542, 3085]
    """
    drawn = []
    for count in counts:
        order = np.random.RandomState(_SEED1).choice(count, count, replace=False)
        drawn.append(_cut(order, math.ceil(0.7 * count), count - math.floor(0.2 * count)))
    return drawn


def deepmerge2_parts(counts: Sequence[int]) -> list[NDArray[np.object_]]:
    """Return the part of each image as DeepMerge II drew it (Ciprijanovic et al. 2021).

    After ``torch.manual_seed(1)`` one ``torch.randperm`` for each domain, the source first, cut
    at 70 % and 80 % (rounded down). The two domains are shuffled differently, so that a galaxy
    of the source's training part may be in the target's test part. The published script with
    the Fisher loss draws its centres before, and so has other permutations of the same kind.

    Parameters
    ----------
    counts
        How many images each domain has, the source first.

    Examples
    --------
    >>> source, target = deepmerge2_parts([15426, 15426])
    >>> [int((target == name).sum()) for name in ("train", "valid", "test")]
    [10798, 1542, 3086]
    """
    state = np.random.RandomState(_SEED2)
    orders = [torch_permutation(state, count) for count in counts]
    return [
        _cut(order, math.floor(0.7 * count), math.floor(0.8 * count))
        for order, count in zip(orders, counts, strict=True)
    ]


def torch_permutation(state: np.random.RandomState, count: int) -> NDArray[np.intp]:
    """Return what ``torch.randperm(count)`` gives on the CPU, without torch.

    Both libraries use the Mersenne Twister and seed it alike; torch shuffles from the front
    with one 32-bit number a step.

    Parameters
    ----------
    state
        The generator, seeded as torch was; it moves on as torch's does.
    count
        How many.

    Examples
    --------
    >>> sorted(torch_permutation(np.random.RandomState(1), 5).tolist())
    [0, 1, 2, 3, 4]
    """
    order = np.arange(count)
    draws = state.randint(0, 1 << 32, max(count - 1, 0), dtype=np.uint32)
    for place, draw in enumerate(draws.tolist()):
        other = place + draw % (count - place)
        order[place], order[other] = order[other], order[place]
    return order


def _cut(order: NDArray[np.integer], first: int, second: int) -> NDArray[np.object_]:
    """Name the parts of an order that is cut in three."""
    parts = np.empty(len(order), dtype=object)
    for name, rows in zip(PARTS, np.split(order, [first, second]), strict=True):
        parts[rows] = name
    return parts
