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
    "NetworkPrecision",
    "Pattern",
    "PixelEncoding",
    "PixelScale",
    "RaColumn",
    "Runtime",
    "Start",
    "names",
    "whole_numbers",
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
Start = Annotated[
    str | None, typer.Option(help="Run, model folder or shipped model to start from.")
]
Runtime = Annotated[
    Literal["torch", "onnx", "openvino"],
    typer.Option(help="What runs the network; onnx and openvino on the CPU alone."),
]
NetworkPrecision = Annotated[
    Literal["float32", "bfloat16"],
    typer.Option(help="bfloat16 is quicker and moves a score by up to 0.03."),
]


def names(text: str | None) -> tuple[str, ...] | None:
    """Return the names in a list with commas, or None.

    Examples
    --------
    >>> names("i, r,g")
    ('i', 'r', 'g')
    """
    return None if text is None else tuple(part.strip() for part in text.split(","))


def whole_numbers(name: str, text: str) -> tuple[int, ...]:
    """Return the numbers in a list with commas.

    Raises
    ------
    BadParameter
        If one is not a whole number.

    Examples
    --------
    >>> whole_numbers("epochs", "0, 20,40")
    (0, 20, 40)
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        allowed = "Expected whole numbers with commas, such as 0,20,40"
        raise typer.BadParameter(f"{allowed}, but got {text!r}.", param_hint=f"--{name}") from error
