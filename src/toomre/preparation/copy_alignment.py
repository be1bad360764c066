"""How an image must be turned, flipped and zoomed to become another, and how alike they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from toomre.preparation.copy_features import (
    ANGLES,
    MODES,
    ZOOM_STEP,
    ZOOM_STEPS,
    Complexes,
    Floats,
    LogPolar,
)

__all__ = ["Alignment", "align_modes", "refine"]

# Largest correlation that counts, so that images without noise (whose correlation is limited
# by nothing but rounding) need structure at many angles to be called copies.
_LARGEST = 0.99


@dataclass(frozen=True)
class Alignment:
    """The best way found to lay one image over another.

    Attributes
    ----------
    similarity
        Correlation of the aligned contrast maps, at most 1.
    sidelobe
        Root mean square of the correlation over all angles, parities and zooms: what chance,
        or a shape such as an ellipse, gives for these two images.
    angle
        Turn from the second image to the first [degrees, from x towards y].
    zoom
        Magnification from the second image to the first.
    flipped
        Whether the second image is flipped (y to -y) before it is turned.
    rival
        Largest correlation at any angle and zoom with the other parity.

    Examples
    --------
    >>> Alignment(0.9, 0.1, angle=180.0, zoom=1.0, flipped=True).transform
    'flipped left-right'
    >>> Alignment(0.9, 0.1, angle=30.0, zoom=1.1, flipped=False).kind
    'rotated+zoomed'
    >>> round(Alignment(0.9, 0.1, 0.0, 1.0, False).significance, 1)
    14.7
    """

    similarity: float
    sidelobe: float
    angle: float
    zoom: float
    flipped: bool
    rival: float = 0.0

    @property
    def significance(self) -> float:
        """Fisher's z of the similarity in units of the sidelobes; infinite for equal pixels."""
        if self.sidelobe == 0:
            return float("inf") if self.similarity >= 1 else 0.0
        return _fisher(self.similarity) / self.sidelobe

    @property
    def parity_gap(self) -> float:
        """Fisher's z of the similarity less that of the rival.

        Near 0 where the image is its own mirror image, as an ellipse is; noise and sources
        beside the galaxy make it large.
        """
        return _fisher(self.similarity) - _fisher(self.rival)

    @property
    def kind(self) -> str:
        """What was done to the image: flipped, rotated, zoomed, joined by ``+``, or renoised."""
        words = [
            *(["flipped"] if self.flipped else []),
            *(["rotated"] if self._turned else []),
            *(["zoomed"] if self._zoomed else []),
        ]
        return "+".join(words) if words else "renoised"

    @property
    def transform(self) -> str:
        """The same in words with numbers."""
        words = []
        if self.flipped:
            about = {0: " up-down", 180: " left-right"}
            words.append(
                "flipped" + ("" if self._turned else about[round(self.angle / 180) % 2 * 180])
            )
        if self._turned:
            words.append(f"rotated {self.angle % 360:.0f} deg")
        if self._zoomed:
            words.append(f"zoomed {self.zoom:.2f}")
        return ", ".join(words) if words else "in place"

    @property
    def _turned(self) -> bool:
        period = 180 if self.flipped else 360
        return bool(abs((self.angle + period / 2) % period - period / 2) > 1.5)

    @property
    def _zoomed(self) -> bool:
        return bool(abs(np.log(self.zoom)) > 0.015)


def _fisher(correlation: float) -> float:
    return float(np.arctanh(min(correlation, _LARGEST)))


def align_modes(first: Complexes, others: Complexes) -> list[Alignment]:
    """Align an image with some others over a grid of angles, parities and zooms.

    Parameters
    ----------
    first
        Its angular modes (radius, mode) as `LogPolar.modes` gives them.
    others
        Those of the others (image, radius, mode).
    """
    steps = range(-ZOOM_STEPS, ZOOM_STEPS + 1)
    ours = np.stack([LogPolar.window(first[None], step)[0] for step in steps])
    theirs = LogPolar.window(others, 0)
    # A turn by phi multiplies mode m by exp(-i m phi); a flip conjugates all modes.
    products = [
        np.einsum("zrm,krm->kzm", ours, other, optimize=True) for other in (theirs.conj(), theirs)
    ]
    spectrum = np.zeros((len(others), 2, len(steps), ANGLES // 2 + 1), np.complex64)
    spectrum[..., 1 : MODES + 1] = np.stack(products, axis=1)
    correlation = np.fft.irfft(spectrum, axis=-1) * (ANGLES / 2)
    flat = correlation.reshape(len(others), -1)
    sidelobes = np.sqrt((flat**2).mean(axis=1))
    peaks = correlation.reshape(len(others), 2, -1).max(axis=2)
    found = []
    for k, best in enumerate(flat.argmax(axis=1)):
        parity, step, turn = (int(i) for i in np.unravel_index(best, correlation.shape[1:]))
        found.append(
            Alignment(
                similarity=float(flat[k, best]),
                sidelobe=float(sidelobes[k]),
                angle=turn * 360 / ANGLES,
                zoom=float(np.exp((step - ZOOM_STEPS) * ZOOM_STEP)),
                flipped=parity == 1,
                rival=float(peaks[k, 1 - parity]),
            )
        )
    return found


def refine(first: Floats, second: Floats, start: Alignment) -> Alignment:
    """Improve an alignment on the pixels: angle, zoom and a small shift of the centre.

    Parameters
    ----------
    first, second
        Maps (y, x) of one side: contrast maps or brightness maps.
    start
        An alignment within about 2 degrees and 3 % of the best one.
    """
    side = first.shape[-1]
    axis = np.arange(side) - (side - 1) / 2
    x, y = (grid.ravel() for grid in np.meshgrid(axis, axis))
    # Every second pixel, as on a chessboard, tells as much, for the maps are smooth.
    used = (np.hypot(x, y) <= (side - 1) / 2 / max(1.0, start.zoom * 1.03)) & ((x + y) % 2 == 0)
    x, y, values = x[used], y[used], second.ravel()[used]
    values = values - values.mean()
    norm = float(np.sqrt(values @ values))
    parity = -1 if start.flipped else 1

    def loss(parameters: NDArray[np.float64]) -> float:
        turn, log_zoom, shift_x, shift_y = parameters
        phi = np.radians(start.angle + turn)
        zoom = start.zoom * np.exp(log_zoom / 50)
        sine, cosine, centre = np.sin(phi), np.cos(phi), (side - 1) / 2
        x_first = zoom * (cosine * x - parity * sine * y) + centre + shift_x
        y_first = zoom * (sine * x + parity * cosine * y) + centre + shift_y
        sampled = ndimage.map_coordinates(first, (y_first, x_first), order=1, mode="nearest")
        sampled -= sampled.mean()
        product = norm * float(np.sqrt(sampled @ sampled))
        return -float(sampled @ values) / product if product > 0 else 0.0

    simplex = np.vstack([np.zeros(4), np.diag([1.5, 1.0, 0.4, 0.4])])
    result = optimize.minimize(
        loss,
        np.zeros(4),
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": 70, "xatol": 0.05, "fatol": 1e-3},
    )
    return replace(
        start,
        similarity=float(-result.fun),
        angle=float((start.angle + result.x[0]) % 360),
        zoom=float(start.zoom * np.exp(result.x[1] / 50)),
    )
