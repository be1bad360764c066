"""Images of one data set agree in bands and encoding; the first usable one sets the rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.resample import SCALE_FLAGGED

__all__ = ["agreeing", "find_reference"]


def find_reference(cutouts: Iterable[Cutout]) -> tuple[Cutout, Iterator[Cutout]]:
    """Return the first cutout that can be used, and all of them again.

    Raises
    ------
    ArgumentError
        If none can be used, or the first that can does not name its bands.

    Examples
    --------
    >>> import numpy as np
    >>> good = Cutout(np.zeros((1, 8, 8), np.float32), bands=("r",))
    >>> first, again = find_reference([Cutout.bad(Flag.BLANK, "all zero"), good])
    >>> first is good, len(list(again))
    (True, 2)
    """
    rest = iter(cutouts)
    seen: list[Cutout] = []
    for cutout in rest:
        # Without their pixels the bad ones before the first good one take little memory.
        seen.append(cutout)
        if cutout.pixels is None:
            continue
        if cutout.bands is None:
            raise ArgumentError(
                f"The inputs have {len(cutout.pixels)} bands and do not name them. Name them in "
                "the order of the file (--bands); SDSS colour pictures are i,r,g."
            )
        return cutout, chain(seen, rest)
    reasons = "; ".join(dict.fromkeys(cutout.reason for cutout in seen[:20]))
    raise ArgumentError(
        f"None of the {len(seen)} inputs can be used. The first are: {reasons[:1000]}"
    )


def agreeing(cutouts: Iterable[Cutout], reference: Cutout) -> Iterator[Cutout]:
    """Give the cutouts, flagged where they differ from a reference.

    Other bands, another encoding or another shape make a cutout bad (`Flag.BANDS`,
    `Flag.DTYPE`, `Flag.SHAPE`); another pixel scale is only a warning (`Flag.PIXEL_SCALE`).

    Examples
    --------
    >>> import numpy as np
    >>> reference = Cutout(np.zeros((1, 8, 8), np.float32), bands=("r",))
    >>> other = Cutout(np.zeros((1, 8, 8), np.float32), bands=("g",))
    >>> [cutout.reason for cutout in agreeing([reference, other], reference)]
    ['', 'bands: the bands are g, those of the first image r']
    """
    return (_compared(cutout, reference) for cutout in cutouts)


def _compared(cutout: Cutout, reference: Cutout) -> Cutout:
    if cutout.pixels is None or reference.pixels is None:
        return cutout
    if cutout.bands != reference.bands:
        found = ", ".join(cutout.bands or ("without names",))
        note = f"the bands are {found}, those of the first image {', '.join(reference.bands or ())}"
        return cutout.flagged(Flag.BANDS, note)
    if cutout.encoding != reference.encoding:
        note = f"the pixels are {cutout.encoding}, those of the first image {reference.encoding}"
        return cutout.flagged(Flag.DTYPE, note)
    if cutout.pixels.shape != reference.pixels.shape:
        note = f"the shape is {cutout.pixels.shape}, that of the first {reference.pixels.shape}"
        return cutout.flagged(Flag.SHAPE, note)
    scale, first = cutout.pixel_scale, reference.pixel_scale
    if scale is None or first is None or abs(scale / first - 1) <= SCALE_FLAGGED:
        return cutout
    note = f"the pixel scale is {scale:.4g} arcsec/pixel, that of the first image {first:.4g}"
    return cutout.flagged(Flag.PIXEL_SCALE, note)
