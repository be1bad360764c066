"""Measure what the training images are like, so that others can be told from them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from toomre.datasets.normalisation import moments
from toomre.datasets.window import centre_window
from toomre.evaluation.novelty import FALSE_ALARMS, FEWEST, Novelty
from toomre.images.statistics import image_statistics
from toomre.networks.card import InputCard, ModelCard, NoveltyCard, PixelCard
from toomre.networks.imagenet import IMAGENET_WEIGHTS, imagenet_input

__all__ = ["known_pixels", "measure_novelty", "measure_pixels", "novelty_of"]

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


def measure_pixels(images: NDArray[np.float32], rows: NDArray[np.intp], size: int) -> PixelCard:
    """Return the mean and scatter of the training part's pixels, for the model card.

    Parameters
    ----------
    images
        Stored images, (n, band, y, x).
    rows
        Of the training part.
    size
        Side of the network's input [pixels].

    Examples
    --------
    >>> images = np.array([[[[0.0, 2.0], [0.0, 2.0]]]], dtype=np.float32)
    >>> measure_pixels(images, np.array([0]), size=2)
    PixelCard(mean=(1.0,), std=(1.0,))
    """
    mean, std = moments(images, rows, size)
    return PixelCard(mean=tuple(_short(mean)), std=tuple(_short(std)))


def known_pixels(card: ModelCard) -> PixelCard | None:
    """Return what is known of the training images' pixels, or None.

    A card from before they were kept has them as its normalisation, unless that is what public
    weights expect, which says nothing of the training images.
    """
    if card.pixels is not None:
        return card.pixels
    wanted, backbone = card.input, card.architecture.backbone
    own = (wanted.mean, wanted.std)
    if backbone in IMAGENET_WEIGHTS and own == imagenet_input(backbone, len(wanted.bands)):
        return None
    return PixelCard(mean=wanted.mean, std=wanted.std)


def _short(values: NDArray[np.float64]) -> list[float]:
    """Return numbers with as many digits as matter, for a card that people may read."""
    return [float(f"{value:.{_DIGITS}g}") for value in values]
