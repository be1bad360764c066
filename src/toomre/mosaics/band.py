"""All images of one band: the best-covered one for each stamp, and its pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toomre.images.flags import Flag
from toomre.images.psf import PSF
from toomre.images.read_limits import BadInputError
from toomre.mosaics.cutting import covered_part, cut_into, cut_window
from toomre.mosaics.frame import Frame
from toomre.mosaics.options import PSFMatching
from toomre.mosaics.pool import Pool
from toomre.mosaics.psf_matching import blurred, fwhm_of, kernel_of, target_of
from toomre.mosaics.windows import Windows

__all__ = ["Band"]

_REACH = 4  # of a Gaussian kernel in FWHM
_SPAN = 8 << 20  # bytes of an image after which it is looked at how much is in memory
_STRIP = 64  # rows that are read together, so that neighbours come one after another


class Band:
    """The images of a band, open or not.

    Parameters
    ----------
    name
        Of the band.
    frames
        Its images.
    matching
        The sharpness to bring them to, or None.

    Raises
    ------
    ArgumentError
        If the sharpness of an image is not known.
    """

    def __init__(
        self, name: str, frames: Sequence[Frame], matching: PSFMatching | None = None
    ) -> None:
        self.name = name
        self.frames = tuple(frames)
        self._pool = Pool(self.frames)
        self._kernels: list[PSF | None] = [None] * len(self.frames)
        self.flags: list[list[tuple[Flag, str]]] = [list(frame.flags) for frame in self.frames]
        for number, frame in enumerate(self.frames if matching is not None else ()):
            self._match(number, frame, matching)

    def _match(self, number: int, frame: Frame, matching: PSFMatching | None) -> None:
        if matching is None:
            return
        scale = frame.sky.pixel_scale
        fwhm = fwhm_of(self.name, frame.header, scale, matching)
        target = target_of(self.name, matching)
        try:
            self._kernels[number] = kernel_of(fwhm, target, scale)
        except ValueError as error:
            self.flags[number].append((Flag.PSF_BROADER, f"{self.name}: {error}"))

    def choose(self, windows: Windows) -> Windows:
        """Return one window a row: that with most pixels that are covered.

        Of equals the one whose position is farthest from an edge, which stands first.
        """
        starts = np.flatnonzero(np.diff(windows.row, prepend=-1))
        counts = np.diff(np.append(starts, len(windows)))
        chosen = starts.copy()
        for place in np.flatnonzero(counts > 1):
            best = -1.0
            for candidate in range(starts[place], starts[place] + counts[place]):
                part = self._covered(windows, candidate)
                if part > best:
                    best, chosen[place] = part, candidate
                if best == 1:
                    break
        return windows.take(chosen)

    def _covered(self, windows: Windows, place: int) -> float:
        frame = int(windows.frame[place])
        corner = int(windows.y0[place]), int(windows.x0[place])
        side = int(windows.side[place])
        try:
            window = cut_window(self._pool.pixels(frame), *corner, side)
        except BadInputError:
            return -0.5  # better than no image, for it says what is wrong
        self._pool.note(window.nbytes)
        return covered_part(window)

    def fill(
        self, targets: Sequence[NDArray[np.float32]], windows: Windows
    ) -> dict[int, BadInputError]:
        """Fill each target (y, x) with its window; return what could not be read.

        The windows are read image by image and strip by strip, whatever their order.
        """
        failed: dict[int, BadInputError] = {}
        order = np.lexsort((windows.x0, windows.y0 // _STRIP, windows.frame))
        starts = np.flatnonzero(np.diff(windows.frame[order], prepend=-1))
        for part in np.split(order, starts[1:]) if len(order) else ():
            number = int(windows.frame[part[0]])
            rows = _STRIP * max(_SPAN // (4 * _STRIP * self.frames[number].shape[1]), 1)
            turns = np.flatnonzero(np.diff(windows.y0[part] // rows)) + 1
            for piece in np.split(part, turns):
                self._fill_from(number, targets, windows.take(piece), (piece.tolist(), failed))
        return failed

    def _fill_from(
        self,
        number: int,
        targets: Sequence[NDArray[np.float32]],
        windows: Windows,
        into: tuple[list[int], dict[int, BadInputError]],
    ) -> None:
        """Fill some targets, of which `into` has the places, from one image."""
        places, failed = into
        try:
            pixels = self._pool.pixels(number)
        except BadInputError as error:
            failed.update(dict.fromkeys(places, error))
            return
        plain = self._kernels[number] is None
        corners = zip(places, windows.y0.tolist(), windows.x0.tolist(), strict=True)
        with np.errstate(over="ignore", invalid="ignore"):
            for place, y, x in corners:
                target = targets[place]
                try:
                    if plain:
                        cut_into(target, pixels, y, x)
                    else:
                        target[...] = self.window(number, y, x, len(target))
                except BadInputError as error:
                    failed[place] = error
        del pixels  # or its map could not be closed
        self._pool.note(4 * int((windows.side**2).sum()))

    def window(self, number: int, y0: int, x0: int, side: int) -> NDArray[np.float32]:
        """Return a window of one image, as sharp as was asked for."""
        pixels, kernel = self._pool.pixels(number), self._kernels[number]
        if kernel is None:
            return cut_window(pixels, y0, x0, side)
        scale = self.frames[number].sky.pixel_scale
        reach = int(np.ceil(_REACH * kernel.fwhm / scale))
        wide = cut_window(pixels, y0 - reach, x0 - reach, side + 2 * reach)
        return blurred(wide, kernel, scale)[reach:-reach, reach:-reach]
