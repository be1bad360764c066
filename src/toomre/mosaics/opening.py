"""Open the images of a band: one that cannot be used stops the run, or is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError, ToomreError
from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError
from toomre.mosaics.frame import Frame, open_frame
from toomre.mosaics.options import StampOptions
from toomre.mosaics.patterns import named_file

__all__ = ["SkippedMosaic", "open_frames"]


class SkippedMosaic(NamedTuple):
    """A file that was passed over.

    Attributes
    ----------
    band
        The band that it was given for.
    file
        Its name as it was given, with folders, and its image where that was named.
    why
        What is wrong with it.
    """

    band: str
    file: str
    why: str


def open_frames(
    band: str, files: Sequence[tuple[Path, str | None]], options: StampOptions
) -> tuple[list[Frame], list[SkippedMosaic]]:
    """Open and check the images of a band; return those that can be used, and the others.

    Parameters
    ----------
    band
        Its name.
    files
        From `toomre.mosaics.patterns.find_files`.
    options
        Whether a file that cannot be used is passed over, and how each is opened.

    Raises
    ------
    MissingFileError, CorruptFileError, ArgumentError
        If a file cannot be used and is not to be passed over, or if none can be used.
    """
    frames: list[Frame] = []
    skipped: list[SkippedMosaic] = []
    for path, extension in files:
        try:
            frames.append(_open(path, extension, options))
        except BadInputError as error:
            why = f"{str(error.flag.name).lower()}: {error.note}"
            if not options.skip_bad:
                raise _refusal(band, path, error) from error
            name = named_file(path, extension, options.extension)
            skipped.append(SkippedMosaic(band, name, why))
            if len(skipped) == len(files):
                count = f"None of the {len(files)} mosaics of the band {band} can be used"
                why = f"{skipped[0].file!a}: {skipped[0].why}"
                raise CorruptFileError(f"{count}; the first is {why}.") from error
    return frames, skipped


def _open(path: Path, extension: str | None, options: StampOptions) -> Frame:
    try:
        return open_frame(path.absolute(), extension, options)
    except ToomreError:
        raise
    except OSError as error:  # no permission, a failing disk
        note = f"it cannot be read: {error.strerror or error}"
        raise BadInputError(Flag.UNREADABLE, note) from error


def _refusal(band: str, path: Path, error: BadInputError) -> ToomreError:
    """Return the error for a file; the flag of what is wrong decides its kind."""
    name = str(error.flag.name).lower()
    hint = "To do without it: --skip-bad-mosaics."
    if error.flag & Flag.CHECKSUM:
        hint = f"To use it as it is: --no-checksums. {hint}"
    note = f"The mosaic {str(path)!a} (band {band}) cannot be used ({name}): {error.note}. {hint}"
    if error.flag & Flag.MISSING_FILE:
        return MissingFileError(note)
    return ArgumentError(note) if error.flag & _NOT_DAMAGED else CorruptFileError(note)


_NOT_DAMAGED = (
    Flag.WCS | Flag.SHAPE | Flag.AMBIGUOUS_HDU | Flag.NO_IMAGE | Flag.NOT_FITS
    | Flag.NOT_AN_IMAGE | Flag.SIZE | Flag.DTYPE
)  # fmt: skip
