"""``toomre classify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toomre.cli.engine_options import (
    EngineName,
    Scheduler,
    Submit,
    Tasks,
    check_engine_options,
    engine_of,
    on_slurm,
)
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
    SkipBad,
    print_skipped,
    psf_matching,
    source_of,
)
from toomre.cli.options import (
    Bands,
    DecColumn,
    Device,
    FileColumn,
    IdColumn,
    NetworkPrecision,
    Pattern,
    PixelEncoding,
    PixelScale,
    RaColumn,
    Runtime,
    names,
)

if TYPE_CHECKING:
    from toomre.jobs.classified import ClassifiedCatalog

__all__ = ["classify", "part_of", "report"]

_SHOWN = 5


def classify(  # noqa: PLR0917 - typer hands them over by name
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(help="Catalogue to write: .parquet, .fits, .vot, .ecsv, .csv, .hats or .reg."),
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
        typer.Option(help="Model by name or folder; default: sdss-jpeg. Several are averaged."),
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
    skip_bad_mosaics: SkipBad = False,
    device: Device = "auto",
    runtime: Runtime = "torch",
    precision: NetworkPrecision = "float32",
    allow_domain: Annotated[
        bool,
        typer.Option("--allow-domain", help="Let pictures go to a model of flux, or the reverse."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes; default: all cores, or 1 on a GPU.")
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="I/N", help="Only every N-th shard from the I-th on (from 0); see the manual."
        ),
    ] = None,
    engine: EngineName = "local",
    scheduler: Scheduler = None,
    tasks: Tasks = None,
    submit: Submit = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with code 1 if any input is bad.")
    ] = False,
) -> None:
    """Find the mergers in a folder of galaxy cutouts.

    Every input gets one row, in order. One that cannot be used is bad, says why, and stops
    nothing. A run that was stopped goes on when it is started again as before.
    """
    from toomre.cli.progress import goes_on, progress_bar
    from toomre.jobs.classify import ClassifyOptions, check_classification
    from toomre.jobs.classify import classify as job
    from toomre.preparation.columns import Columns

    check_engine_options(engine, scheduler, tasks, submit, part)
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
        "skip_bad": skip_bad_mosaics,
    }
    given = source_of(source, pattern, mosaic, stamps), model, out, catalog
    columns = Columns(image_id=id_column, file=file_column, ra=ra_column, dec=dec_column)
    options = ClassifyOptions(
        bands=names(bands),
        pixel_scale=pixel_scale,
        encoding=encoding,
        threshold=threshold,
        device=device,
        runtime=runtime,
        precision=precision,
        allow_domain=allow_domain,
        overwrite=overwrite,
        workers=workers,
        isolated=True,
        engine=engine_of(engine, workers, scheduler, device),
        part=part_of(part),
    )
    if engine == "slurm" and tasks is not None:
        check_classification(*given, columns=columns, options=options)
        on_slurm(context, out, tasks, workers=workers, overwrite=overwrite, submit=submit)
        return
    with goes_on(), progress_bar("Classifying") as progress:
        result = job(*given, columns=columns, options=options, progress=progress)
    report(result)
    if strict and result.summary.get("bad"):
        raise typer.Exit(1)


def part_of(text: str | None) -> tuple[int, int] | None:
    """Return what ``--part`` says.

    Raises
    ------
    ArgumentError
        If it is not two numbers.

    Examples
    --------
    >>> part_of("2/8")
    (2, 8)
    """
    from toomre.errors import ArgumentError

    if text is None:
        return None
    index, mark, count = text.partition("/")
    if not (mark and index.isdecimal() and count.isdecimal()):
        raise ArgumentError.expected("part", "I/N, such as 0/8", text)
    return int(index), int(count)


def report(result: ClassifiedCatalog) -> None:
    """Print what was found, and the most frequent flags."""
    from toomre.cli.progress import console
    from toomre.images.flags import is_bad

    screen = console()
    found = result.summary
    if "part" in found:
        index, count = found["part"]
        screen.print(
            f"Part {index} of {count}: {result.classified} images classified. "
            "When all parts are done, run without --part to close the catalogue."
        )
        return
    if found["images"] and not result.classified:
        screen.print("The catalogue was complete already: nothing was classified.")
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
    print_skipped(screen, result.provenance.get("skipped_mosaics", ()))
    screen.print(f"Written to {ascii(str(result.path))[1:-1]}")
