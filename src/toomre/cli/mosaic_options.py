"""The options of every command that cuts stamps from mosaics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from toomre.mosaics.options import PSFMatching
    from toomre.mosaics.patterns import MosaicSource
    from toomre.preparation.inputs import Source

__all__ = [
    "Checksums",
    "Extension",
    "MaskBits",
    "MaskExtension",
    "PSFFwhm",
    "PSFTarget",
    "Regrid",
    "SizeArcsec",
    "SizeColumn",
    "SizeFactor",
    "SkipBad",
    "print_skipped",
    "psf_matching",
    "source_of",
]

SizeArcsec = Annotated[float | None, typer.Option(help="Side of each stamp [arcsec].")]
SizeColumn = Annotated[
    str | None, typer.Option(help="The table's column that gives the side, times --size-factor.")
]
SizeFactor = Annotated[float, typer.Option(help="For --size-column; the product is in arcsec.")]
Extension = Annotated[
    str | None, typer.Option(help="Name or number of the image in each mosaic file.")
]
MaskExtension = Annotated[
    str | None, typer.Option(help="... of a plane that marks bad pixels, or of weights.")
]
MaskBits = Annotated[int | None, typer.Option(help="Bits of it that are bad; default: any.")]
Regrid = Annotated[
    Literal["interp", "adaptive"],
    typer.Option(help="How to bring bands on another pixel grid to that of the first."),
]
PSFTarget = Annotated[
    str | None,
    typer.Option(help="Blur all bands to this FWHM of a star [arcsec]; model: as its card says."),
]
PSFFwhm = Annotated[
    list[str] | None,
    typer.Option(
        help="FWHM of the mosaics, BAND=ARCSEC or BAND=KEYWORD or BAND=KEYWORD:pixel; repeat it."
    ),
]
Checksums = Annotated[
    bool, typer.Option("--checksums/--no-checksums", help="Verify DATASUM and CHECKSUM.")
]

SkipBad = Annotated[
    bool,
    typer.Option("--skip-bad-mosaics", help="Do without the mosaics that cannot be used."),
]


def print_skipped(screen: Console, skipped: Sequence[Mapping[str, str]]) -> None:
    """Print which mosaics were passed over, and why."""
    if skipped:
        screen.print(f"Mosaics skipped, as they cannot be used: {len(skipped)}")
    for each in skipped:
        screen.print(f"  {ascii(each['file'])[1:-1]} ({each['band']}): {each['why']}")


def psf_matching(target: str | None, fwhm: Sequence[str] | None) -> PSFMatching | None:
    """Return the sharpness that was asked for, or None.

    Examples
    --------
    >>> psf_matching("1.3", ["g=1.1", "r=SEEING"]).fwhm
    {'g': 1.1, 'r': 'SEEING'}
    >>> psf_matching("model", ["g=1.1"]).target
    'model'
    """
    from toomre.errors import ArgumentError
    from toomre.mosaics.options import PSFMatching

    if target is None:
        if fwhm:
            raise ArgumentError.expected("psf_target", "given with --psf-fwhm", None)
        return None
    pairs = [text.partition("=") for text in fwhm or ()]
    for band, mark, value in pairs:
        if not (band.strip() and mark and value.strip()):
            raise ArgumentError.expected("psf_fwhm", "BAND=ARCSEC, such as g=1.1", band + mark)
    wanted = cast(float | Literal["model"], _number(target))  # which checks it
    return PSFMatching(wanted, {band.strip(): _number(value) for band, _, value in pairs})


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()


def source_of(
    path: Path | None,
    pattern: str | None,
    mosaics: Sequence[str] | None,
    stamps: Mapping[str, Any],
) -> Source | MosaicSource:
    """Return the input of a command that takes cutouts or mosaics, of which one must be given.

    Parameters
    ----------
    path, pattern
        The cutouts, and how their files are named.
    mosaics
        In place of them, ``BAND=FILES`` of survey images.
    stamps
        How stamps are cut from mosaics; see `toomre.mosaics.options.StampOptions`.

    Raises
    ------
    ArgumentError
        If both are given, or none, or an option that is for the other one.

    Examples
    --------
    >>> source_of(Path("cutouts"), None, None, {}).path.name
    'cutouts'
    """
    from toomre.errors import ArgumentError
    from toomre.mosaics.options import StampOptions
    from toomre.mosaics.patterns import MosaicSource, band_patterns
    from toomre.preparation.inputs import Source

    if (path is None) == (not mosaics):
        allowed = "one of the two (INPUT, or --mosaic BAND=FILES)"
        given = None if path is None else str(path)
        raise ArgumentError.expected("INPUT, mosaic", allowed, (given, mosaics))
    if path is None:
        if pattern is not None:
            allowed = "left out with --mosaic, whose BAND=FILES tells the names"
            raise ArgumentError.expected("pattern", allowed, pattern)
        return MosaicSource(band_patterns(mosaics or ()), StampOptions(**stamps))
    usual = StampOptions()
    for name, value in stamps.items():
        if value != getattr(usual, name):
            shown = value.target if name == "psf" else value
            option = _OPTIONS.get(name, name)
            raise ArgumentError.expected(option, "left out without --mosaic", shown, _FOR_STAMPS)
    return Source(path, pattern)


_OPTIONS = {"psf": "psf_target", "skip_bad": "skip_bad_mosaics"}
_FOR_STAMPS = "It says how stamps are cut from mosaics; cutouts are taken as they are."
