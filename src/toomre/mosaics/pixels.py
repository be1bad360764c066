"""The pixels of an image on disk, read window by window: plain, scaled, tile-compressed, masked.

Each class gives ``pixels[rows, columns]`` as numbers with NaN where masked; a plain image of
floats is just the mapped array.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from toomre.images.caught import collected_warnings
from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError, one_line

__all__ = ["HELD_BYTES", "MaskedPixels", "Pixels", "ScaledPixels", "TilePixels"]

Window = tuple[slice, slice]

_STRIP_BYTES = 8 << 20  # of unpacked pixels in one strip
_MOST_STRIPS = 8  # strips that are kept
#: Bytes that an open compressed image may hold.
HELD_BYTES = _MOST_STRIPS * _STRIP_BYTES


class Pixels(Protocol):
    """An image of which windows can be read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The image's shape, (y, x)."""
        ...

    def __getitem__(self, window: Window, /) -> NDArray[Any]:
        """Return a window that lies within the image."""
        ...


class ScaledPixels:
    """Stored numbers with BSCALE, BZERO and BLANK, scaled as astropy does.

    Examples
    --------
    >>> stored = np.array([[1, 2], [3, -99]], ">i2")
    >>> ScaledPixels(stored, 0.5, 10.0, -99)[0:2, 0:2].tolist()
    [[10.5, 11.0], [11.5, nan]]
    """

    def __init__(self, stored: NDArray[Any], scale: float, zero: float, blank: int | None) -> None:
        self.shape = stored.shape
        self._stored, self._scale, self._zero = stored, scale, zero
        self._blank = blank
        wide = stored.dtype.kind == "i" and stored.dtype.itemsize > 2
        self._dtype = np.dtype("f8" if wide or stored.dtype.itemsize == 8 else "f4")

    def __getitem__(self, window: Window, /) -> NDArray[Any]:
        stored = self._stored[window]
        values = stored.astype(self._dtype)
        if self._scale != 1:
            np.multiply(values, self._scale, values)
        if self._zero != 0:
            values += self._zero
        if self._blank is not None:
            values[stored == self._blank] = np.nan
        return values


class TilePixels:
    """A tile-compressed image, unpacked in strips of rows, of which a few are kept.

    Parameters
    ----------
    path
        The file.
    index
        The number of the image in it.
    shape
        Of the image, (y, x).
    tile_rows
        Rows of one tile.
    """

    def __init__(self, path: Path, index: int, shape: tuple[int, int], tile_rows: int) -> None:
        self.shape = shape
        self._path, self._index = path, index
        wanted = max(_STRIP_BYTES // (8 * shape[1]), 1)
        self._rows = max(round(wanted / tile_rows), 1) * tile_rows
        self._strips: OrderedDict[int, NDArray[Any]] = OrderedDict()

    def __getitem__(self, window: Window, /) -> NDArray[Any]:
        rows, columns = window
        first, last = rows.start // self._rows, max(rows.stop - 1, rows.start) // self._rows
        parts = []
        for number in range(first, last + 1):
            start = number * self._rows
            strip = self._strip(number)
            parts.append(strip[max(rows.start - start, 0) : rows.stop - start, columns])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _strip(self, number: int) -> NDArray[Any]:
        if number in self._strips:
            self._strips.move_to_end(number)
            return self._strips[number]
        while len(self._strips) >= _MOST_STRIPS:
            self._strips.popitem(last=False)
        start = number * self._rows
        stop = min(start + self._rows, self.shape[0])
        try:
            # Opened each time: what astropy has read of a file stays in memory until it is closed.
            with collected_warnings(), fits.open(self._path, memmap=True, uint=False) as hdus:
                strip = np.array(hdus[self._index].section[start:stop, 0 : self.shape[1]])
        except Exception as error:
            note = f"rows {start} to {stop} cannot be unpacked: {one_line(error)}"
            raise BadInputError(Flag.CORRUPT, note) from error
        self._strips[number] = strip
        return strip


class MaskedPixels:
    """Pixels with NaN where a plane beside them says that they are bad.

    Parameters
    ----------
    pixels, mask
        The image, and the plane of the same shape.
    bits
        A pixel is bad if it has one of these bits; None: if it is not 0.
    is_weight
        Bad are those that are not above 0.

    Examples
    --------
    >>> image, mask = np.ones((1, 3)), np.array([[0, 1, 4]])
    >>> MaskedPixels(image, mask, bits=4)[0:1, 0:3].tolist()
    [[1.0, 1.0, nan]]
    """

    def __init__(
        self, pixels: Pixels, mask: Pixels, *, bits: int | None = None, is_weight: bool = False
    ) -> None:
        self.shape = pixels.shape
        self._pixels, self._mask = pixels, mask
        self._bits, self._is_weight = bits, is_weight

    def __getitem__(self, window: Window, /) -> NDArray[Any]:
        values = np.array(self._pixels[window], copy=True)
        mask = self._mask[window]
        if self._is_weight:
            bad = ~(mask > 0)
        elif self._bits is None:
            bad = mask != 0
        else:
            bad = (mask.astype(np.int64) & self._bits) != 0
        if values.dtype.kind != "f":
            values = values.astype(np.float64)
        values[bad] = np.nan
        return values
