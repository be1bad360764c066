"""Write a ``.npy`` of many images one after another, in memory that does not grow."""

from __future__ import annotations

import hashlib
import io
import math
import os
import shutil
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError, OutputError

__all__ = ["ImageFile"]

_DTYPE = np.dtype("<f4")


class ImageFile:
    """A ``.npy`` file (image, band, y, x), float32, that grows image by image.

    The file is written and not mapped: on a full disk writing to a map ends the process,
    writing to a file is an error that can be told.

    Parameters
    ----------
    path
        The file to make.
    shape
        Of the whole array; that many images must be appended.

    Attributes
    ----------
    sha256
        SHA-256 of the file, once it is closed.

    Raises
    ------
    OutputError
        If the disk has less free space than the array needs.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "images.npy"
    >>> with ImageFile(path, (2, 1, 8, 8)) as file:
    ...     file.append(np.zeros((1, 8, 8), np.float32))
    ...     file.append(None)
    >>> np.isnan(np.load(path)).all(axis=(1, 2, 3)).tolist(), len(file.sha256)
    ([False, True], 64)
    """

    def __init__(self, path: Path, shape: tuple[int, int, int, int]) -> None:
        needed = math.prod(shape) * _DTYPE.itemsize
        free = shutil.disk_usage(path.parent).free
        if needed > free:
            raise OutputError(
                f"The images need {needed / 1e9:.3g} GB, but {path.parent.parent} has only "
                f"{free / 1e9:.3g} GB free. Free some space or choose another output."
            )
        self.sha256 = ""
        self._shape = shape
        self._count = 0
        self._digest = hashlib.sha256()
        self._file = path.open("wb")
        header = io.BytesIO()
        facts = {"descr": _DTYPE.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, facts)
        self._write(header.getvalue())

    def append(self, pixels: NDArray[np.float32] | None) -> None:
        """Write the next image, shape (band, y, x); None is stored as NaN."""
        if pixels is None:
            pixels = np.full(self._shape[1:], np.nan, dtype=_DTYPE)
        if pixels.shape != self._shape[1:] or self._count == self._shape[0]:
            raise ArgumentError.expected("pixels", f"one of {self._shape}", pixels.shape)
        self._write(np.ascontiguousarray(pixels, dtype=_DTYPE).tobytes())
        self._count += 1

    def __enter__(self) -> ImageFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._file:
            if kind is not None:
                return
            self._file.flush()
            os.fsync(self._file.fileno())
        if self._count != self._shape[0]:
            raise ArgumentError.expected("images", f"{self._shape[0]} of them", self._count)
        self.sha256 = self._digest.hexdigest()

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._digest.update(content)
