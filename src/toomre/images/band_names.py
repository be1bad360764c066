"""Match the bands that are wanted with the names that a file states."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError, one_line

__all__ = ["Choice", "choose_planes", "find_band", "wrong_bands"]

_SEPARATORS = re.compile(r"[\s._,:;/-]+")

#: Which planes to take, in order, and their names where these are known.
Choice = tuple[list[int], tuple[str, ...] | None]


def wrong_bands(found: Sequence[str | None], count: int, wanted: Sequence[str]) -> BadInputError:
    """Return the error that names the bands that were found and those that were expected."""
    names = [one_line(name, 30) for name in found if name]
    plural = "band" if count == 1 else "bands"
    has = f"{count} {plural} ({', '.join(names)})" if names else f"{count} unnamed {plural}"
    expected = f"expected {len(wanted)} ({', '.join(wanted)})"
    return BadInputError(Flag.BANDS, f"the input has {has}; {expected}")


def find_band(wanted: str, stated: Sequence[str | None]) -> int | None:
    """Return the only place where a band is named, or None.

    A stated name fits if it is the same, or if it is the same in another case or its first or
    last part is (``HSC-G`` and ``g DECam SDSS`` are g).

    Examples
    --------
    >>> find_band("g", ["HSC-R", "HSC-G"]), find_band("g", ["r", "g", "g"])
    (1, None)
    """
    same = [i for i, name in enumerate(stated) if name == wanted]
    if not same:
        same = [i for i, name in enumerate(stated) if name and _loosely(name, wanted)]
    return same[0] if len(same) == 1 else None


def _loosely(stated: str, wanted: str) -> bool:
    parts = [part for part in _SEPARATORS.split(stated.casefold()) if part]
    return wanted.casefold() in (stated.casefold(), *parts[:1], *parts[-1:])


def choose_planes(
    wanted: Sequence[str] | None, stated: Sequence[str | None], labels: Sequence[str | None]
) -> Choice:
    """Choose the planes of a file by the names of their bands.

    Parameters
    ----------
    wanted
        The bands that the caller wants, in order; None for all that there are.
    stated
        For each plane the band that the file states (FILTER, BAND, BANDS), or None.
    labels
        For each plane another label (EXTNAME), which may be the name of a band, or None.

    Returns
    -------
    tuple
        The places of the planes in order, and their names or None.

    Raises
    ------
    BadInputError
        `Flag.BANDS`, naming the bands found and expected.

    Examples
    --------
    >>> choose_planes(("g", "r"), ["r", "g", "i"], [None] * 3)
    ([1, 0], ('g', 'r'))
    >>> choose_planes(("g", "r"), ["r", "i"], [None] * 2)
    Traceback (most recent call last):
    toomre.images.read_limits.BadInputError: the input has 2 bands (r, i); expected 2 (g, r)
    """
    count = len(stated)
    if wanted is None:
        several = [labels] if count > 1 else []
        for names in (stated, *several):
            if None not in names and len(set(names)) == count:
                return list(range(count)), tuple(str(name) for name in names)
        return list(range(count)), None
    for names in (stated, labels):
        places = [find_band(band, names) for band in wanted]
        if None not in places:
            return [place for place in places if place is not None], tuple(wanted)
        if any(place is not None for place in places):
            raise wrong_bands(names, count, wanted)
    if None not in stated and len(set(stated)) == count:
        raise wrong_bands(stated, count, wanted)
    if count != len(wanted):
        named = None not in labels and len(set(labels)) == count
        raise wrong_bands(labels if named else stated, count, wanted)
    return list(range(count)), tuple(wanted)
