"""Measure what the training images are like, so that others can be told from them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from toomre.datasets.window import centre_window
from toomre.evaluation.novelty import FALSE_ALARMS, FEWEST, Novelty
from toomre.images.statistics import image_statistics
from toomre.networks.card import InputCard, NoveltyCard

__all__ = ["measure_novelty", "novelty_of"]

_BLOCK = 256
_DIGITS = 7


def measure_novelty(
    images: NDArray[np.float32],
    train: NDArray[np.intp],
    valid: NDArray[np.intp],
    wanted: InputCard,
) -> NoveltyCard | None:
    """Return the distribution of the training part's statistics, for the model card.

    The limit is that which 1 % of the training and validation images exceed.

    Parameters
    ----------
    images
        Stored images, (n, band, y, x).
    train, valid
        Rows of the two parts.
    wanted
        The card's input section: size, mean and std.

    Returns
    -------
    The distribution, or None where there are fewer than 50 training images.
    """
    if len(train) < FEWEST:
        return None
    window = centre_window(images.shape[-1], wanted.grid.size)

    def measure(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        blocks = [
            image_statistics(
                images[rows[start : start + _BLOCK], :, window, window], wanted.mean, wanted.std
            )
            for start in range(0, len(rows), _BLOCK)
        ]
        return np.concatenate(blocks)

    training = measure(train)
    novelty = Novelty.fit(training, np.concatenate([training, measure(valid)]))
    return NoveltyCard(
        centre=tuple(_short(novelty.centre)),
        whitening=tuple(tuple(_short(row)) for row in novelty.whitening),
        limit=novelty.limit,
        false_alarms=FALSE_ALARMS,
    )


@lru_cache(maxsize=4)
def novelty_of(card: NoveltyCard) -> Novelty:
    """Return the distribution that a card holds; made once, as it is asked for each image."""
    return Novelty(np.asarray(card.centre), np.asarray(card.whitening), card.limit)


def _short(values: NDArray[np.float64]) -> list[float]:
    """Return numbers with as many digits as matter, for a card that people may read."""
    return [float(f"{value:.{_DIGITS}g}") for value in values]
