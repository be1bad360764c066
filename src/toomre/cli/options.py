"""Options that several commands share, each with its one help text."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

__all__ = [
    "Bands",
    "DecColumn",
    "Device",
    "FileColumn",
    "IdColumn",
    "Pattern",
    "PixelEncoding",
    "PixelScale",
    "RaColumn",
    "names",
]

Bands = Annotated[str | None, typer.Option(help="Bands of the inputs in order, such as i,r,g.")]
PixelScale = Annotated[float | None, typer.Option(help="Pixel scale of the inputs [arcsec/pixel].")]
PixelEncoding = Annotated[
    Literal["linear", "display"] | None,
    typer.Option(help="linear (flux) or display (brightness on a screen)."),
]
Pattern = Annotated[
    str | None, typer.Option(help="How files are named, such as {image_id}_{band}.fits.")
]
IdColumn = Annotated[str | None, typer.Option(help="The table's column of image ids.")]
FileColumn = Annotated[str | None, typer.Option(help="... of files below INPUT.")]
RaColumn = Annotated[str | None, typer.Option(help="... of right ascension.")]
DecColumn = Annotated[str | None, typer.Option(help="... of declination.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]


def names(text: str | None) -> tuple[str, ...] | None:
    """Return the names in a list with commas, or None.

    Examples
    --------
    >>> names("i, r,g")
    ('i', 'r', 'g')
    """
    return None if text is None else tuple(part.strip() for part in text.split(","))
