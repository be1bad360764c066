"""What is written never takes the place of what is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from toomre.errors import ArgumentError
from toomre.mosaics.patterns import FileMapping, find_files, pattern_of

__all__ = ["check_apart", "mosaic_files"]

_READ = (".fits", ".parquet")  # endings of an output that files in a folder to be read may have


def check_apart(out: Path, given: Iterable[Path | str | None], *, is_own: bool = False) -> None:
    """Refuse an output that would replace what is to be read, or a part of it.

    Parameters
    ----------
    out
        The file or folder to write.
    given
        The files and folders to be read; None is passed over.
    is_own
        Whether what is at `out` is an earlier output, which may lie in a folder that is read.

    Raises
    ------
    ArgumentError
        If `out` is one of them, holds one of them, or is a FITS or Parquet file in one of them.

    Examples
    --------
    >>> check_apart(Path("sky.fits"), [__file__, None])
    >>> check_apart(Path(__file__), [__file__])
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `out` to be another file than those to be read, ...
    """
    if not out.exists():
        return
    place = out.resolve()
    for path in (Path(path).resolve() for path in given if path is not None):
        replaced = path == place or place in path.parents
        part = path in place.parents and place.suffix in _READ and not is_own
        if path.exists() and (replaced or part):
            raise ArgumentError.expected(
                "out", "another file than those to be read", str(out), "Give another name."
            )


def mosaic_files(out: Path, files: FileMapping, extension: str | None) -> list[Path]:
    """Return the files of all bands; an output that a pattern would find among them is refused.

    Parameters
    ----------
    out
        The file to write, there already or not.
    files, extension
        See `toomre.mosaics.patterns.find_files`.

    Raises
    ------
    ArgumentError
        If the next run would read `out` as a mosaic.
    MissingFileError
        If there is no such file, or nothing fits a pattern.
    """
    found = [path for band in find_files(files, extension).values() for path, _ in band]
    pattern = None if out.exists() else pattern_of(out, files)
    if pattern is not None:
        hint = "It would be read as a mosaic the next time; give another name or folder."
        allowed = f"a file that the pattern {pattern!r} of the mosaics does not fit"
        raise ArgumentError.expected("out", allowed, str(out), hint)
    return found
