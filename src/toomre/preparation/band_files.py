"""Put together the files that hold one galaxy in several bands, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag

__all__ = ["BandFiles", "band_problem", "group_by_band"]

_FITS = r"(?:\.(?:fits|fit|fts)(?:\.(?:fz|gz|bz2))?|\.fz)"
_ID = r"(?P<image_id>.+?)"
#: How the names of one file a band are usually made; B stands for the band.
_USUAL = (
    rf"{_ID}[_.-](?P<band>B){_FITS}",
    rf"{_ID}[_.-](?P<band>B)[_-]?band{_FITS}",
    rf"(?P<band>B)(?:[_-]?band)?[_.-]{_ID}{_FITS}",
)
_USUAL_FOLDER = rf"(?P<band>B)/{_ID}{_FITS}"
_FLAGS = re.IGNORECASE | re.DOTALL


class BandFiles(NamedTuple):
    """The files of one image: its id, their paths, and their bands if they were put together."""

    image_id: str
    names: tuple[str, ...]
    bands: tuple[str, ...] | None


def band_problem(found: Sequence[str], wanted: Sequence[str]) -> Cutout | None:
    """Return why the files of one image, one a band, cannot be put together; None if they can.

    Parameters
    ----------
    found
        The band of each file.
    wanted
        The bands that are needed.

    Examples
    --------
    >>> band_problem(("g", "i"), ("g", "r", "i")).reason
    'missing_band: there is no file for the band r'
    >>> band_problem(("g", "g", "r"), ("g", "r")).reason
    'bands: there are several files for the band g'
    """
    missing = [band for band in wanted if band not in found]
    if missing:
        note = f"there is no file for the band {', '.join(missing)}"
        return Cutout.bad(Flag.MISSING_BAND, note)
    repeated = sorted({band for band in found if found.count(band) > 1})
    if repeated:
        note = f"there are several files for the band {', '.join(repeated)}"
        return Cutout.bad(Flag.BANDS, note)
    return None


class _Rule(NamedTuple):
    regex: re.Pattern[str]
    whole_path: bool

    def read(self, name: str) -> tuple[str, str | None] | None:
        """Return the image id and the band that a path tells, or None if it does not fit."""
        parent, slash, last = ("", "", name) if self.whole_path else _parted(name)
        match = self.regex.fullmatch(last)
        if match is None:
            return None
        return f"{parent}{slash}{match['image_id']}", match.groupdict().get("band")


def group_by_band(
    names: Sequence[str], bands: Sequence[str] | None, pattern: str | None
) -> Iterator[BandFiles]:
    """Give the files of each image, in the order of the first of them.

    Parameters
    ----------
    names
        Paths below one folder, with slashes.
    bands
        The bands asked for, in order.
    pattern
        As in `toomre.preparation.inputs.Source`; None guesses from the names of FITS files.

    Yields
    ------
    BandFiles
        The paths in the order of `bands`; a band may be missing or be there twice. A file
        that was not put together stands for itself: its id is its path, its bands are None.

    Raises
    ------
    ArgumentError
        If the pattern is not allowed or fits no name.

    Examples
    --------
    >>> names = ["a_g.fits", "a_r.fits", "b_g.fits", "c.fits"]
    >>> for found in group_by_band(names, ["r", "g"], None):
    ...     print(found.image_id, found.names, found.bands)
    a ('a_r.fits', 'a_g.fits') ('r', 'g')
    b ('b_g.fits',) ('g',)
    c.fits ('c.fits',) None
    """
    wanted = tuple(bands or ())
    rule = _guess(names, wanted) if pattern is None else _rule(pattern, wanted)
    groups: dict[str, list[tuple[int, str]]] = {}
    order: list[tuple[str, bool]] = []
    for name in names:
        found = rule.read(name) if rule else None
        if found is None:
            if pattern is None:
                order.append((name, False))
            continue
        image_id, band = found
        if image_id not in groups:
            order.append((image_id, True))
        groups.setdefault(image_id, []).append((wanted.index(band) if band else 0, name))
    if not order:
        raise ArgumentError.expected(
            "pattern", f"one that fits the names, such as {names[0]!r}", pattern
        )
    has_band = rule is not None and "band" in rule.regex.groupindex
    for key, grouped in order:
        if not grouped:
            yield BandFiles(key, (key,), None)
            continue
        files = sorted(groups[key])
        found_bands = tuple(wanted[index] for index, _ in files) if has_band else None
        yield BandFiles(key, tuple(name for _, name in files), found_bands)


def _rule(pattern: str, bands: tuple[str, ...]) -> _Rule:
    parts = re.split(r"(\{[^{}]*\})", pattern)
    fields = parts[1::2]
    literal = "".join(parts[::2])
    if (
        fields.count("{image_id}") != 1
        or fields.count("{band}") != len(fields) - 1
        or (len(fields) > 2 or "{" in literal or "}" in literal)
    ):
        raise ArgumentError.expected(
            "pattern", "a name with {image_id} and, for one file a band, {band}", pattern
        )
    if "{band}" in fields and not bands:
        raise ArgumentError(
            f"The pattern {pattern!r} has a {{band}}, but the bands are not known. "
            "Name them in order (--bands)."
        )
    regexes = {"{image_id}": _ID, "{band}": rf"(?P<band>{_either(bands)})"}
    text = "".join(regexes.get(part, re.escape(part)) for part in parts)
    return _Rule(re.compile(text, re.DOTALL), "/" in pattern)


def _guess(names: Sequence[str], bands: tuple[str, ...]) -> _Rule | None:
    """Return the usual rule that finds most images with all the bands, if there is any."""
    if len(bands) < 2:
        return None
    rules = [_Rule(_usual(text, bands), False) for text in _USUAL]
    rules.append(_Rule(_usual(_USUAL_FOLDER, bands), True))
    counts = [_count_complete(names, rule, len(bands)) for rule in rules]
    best = max(range(len(rules)), key=lambda index: counts[index])
    return rules[best] if counts[best] else None


def _usual(text: str, bands: tuple[str, ...]) -> re.Pattern[str]:
    # Endings in any case, bands as they are: J and j are not the same filter.
    return re.compile(text.replace("(?P<band>B)", rf"(?P<band>(?-i:{_either(bands)}))"), _FLAGS)


def _count_complete(names: Sequence[str], rule: _Rule, wanted: int) -> int:
    bands: dict[str, set[str | None]] = {}
    for name in names:
        if found := rule.read(name):
            bands.setdefault(found[0], set()).add(found[1])
    return sum(len(found) == wanted for found in bands.values())


def _either(bands: tuple[str, ...]) -> str:
    return "|".join(re.escape(band) for band in sorted(bands, key=len, reverse=True))


def _parted(name: str) -> tuple[str, str, str]:
    parent, slash, last = name.rpartition("/")
    return parent, slash, last
