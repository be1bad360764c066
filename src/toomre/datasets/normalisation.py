"""How pixels are scaled for the network, by statistics of the training part only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toomre.datasets.window import centre_window
from toomre.errors import ArgumentError

__all__ = ["Normalisation", "moments"]

_BLOCK = 256


@dataclass(frozen=True)
class Normalisation:
    """The network sees (pixel - mean) / std, one mean and std a band, or the asinh of that.

    Fluxes reach hundreds of standard deviations in bright nuclei. asinh leaves what is fainter
    than one as it is and compresses the rest like a logarithm (Lupton et al. 1999).

    Examples
    --------
    >>> images = np.array([[[[0.0, 2.0], [0.0, 2.0]]]], dtype=np.float32)
    >>> Normalisation.measure(images, np.array([0]), size=2)
    Normalisation(mean=(1.0,), std=(1.0,), stretch='none')
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    stretch: Literal["none", "asinh"] = "none"

    @classmethod
    def measure(
        cls,
        images: NDArray[np.float32],
        rows: NDArray[np.intp],
        size: int,
        stretch: Literal["none", "asinh"] = "none",
    ) -> Normalisation:
        """Measure the central `size` pixels of some rows of (image, band, y, x).

        Raises
        ------
        ArgumentError
            If a band is constant over all these images.
        """
        mean, std = moments(images, rows, size)
        if not (std > 0).all():
            raise ArgumentError.expected("images", "bands that vary", f"standard deviations {std}")
        return cls(tuple(mean.tolist()), tuple(std.tolist()), stretch)

    @classmethod
    def unit(cls, bands: int, stretch: Literal["none", "asinh"] = "none") -> Normalisation:
        """Bring pictures from 0 to 255 to the range from 0 to 1.

        Examples
        --------
        >>> Normalisation.unit(1)
        Normalisation(mean=(0.0,), std=(255.0,), stretch='none')
        """
        return cls((0.0,) * bands, (255.0,) * bands, stretch)

    def apply(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return normalised images of shape (..., band, y, x), as a new array."""
        scale = (1 / np.asarray(self.std)).astype(np.float32)[:, None, None]
        shift = np.asarray(self.mean, dtype=np.float32)[:, None, None]
        scaled = (images - shift) * scale
        return np.arcsinh(scaled, out=scaled) if self.stretch == "asinh" else scaled


def moments(
    images: NDArray[np.float32], rows: NDArray[np.intp], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each band over some rows of (image, band, y, x).

    Parameters
    ----------
    images
        Stored images, such as a memory map; read in blocks.
    rows
        Which of them.
    size
        Side of the central square that counts [pixels].

    Examples
    --------
    >>> mean, std = moments(np.ones((2, 1, 4, 4), np.float32), np.array([0, 1]), size=2)
    >>> mean.tolist(), std.tolist()
    ([1.0], [0.0])
    """
    window = centre_window(images.shape[-1], size)
    count = 0
    total = np.zeros(images.shape[1])
    squares = np.zeros(images.shape[1])
    # Shifted by the first image's mean, so that the squares do not cancel.
    origin = images[rows[0], :, window, window].mean(axis=(1, 2), dtype=np.float64)
    for start in range(0, len(rows), _BLOCK):
        block = images[rows[start : start + _BLOCK], :, window, window].astype(np.float64)
        block -= origin[:, None, None]
        count += block.shape[0] * block.shape[2] * block.shape[3]
        total += block.sum(axis=(0, 2, 3))
        squares += np.square(block).sum(axis=(0, 2, 3))
    mean = total / count
    return mean + origin, np.sqrt(np.maximum(squares / count - mean**2, 0))
