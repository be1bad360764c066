"""How stamps are cut: their size, which part of a file, masks, sharpness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.errors import ArgumentError

__all__ = ["LARGEST_SIDE", "PSFMatching", "StampOptions", "sizes_of"]

#: A stamp may not have more pixels on a side than this.
LARGEST_SIDE = 4096


@dataclass(frozen=True)
class PSFMatching:
    """Blur sharper bands, so that all are as sharp as `target`.

    Attributes
    ----------
    target
        Full width at half maximum of a star that is wanted [arcsec]: a number, one for each
        band, or ``"model"``, for `classify`: that of the model's training images.
    fwhm
        That of the images, for each band: arcsec, or the name of a header keyword that holds
        it in arcsec (``"SEEING"``), or in pixels (``"FWHM:pixel"``).

    Examples
    --------
    >>> PSFMatching(1.3, {"g": 1.1, "r": "SEEING"}).target
    1.3
    """

    target: float | Mapping[str, float] | Literal["model"]
    fwhm: Mapping[str, float | str]

    def __post_init__(self) -> None:
        if isinstance(self.target, str) and self.target != "model":
            raise ArgumentError.expected("psf_target", "a number [arcsec] or 'model'", self.target)
        targets = self.target if isinstance(self.target, Mapping) else {"target": self.target}
        for name, value in (*targets.items(), *self.fwhm.items()):
            if not isinstance(value, str) and not 0 < value < np.inf:
                raise ArgumentError.expected(f"fwhm of {name}", "above 0 arcsec", value)


@dataclass(frozen=True)
class StampOptions:
    """How stamps are cut.

    Attributes
    ----------
    size_arcsec
        Side of every stamp [arcsec]; None: a column tells, or `classify` takes the field that
        the model wants.
    size_column, size_factor
        A column of the table times a factor is the side [arcsec], such as 6 times the
        Petrosian radius.
    margin
        This part of the side, and four pixels, are added on each side for what a filter will
        need; 0 adds nothing.
    extension
        Name or number of the image in each file, where there are several.
    mask_extension, mask_bits
        Name or number of a plane that tells which pixels are bad: those that are not 0, or
        that have one of these bits. Of a plane whose name says that it holds weights
        (WHT, WEIGHT, IVAR, INVVAR) those that are not above 0; it has no bits.
    checksums
        Whether DATASUM and CHECKSUM must be right; False takes files that were changed
        without renewing them.
    skip_bad
        Do without the files that cannot be used; False: the first of them stops the run.
    regrid
        How a band on another pixel grid is brought to that of the first band: ``"interp"``
        (bilinear, quick) or ``"adaptive"`` (DeForest 2004, Solar Physics 219, 3; for bands
        with much smaller pixels).
    psf
        The sharpness to bring all bands to, or None.

    Examples
    --------
    >>> StampOptions(size_column="petro_r", size_factor=6).margin
    0.0
    """

    size_arcsec: float | None = None
    size_column: str | None = None
    size_factor: float = 1.0
    margin: float = 0.0
    extension: str | None = None
    mask_extension: str | None = None
    mask_bits: int | None = None
    checksums: bool = True
    skip_bad: bool = False
    regrid: Literal["interp", "adaptive"] = "interp"
    psf: PSFMatching | None = field(default=None)

    def __post_init__(self) -> None:
        if self.size_arcsec is not None and self.size_column is not None:
            given = (self.size_arcsec, self.size_column)
            raise ArgumentError.expected("size_arcsec, size_column", "one of the two", given)
        for name in ("size_arcsec", "size_factor"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                raise ArgumentError.expected(name, "a number above 0", value)
        if self.size_factor != 1 and self.size_column is None:
            allowed = "left out where no column is multiplied with it (size_column)"
            raise ArgumentError.expected("size_factor", allowed, self.size_factor)
        if self.mask_bits is not None and self.mask_extension is None:
            allowed = "left out where no plane is named that has the bits (mask_extension)"
            raise ArgumentError.expected("mask_bits", allowed, self.mask_bits)
        if self.mask_bits is not None and self.mask_bits < 1:
            raise ArgumentError.expected("mask_bits", "1 or more", self.mask_bits)
        if not 0 <= self.margin <= 1:
            raise ArgumentError.expected("margin", "0 to 1", self.margin)
        if self.regrid not in ("interp", "adaptive"):
            raise ArgumentError.expected("regrid", "'interp' or 'adaptive'", self.regrid)


def sizes_of(table: pd.DataFrame, options: StampOptions) -> NDArray[np.float64]:
    """Return the side of each row's stamp [arcsec]; NaN where the column does not tell.

    Examples
    --------
    >>> table = pd.DataFrame({"petro_r": [2.0, 5.0]})
    >>> sizes_of(table, StampOptions(size_column="petro_r", size_factor=6)).tolist()
    [12.0, 30.0]
    """
    if options.size_column is None and options.size_arcsec is None:
        raise ArgumentError.expected("size_arcsec", "given, or size_column", None)
    if options.size_column is None:
        return np.full(len(table), options.size_arcsec, dtype=np.float64)
    if options.size_column not in table:
        names = ", ".join(str(name) for name in table.columns)
        allowed = f"a column of the table ({names})"
        raise ArgumentError.expected("size_column", allowed, options.size_column)
    numbers = pd.to_numeric(table[options.size_column], errors="coerce")
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan) * options.size_factor
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)
