"""``toomre layers``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["layers"]


def layers(
    name: Annotated[str, typer.Argument(help="Backbone, or recipe (TOML, or a shipped one).")],
    size: Annotated[
        int | None,
        typer.Option(min=1, help="Side of the images [pixel]; else the recipe's, or 75."),
    ] = None,
    bands: Annotated[int, typer.Option(min=1, help="Bands of the images.")] = 3,
    depth: Annotated[
        int | None, typer.Option(min=1, help="Put together what is deeper in the network.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Table to write as well (CSV).")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the table.")] = False,
) -> None:
    """List a network's layers: kind, shape of what each gives, and how many numbers it has."""
    from toomre.jobs.layers import layers as job

    typer.echo(str(job(name, size=size, bands=bands, depth=depth, out=out, overwrite=overwrite)))
