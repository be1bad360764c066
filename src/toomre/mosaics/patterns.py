"""Which files hold which band: ``BAND=PATTERN``, a pattern, or a list of files."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from toomre.errors import ArgumentError, MissingFileError
from toomre.mosaics.options import StampOptions

__all__ = [
    "FileMapping",
    "FileSpec",
    "MosaicSource",
    "band_patterns",
    "find_files",
    "named_file",
    "pattern_of",
]

#: What may be given for a band: a pattern or file, or several of them.
FileSpec = str | Path | Sequence[str | Path]
#: The same for each band.
FileMapping = Mapping[str, FileSpec]

# A file's name, and an extension's name or number behind it in square brackets.
_WITH_EXTENSION = re.compile(r"(.+\.(?:fits?|fts|fz|gz|bz2))\[([^\[\]]+)\]$", re.IGNORECASE)


@dataclass(frozen=True)
class MosaicSource:
    """Survey images as an input of `toomre.classify`; its table of positions is the catalogue.

    Attributes
    ----------
    files
        For each band a file, a pattern, or several; see `find_files`.
    options
        How stamps are cut; None: the field that the model wants.

    Examples
    --------
    >>> print(MosaicSource({"g": "tiles/*_g.fits", "r": ["a.fits", "b.fits"]}))
    g=tiles/*_g.fits r=a.fits r=b.fits
    """

    files: FileMapping
    options: StampOptions | None = None

    def __str__(self) -> str:
        pairs = [(band, given) for band, files in self.files.items() for given in _listed(files)]
        return " ".join(f"{band}={given}" for band, given in pairs)


def band_patterns(texts: Iterable[str]) -> dict[str, list[str]]:
    """Return the patterns of each band; a band may be given more than once.

    Examples
    --------
    >>> band_patterns(["g=tiles/*_g.fits", "r=a.fits", "r=b.fits"])
    {'g': ['tiles/*_g.fits'], 'r': ['a.fits', 'b.fits']}
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        band, mark, pattern = text.partition("=")
        if not (band.strip() and mark and pattern.strip()):
            raise ArgumentError.expected("mosaic", "BAND=FILES, such as g=tiles/*_g.fits", text)
        found.setdefault(band.strip(), []).append(pattern.strip())
    return found


def find_files(
    mosaics: FileMapping, extension: str | None = None
) -> dict[str, list[tuple[Path, str | None]]]:
    """Return the files of each band, sorted by name, each with the extension to take.

    Parameters
    ----------
    mosaics
        For each band a file, a pattern with ``*``, ``?``, ``[...]`` or ``**``, or several.
        A name may end in ``[EXTENSION]``: ``all.fits[R]``.
    extension
        The extension of all files that do not name their own.

    Raises
    ------
    MissingFileError
        If there is no such file, or nothing fits a pattern.
    ArgumentError
        If no band is given.

    Examples
    --------
    >>> find_files({"g": "nowhere/*.fits"})
    Traceback (most recent call last):
    toomre.errors.MissingFileError: No file fits 'nowhere/*.fits' (band g). ...
    """
    if not mosaics:
        raise ArgumentError.expected("mosaics", "the files of at least one band", dict(mosaics))
    found: dict[str, list[tuple[Path, str | None]]] = {}
    for band, given in mosaics.items():
        files = {
            pair for pattern in _listed(given) for pair in _expanded(str(pattern), band, extension)
        }
        found[band] = sorted(files, key=lambda pair: (str(pair[0]), pair[1] or ""))
    return found


def named_file(path: Path, extension: str | None, usual: str | None) -> str:
    """Return how a file and its image are given to `find_files`, where `usual` is the extension.

    Examples
    --------
    >>> named_file(Path("all.fits"), "R", "SCI"), named_file(Path("a.fits"), "SCI", "SCI")
    ('all.fits[R]', 'a.fits')
    """
    return str(path) if extension == usual else f"{path}[{extension}]"


def pattern_of(path: Path, mosaics: FileMapping) -> str | None:
    """Return the pattern that fits a file, whether the file is there or not; None if none does.

    Examples
    --------
    >>> pattern_of(Path("tiles/mergers_g.fits"), {"g": "tiles/*_g.fits", "r": "tiles/a.fits"})
    'tiles/*_g.fits'
    >>> pattern_of(Path("tiles/mergers.fits"), {"g": "tiles/*_g.fits"}) is None
    True
    """
    for pattern in (str(each) for given in mosaics.values() for each in _listed(given)):
        match = _WITH_EXTENSION.match(pattern)
        plain = match[1] if match and not Path(pattern).is_file() else pattern
        parts = [Path(os.path.abspath(each)).parts for each in (path, plain)]  # noqa: PTH100 - without following links
        if _fits(*parts):
            return pattern
    return None


def _fits(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    if not wanted or not parts:
        return not parts and all(each == "**" for each in wanted)
    if wanted[0] == "**":
        return _fits(parts, wanted[1:]) or _fits(parts[1:], wanted)
    return fnmatchcase(parts[0], wanted[0]) and _fits(parts[1:], wanted[1:])


def _listed(given: FileSpec) -> list[str | Path]:
    return [given] if isinstance(given, str | Path) else list(given)


def _expanded(pattern: str, band: str, extension: str | None) -> list[tuple[Path, str | None]]:
    if Path(pattern).is_file():
        return [(Path(pattern), extension)]
    if match := _WITH_EXTENSION.match(pattern):
        pattern, extension = match[1], match[2]
    names = [pattern] if Path(pattern).is_file() else glob.glob(pattern, recursive=True)  # noqa: PTH207 - absolute patterns too
    if not names:
        raise MissingFileError(
            f"No file fits {pattern!r} (band {band}). Put quotes around a pattern, so that the "
            "shell leaves it alone."
        )
    return [(Path(name), extension) for name in names]
