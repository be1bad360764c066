"""Drawn galaxies with votes, and what every figure has to keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from matplotlib.figure import Figure

from toomre.evaluation.votes.drawing import Pictures


class Drawn(NamedTuple):
    """40 galaxies: true and predicted votes (galaxy, 37), names and images."""

    truth: np.ndarray
    predicted: np.ndarray
    names: list[str]
    pictures: Pictures


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    rng = np.random.default_rng(5)
    truth = rng.beta(0.4, 1, (40, 37))
    predicted = np.clip(truth + rng.normal(0, 0.1, truth.shape), 0, 1)
    names = [f"galaxy {number}" for number in range(40)]
    pictures = Pictures(rng.integers(0, 255, (40, 3, 8, 8), dtype=np.uint8))
    return Drawn(truth, predicted, names, pictures)


@pytest.fixture
def check_layout(check_texts: Callable[..., Figure]) -> Callable[..., None]:
    """The function that refuses what is cut off, too small or runs into another."""

    def check(figure: Figure, ticks: bool = False) -> None:
        """Check all texts (with `ticks` those of the ticks too) and all axes."""
        check_texts(figure, ticks=ticks)
        shown = [axes for axes in figure.axes if axes.get_visible() and axes.axison]
        boxes = [axes.get_tightbbox() for axes in shown]
        for number, box in enumerate(boxes):
            assert not [other for other in boxes[number + 1 :] if box.overlaps(other)], number

    return check
