"""What a figure of explanations shows of one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shown"]


@dataclass(frozen=True, eq=False)
class Shown:
    """An image with its score, its truth and its maps.

    Attributes
    ----------
    picture
        (y, x, 3), as `toomre.images.stretch.to_rgb` gives it.
    score
        Probability of a merger, 0 to 1.
    truth
        1 for a merger, 0 for a nonmerger.
    maps
        Name -> map (y, x) from 0 to 1.
    scores
        Name of a map -> the score of the network that it explains, where that is another one.
    companion
        Pixel (x, y) of the second nucleus where the truth tells it, else None.
    origin
        ``"lower"`` where the first row is the lowest (flux), or ``"upper"`` (pictures).
    """

    picture: NDArray[np.uint8]
    score: float
    truth: int
    maps: Mapping[str, NDArray[np.float32]]
    scores: Mapping[str, float] = field(default_factory=dict)
    companion: tuple[float, float] | None = None
    origin: str = "lower"
