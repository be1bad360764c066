"""What can be wrong with an input: one bit each, and the status that follows from them.

The bits are part of the catalogue format: a released bit never changes its meaning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import IntFlag, StrEnum

__all__ = ["BAD", "WARN", "Flag", "Status", "flag_counts", "flag_names", "is_bad", "status_of"]


class Status(StrEnum):
    """Whether an input can be used: as it is, with care, or not at all."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


class Flag(IntFlag):
    """The bits of the `flags` column; 0 means that nothing was found."""

    # bad: the input is not used, and its score is NaN
    UNREADABLE = 1 << 0  # empty, no permission, not a regular file, or the decoder failed
    TRUNCATED = 1 << 1  # the data end before the header says
    CHECKSUM = 1 << 2  # the FITS CHECKSUM or DATASUM does not match
    SIZE = 1 << 3  # too large to be a cutout, or smaller than 8 pixels
    HEADER = 1 << 4  # the header breaks the format's rules
    SHAPE = 1 << 5  # not (y, x) or (band, y, x), or another shape than its siblings
    AMBIGUOUS_HDU = 1 << 6  # several images in one file and no rule to choose
    CORRUPT = 1 << 7  # compressed data that cannot be unpacked
    NOT_FITS = 1 << 8  # the ending says FITS, the content does not
    NOT_AN_IMAGE = 1 << 9  # the content is no supported image format
    NO_IMAGE = 1 << 10  # a FITS file without any image
    DTYPE = 1 << 11  # pixels that are no real numbers
    MULTIFRAME = 1 << 12  # an animation or a multi-page file
    MISSING_FILE = 1 << 13  # the table names a file that is not there
    MISSING_BAND = 1 << 14  # a band is absent, blank or wholly masked
    BANDS = 1 << 15  # the bands are not those that were asked for
    COORDINATES = 1 << 16  # right ascension or declination is not on the sky
    WCS = 1 << 17  # a world coordinate system that cannot be used
    ALL_MASKED = 1 << 18  # no finite pixel
    TOO_MASKED = 1 << 19  # more masked pixels than the limit
    CENTRE_MASKED = 1 << 20  # the centre, where the galaxy should be, is masked
    BLANK = 1 << 21  # all pixels have the same value
    OUTSIDE = 1 << 22  # the position lies in none of the mosaics
    KILLED_WORKER = 1 << 23  # the process that had it died, twice
    # warn: the input is used, and the user should know
    PADDING = 1 << 32  # the last FITS block is not filled up
    EXTENSION_MISMATCH = 1 << 33  # the content is another format than the ending says
    MASKED_PIXELS = 1 << 34  # some pixels were not finite and have been filled
    SATURATED = 1 << 35  # a flat top at the brightest value
    OUTLIER = 1 << 36  # single pixels far above their neighbours
    NONPOSITIVE_FLUX = 1 << 37  # the total flux is zero or negative
    BACKGROUND = 1 << 38  # the sky has not been subtracted
    RANGE = 1 << 39  # values far from those that the model was trained on
    EDGE = 1 << 40  # part of the frame lies outside the image
    OFFCENTRE = 1 << 41  # the brightest source is not at the centre
    IDENTICAL_BANDS = 1 << 42  # two bands hold the same pixels
    PIXEL_SCALE = 1 << 43  # the pixel scale is not that of the other inputs or the model
    PIXEL_SCALE_UNKNOWN = 1 << 44  # no pixel scale was given; the expected one is assumed
    STRETCH = 1 << 45  # looks like a stretched picture where linear flux is expected
    HEADER_ODD = 1 << 46  # a header that had to be repaired to be read
    OOD = 1 << 47  # unlike the images that the model was trained on (out of distribution)
    REPROJECTED = 1 << 48  # a band was brought to the pixel grid of another
    PSF_BROADER = 1 << 49  # a band is less sharp than was asked for, and was left so


_FIRST_WARNING = Flag.PADDING.value

#: Flags that make an input unusable.
BAD = Flag(sum(flag.value for flag in Flag if flag.value < _FIRST_WARNING))
#: Flags that leave an input usable.
WARN = Flag(sum(flag.value for flag in Flag if flag.value >= _FIRST_WARNING))


def status_of(flags: Flag) -> Status:
    """Return the status that some flags mean.

    Examples
    --------
    >>> status_of(Flag(0)), status_of(Flag.EDGE), status_of(Flag.EDGE | Flag.BLANK)
    (<Status.OK: 'ok'>, <Status.WARN: 'warn'>, <Status.BAD: 'bad'>)
    """
    if flags & BAD:
        return Status.BAD
    return Status.WARN if flags & WARN else Status.OK


def flag_counts(masks: Iterable[int]) -> dict[str, int]:
    """Return how many bit masks have each flag, the most frequent first.

    Examples
    --------
    >>> flag_counts([Flag.EDGE, 0, Flag.EDGE | Flag.BLANK])
    {'edge': 2, 'blank': 1}
    """
    counts = Counter(name for mask in masks for name in flag_names(int(mask)))
    return dict(counts.most_common())


def is_bad(name: str) -> bool:
    """Return whether the flag of a name makes an input unusable.

    Examples
    --------
    >>> is_bad("blank"), is_bad("edge")
    (True, False)
    """
    return bool(Flag[name.upper()] & BAD)


def flag_names(flags: int) -> tuple[str, ...]:
    """Return the names of the bits that are set, in lower case.

    Examples
    --------
    >>> flag_names(Flag.EDGE | Flag.BLANK)
    ('blank', 'edge')
    """
    return tuple(str(flag.name).lower() for flag in Flag if flag & flags)
