"""``toomre cutouts``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

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
    SkipBad,
    print_skipped,
    psf_matching,
)
from toomre.cli.options import DecColumn, IdColumn, RaColumn

__all__ = ["cutouts"]


def cutouts(  # noqa: PLR0917 - typer hands them over by name
    mosaics: Annotated[
        list[str],
        typer.Argument(metavar="BAND=FILES...", help="Survey images, such as g='tiles/*_g.fits'."),
    ],
    catalog: Annotated[Path, typer.Option(help="Table of the galaxies, with ra and dec.")],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    size_arcsec: SizeArcsec = None,
    size_column: SizeColumn = None,
    size_factor: SizeFactor = 1.0,
    pixels: Annotated[
        int | None, typer.Option(help="Resample to so many pixels on a side; default: leave them.")
    ] = None,
    layout: Annotated[
        Literal["fits", "npy"], typer.Option(help="A FITS file a stamp, or one .npy for all.")
    ] = "fits",
    id_column: IdColumn = None,
    ra_column: RaColumn = None,
    dec_column: DecColumn = None,
    extension: Extension = None,
    mask_extension: MaskExtension = None,
    mask_bits: MaskBits = None,
    regrid: Regrid = "interp",
    psf_target: PSFTarget = None,
    psf_fwhm: PSFFwhm = None,
    checksums: Checksums = True,
    skip_bad_mosaics: SkipBad = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
) -> None:
    """Cut the stamp of every galaxy of a table from survey images, and write them.

    `toomre classify --mosaic` does not need this: it cuts stamps without writing them.
    """
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.cutouts import CutoutOptions
    from toomre.jobs.cutouts import cutouts as job
    from toomre.mosaics.options import StampOptions
    from toomre.mosaics.patterns import band_patterns
    from toomre.preparation.columns import Columns

    stamps = StampOptions(
        size_arcsec=size_arcsec,
        size_column=size_column,
        size_factor=size_factor,
        extension=extension,
        mask_extension=mask_extension,
        mask_bits=mask_bits,
        checksums=checksums,
        skip_bad=skip_bad_mosaics,
        regrid=regrid,
        psf=psf_matching(psf_target, psf_fwhm),
    )
    with progress_bar("Cutting") as progress:
        found = job(
            band_patterns(mosaics),
            catalog,
            out,
            stamps,
            columns=Columns(image_id=id_column, ra=ra_column, dec=dec_column),
            options=CutoutOptions(pixels=pixels, layout=layout, overwrite=overwrite),
            progress=progress,
        )
    screen = console()
    screen.print(
        f"{found['images']} stamps: ok {found['ok']}, warn {found['warn']}, bad {found['bad']}"
    )
    for name, count in found["flags"].items():
        screen.print(f"  {name}: {count}")
    print_skipped(screen, found["skipped"])
    screen.print(f"Written to {ascii(str(out))[1:-1]}")
