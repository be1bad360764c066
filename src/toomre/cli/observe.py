"""`toomre observe`: noiseless images become what a survey would have seen of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["observe", "parse_band_map"]


def observe(  # noqa: PLR0917 - typer hands them over by name
    source: Annotated[
        Path,
        typer.Argument(metavar="INPUT", help="Prepared set, folder of FITS files, or a stack."),
    ],
    survey: Annotated[str, typer.Option(help="hst_jwst, sdss, decals, hsc, euclid or lsst.")],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    band_map: Annotated[
        str,
        typer.Option(help="Bands of the survey in the input's order (g,r,i), or F814W=i,F606W=r."),
    ],
    pixel_scale: Annotated[
        float | None, typer.Option(help="Side of an input pixel [--length]; default: its own.")
    ] = None,
    length: Annotated[
        Literal["arcsec", "kpc"], typer.Option(help="Unit of --pixel-scale.")
    ] = "arcsec",
    unit: Annotated[
        str | None, typer.Option(help="Unit of the input's pixels, such as nJy.")
    ] = None,
    redshift: Annotated[
        float | None, typer.Option(help="Redshift of the input; default: its catalogue's.")
    ] = None,
    move_to: Annotated[float | None, typer.Option(help="Redshift to move it to.")] = None,
    spectral_slope: Annotated[
        float, typer.Option(help="Power of the frequency in L_nu; -1 dims as (1+z)^-4.")
    ] = -1.0,
    size: Annotated[int, typer.Option(help="Side of the result [pixel].")] = 75,
    noise: Annotated[
        Literal["depth", "brightness", "signal_to_noise", "none"],
        typer.Option(help="What sets the noise: the survey's depth, or --level."),
    ] = "depth",
    level: Annotated[
        float | None,
        typer.Option(help="5 sigma limit [mag/arcsec^2], or mean signal-to-noise ratio."),
    ] = None,
    out_pixel_scale: Annotated[
        float | None, typer.Option(help="Of the result [arcsec/pixel]; default: the survey's.")
    ] = None,
    psf_fwhm: Annotated[
        float | None, typer.Option(help="Of a star [arcsec]; default: the survey's.")
    ] = None,
    edge: Annotated[
        Literal["zero", "nearest"], typer.Option(help="What lies beyond the input.")
    ] = "zero",
    field: Annotated[bool, typer.Option(help="Add chance stars and galaxies.")] = False,
    picture: Annotated[bool, typer.Option(help="Make 8-bit SDSS-like colour pictures.")] = False,
    sky: Annotated[
        Path | None, typer.Option(help="Frame of the survey, in place of noise.")
    ] = None,
    catalog: Annotated[Path | None, typer.Option(help="Table with one row an image.")] = None,
    pattern: Annotated[
        str | None, typer.Option(help="How files are named, such as {image_id}_{band}.fits.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise and field.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a finished data set.")] = False,
) -> None:
    """Observe noiseless images with a survey: redshift, blur, pixels, noise, field.

    The result is the prepared twin of the input, with the same ids, labels and split.
    """
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.observe import ObserveOptions
    from toomre.jobs.observe import observe as job
    from toomre.mocks.observing import ObservePlan
    from toomre.mocks.placing import InputFacts
    from toomre.preparation.inputs import Source

    input_bands, bands = parse_band_map(band_map)
    facts = InputFacts(pixel_scale, length, redshift, unit)
    plan = ObservePlan(
        bands,
        size=size,
        redshift=move_to,
        spectral_slope=spectral_slope,
        noise=noise,
        level=level,
        pixel_scale=out_pixel_scale,
        psf_fwhm=psf_fwhm,
        edge=edge,
        field=field,
        picture=picture,
    )
    options = ObserveOptions(
        catalog=catalog, input_bands=input_bands, sky=sky, seed=seed, overwrite=overwrite
    )
    with progress_bar("Observing") as progress:
        done = job(
            Source(source, pattern),
            out,
            survey,
            plan,
            facts=facts,
            options=options,
            progress=progress,
        )
    counts = done.summary()
    screen = console()
    screen.print(
        f"{counts['images']} images: {counts['ok']} ok, {counts['warn']} warn, {counts['bad']} bad"
    )
    screen.print(f"Written to {done.folder}")


def parse_band_map(text: str) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the input's bands (None where they are not named) and the survey's.

    Examples
    --------
    >>> parse_band_map("g,r,i")
    (None, ('g', 'r', 'i'))
    >>> parse_band_map("F814W=i, F606W=r")
    (('F814W', 'F606W'), ('i', 'r'))
    """
    from toomre.errors import ArgumentError

    pairs = [[name.strip() for name in part.split("=")] for part in text.split(",")]
    lengths = {len(pair) for pair in pairs}
    if lengths not in ({1}, {2}) or not all(name for pair in pairs for name in pair):
        raise ArgumentError.expected("band_map", "such as g,r,i or F814W=i,F606W=r", text)
    if lengths == {1}:
        return None, tuple(pair[0] for pair in pairs)
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
