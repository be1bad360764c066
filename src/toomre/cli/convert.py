"""`toomre convert`: a published data set, as downloaded, becomes prepared sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from toomre.cli.options import names

__all__ = ["convert"]


def convert(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="deepmerge1, deepmerge2-simsim or deepmerge2-simreal."),
    ],
    source: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the downloaded files.")],
    out: Annotated[Path, typer.Option(help="Folder to make; each domain is a folder in it.")],
    protocol: Annotated[
        Literal["grouped", "paper"],
        typer.Option(help="Split by galaxy, or as published (test galaxies are in training)."),
    ] = "grouped",
    bands: Annotated[
        str | None, typer.Option(help="Bands of the planes of the (source) files, such as i,r,g.")
    ] = None,
    filters: Annotated[
        int | None, typer.Option(help="2 or 3, if files of both kinds are there.")
    ] = None,
    split: Annotated[
        str, typer.Option(help="Shares of train, valid and test of the grouped split.")
    ] = "70:10:20",
    seed: Annotated[int, typer.Option(help="Seed of the grouped split.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace finished sets.")] = False,
) -> None:
    """Turn a published data set, as downloaded, into prepared sets that share one split."""
    from toomre.cli.prepare import parse_split
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.convert import ConvertOptions
    from toomre.jobs.convert import convert as job
    from toomre.preparation.split import SplitOptions

    options = ConvertOptions(
        protocol, names(bands), filters, SplitOptions(parse_split(split), seed=seed)
    )
    with progress_bar("Converting") as progress:
        made = job(name, source, out, options=options, overwrite=overwrite, progress=progress)
    screen = console()
    for domain, prepared in made.items():
        counts = prepared.summary()
        screen.print(
            f"{domain}: {counts['images']} images of {counts['galaxies']} galaxies, "
            f"{counts['mergers']} of mergers, {counts['bad']} bad, in {prepared.folder}"
        )
    if protocol == "paper":
        screen.print(
            "Published protocol: test galaxies are in training. Scores on it are too good; "
            "compare them with those of --protocol grouped."
        )
