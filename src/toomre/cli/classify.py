"""``toomre classify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toomre.cli.mosaic_options import (
    Checksums,
    Extension,
    MaskBits,
    MaskExtension,
    PSFFwhm,
    PSFTarget,
    Regrid,
    SizeArcsec,
    SizeColumn,
    SizeFactor,
    psf_matching,
    source_of,
)
from toomre.cli.options import (
    Bands,
    DecColumn,
    Device,
    FileColumn,
    IdColumn,
    Pattern,
    PixelEncoding,
    PixelScale,
    RaColumn,
    names,
)

if TYPE_CHECKING:
    from toomre.jobs.classified import ClassifiedCatalog

__all__ = ["classify", "report"]

_SHOWN = 5


def classify(  # noqa: PLR0917 - typer hands them over by name
    out: Annotated[
        Path, typer.Option(help="Catalogue to write: .parquet, .fits, .vot, .ecsv or .csv.")
    ],
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="INPUT", help="Folder of cutouts, one cutout, a .npy stack or a prepared set."
        ),
    ] = None,
    mosaic: Annotated[
        list[str] | None,
        typer.Option(help="In place of INPUT: BAND=FILES of survey images; repeat it."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Model by name or folder; default: the first shipped one. Several are averaged."
        ),
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option(help="Table of the galaxies: gives ids, positions and order.")
    ] = None,
    bands: Bands = None,
    pixel_scale: PixelScale = None,
    encoding: PixelEncoding = None,
    pattern: Pattern = None,
    id_column: IdColumn = None,
    file_column: FileColumn = None,
    ra_column: RaColumn = None,
    dec_column: DecColumn = None,
    threshold: Annotated[
        float | None, typer.Option(help="Probability of a merger; default: the model's.")
    ] = None,
    size_arcsec: SizeArcsec = None,
    size_column: SizeColumn = None,
    size_factor: SizeFactor = 1.0,
    extension: Extension = None,
    mask_extension: MaskExtension = None,
    mask_bits: MaskBits = None,
    regrid: Regrid = "interp",
    psf_target: PSFTarget = None,
    psf_fwhm: PSFFwhm = None,
    checksums: Checksums = True,
    device: Device = "auto",
    allow_domain: Annotated[
        bool,
        typer.Option("--allow-domain", help="Let pictures go to a model of flux, or the reverse."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with code 1 if any input is bad.")
    ] = False,
) -> None:
    """Find the mergers in a folder of galaxy cutouts.

    Every input gets one row, in order. One that cannot be used is bad, says why, and stops
    nothing.
    """
    from toomre.cli.progress import progress_bar
    from toomre.jobs.classify import ClassifyOptions
    from toomre.jobs.classify import classify as job
    from toomre.preparation.columns import Columns

    stamps = {
        "size_arcsec": size_arcsec,
        "size_column": size_column,
        "size_factor": size_factor,
        "extension": extension,
        "mask_extension": mask_extension,
        "mask_bits": mask_bits,
        "regrid": regrid,
        "psf": psf_matching(psf_target, psf_fwhm),
        "checksums": checksums,
    }
    with progress_bar("Classifying") as progress:
        result = job(
            source_of(source, pattern, mosaic, stamps),
            model,
            out,
            catalog,
            columns=Columns(image_id=id_column, file=file_column, ra=ra_column, dec=dec_column),
            options=ClassifyOptions(
                bands=names(bands),
                pixel_scale=pixel_scale,
                encoding=encoding,
                threshold=threshold,
                device=device,
                allow_domain=allow_domain,
                overwrite=overwrite,
            ),
            progress=progress,
        )
    report(result)
    if strict and result.summary["bad"]:
        raise typer.Exit(1)


def report(result: ClassifiedCatalog) -> None:
    """Print what was found, and the most frequent flags."""
    from toomre.cli.progress import console
    from toomre.images.flags import is_bad

    screen = console()
    found = result.summary
    screen.print(
        f"{found['images']} images, {found['mergers']} mergers "
        f"(p >= {found['threshold']:.4g}; {result.provenance['model_id']})"
    )
    screen.print(f"ok {found['ok']}, warn {found['warn']}, bad {found['bad']}")
    if found["left_out"]:
        screen.print(f"{found['left_out']} images left out, as no row of the table has them")
    reasons = sorted(found["flags"].items(), key=lambda item: not is_bad(item[0]))
    for name, count in reasons[:_SHOWN]:
        screen.print(f"  {name}{' (bad)' if is_bad(name) else ''}: {count}")
    if len(reasons) > _SHOWN:
        screen.print("  ... and others; see the columns `flags` and `reason`")
    screen.print(f"Written to {ascii(str(result.path))[1:-1]}")
