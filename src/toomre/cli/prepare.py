"""`toomre prepare`: raw images and a table become one prepared data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toomre.cli.options import (
    Bands,
    DecColumn,
    FileColumn,
    IdColumn,
    Pattern,
    PixelEncoding,
    PixelScale,
    RaColumn,
    names,
)

if TYPE_CHECKING:
    from toomre.preparation.prepared import PreparedSet

__all__ = ["parse_split", "prepare"]

_SHOWN = 10


def prepare(  # noqa: PLR0917 - typer hands them over by name
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", help="Folder of images, an image, or a .npy stack.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    catalog: Annotated[
        Path | None,
        typer.Option(help="Table with one row an image: CSV, ECSV, FITS, VOTable or Parquet."),
    ] = None,
    size: Annotated[int, typer.Option(help="Side of the stored images [pixel].")] = 75,
    crop: Annotated[
        float | None,
        typer.Option(help="Side of the centred square to cut [input pixel]; default: all."),
    ] = None,
    bands: Bands = None,
    wanted: Annotated[
        str | None, typer.Option(help="Bands to store in order; default: all.")
    ] = None,
    pixel_scale: PixelScale = None,
    encoding: PixelEncoding = None,
    unit: Annotated[str, typer.Option(help="Unit of the pixel values, for the record.")] = "",
    pattern: Pattern = None,
    id_column: IdColumn = None,
    file_column: FileColumn = None,
    galaxy_column: Annotated[str | None, typer.Option(help="... of galaxies.")] = None,
    label_column: Annotated[
        str | None, typer.Option(help='... of labels, 1 = merger; "" for none.')
    ] = None,
    ra_column: RaColumn = None,
    dec_column: DecColumn = None,
    redshift_column: Annotated[str | None, typer.Option(help="... of redshift.")] = None,
    split: Annotated[
        str, typer.Option(help="Shares of train, valid and test, split by galaxy.")
    ] = "70:10:20",
    link_length: Annotated[
        float, typer.Option(help="Galaxies this close stay together [arcsec]; 0 = off.")
    ] = 150.0,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    stratify: Annotated[
        bool,
        typer.Option(
            help="Give each part its share of each class; --no-stratify splits without a look at "
            "the labels, as for a target to adapt to."
        ),
    ] = True,
    overwrite: Annotated[bool, typer.Option(help="Replace a finished data set.")] = False,
    strict: Annotated[bool, typer.Option(help="End with code 1 if any input is bad.")] = False,
) -> None:
    """Turn raw images, and a table of them, into one prepared data set.

    A bad input never stops the run: it is kept with its reason and goes in no part of the split.
    """
    from toomre.cli.progress import progress_bar
    from toomre.images.grid import Grid
    from toomre.images.loading import Facts
    from toomre.jobs.prepare import prepare as run
    from toomre.preparation.columns import Columns
    from toomre.preparation.inputs import Source
    from toomre.preparation.split import SplitOptions

    with progress_bar("Preparing") as progress:
        prepared = run(
            Source(source, pattern),
            out,
            catalog,
            columns=Columns(
                image_id=id_column,
                file=file_column,
                galaxy_id=galaxy_column,
                label=label_column,
                ra=ra_column,
                dec=dec_column,
                redshift=redshift_column,
            ),
            grid=Grid(size=size, crop=crop, native_pixel_scale=pixel_scale),
            facts=Facts(
                bands=names(bands),
                pixel_scale=pixel_scale,
                encoding=encoding,
                wanted=names(wanted),
                unit=unit,
            ),
            split=SplitOptions(parse_split(split), link_length, seed, stratify),
            overwrite=overwrite,
            progress=progress,
        )
    _report(prepared)
    if strict and prepared.info.status_counts.get("bad", 0):
        raise typer.Exit(1)


def parse_split(text: str) -> tuple[float, float, float]:
    """Return the shares that a text such as ``70:10:20`` means; they sum to 1.

    Examples
    --------
    >>> parse_split("70:10:20")
    (0.7, 0.1, 0.2)
    """
    from toomre.errors import ArgumentError

    try:
        train, valid, test = (float(part) for part in text.split(":"))
        total = train + valid + test
        return train / total, valid / total, test / total
    except (ValueError, ZeroDivisionError) as error:
        raise ArgumentError.expected("split", "three numbers such as 70:10:20", text) from error


def _report(prepared: PreparedSet) -> None:
    """Print what was made, and the first bad inputs with their reasons."""
    from toomre.cli.progress import console
    from toomre.images.flags import flag_counts

    screen = console()
    counts = prepared.summary()
    screen.print(
        f"{counts['images']} images of {counts['galaxies']} galaxies: {counts['mergers']} mergers, "
        f"{counts['nonmergers']} nonmergers, {counts['unlabelled']} unlabelled"
    )
    screen.print(f"ok {counts['ok']}, warn {counts['warn']}, bad {counts['bad']}")
    if counts["left_out"]:
        screen.print(f"{counts['left_out']} images left out, as no row of the table has them")
    if lacking := counts["without_votes"]:
        labelled = counts["unlabelled"] < counts["images"]
        then = "a training on votes leaves them out" if labelled else "they are in no part"
        screen.print(f"{lacking} images lack some of the 37 vote fractions: {then}")
    if prepared.split is not None:
        parts = {name: len(prepared.split.rows(name)) for name in ("train", "valid", "test")}
        screen.print(", ".join(f"{name} {count}" for name, count in parts.items()))
    for name, count in flag_counts(prepared.catalog["flags"]).items():
        screen.print(f"  {name}: {count}")
    bad = prepared.catalog[prepared.catalog["status"] == "bad"]
    for image_id, reason in bad[["image_id", "reason"]].head(_SHOWN).itertuples(index=False):
        screen.print(f"  bad: {_printable(image_id)}: {_printable(reason)}")
    if len(bad) > _SHOWN:
        screen.print(f"  ... and {len(bad) - _SHOWN} more; see the column `reason`")
    screen.print(f"Written to {_printable(str(prepared.folder))}")


def _printable(text: str, most: int = 200) -> str:
    """Return text that cannot move the cursor or turn the line around."""
    shown = text if len(text) <= most else f"{text[:most]}..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
