"""``toomre zoo``: the 37 vote fractions of Galaxy Zoo 2; one function a command below it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import (
    Bands,
    Device,
    FileColumn,
    IdColumn,
    Pattern,
    PixelEncoding,
    PixelScale,
    names,
)

__all__ = ["zoo"]

zoo = typer.Typer(
    name="zoo",
    help="Learn, measure and predict Galaxy Zoo 2's 37 vote fractions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@zoo.command()
def explore(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="Prepared data set with votes.")],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    originals: Annotated[
        Path | None,
        typer.Option(help="Images it was prepared from: draw one before and after downsizing."),
    ] = None,
    galaxy: Annotated[
        str | None, typer.Option(help="Image id of that one; else the first of the sheet.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sheet's choice of images.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier exploration.")
    ] = False,
) -> None:
    """Draw what the votes are like: images, histograms, prototypes, correlations, parts.

    Each figure is written as PNG and PDF, and its numbers as CSV.
    """
    from toomre.jobs.zoo_explore import zoo_explore as job

    done = job(data, out, originals=originals, galaxy=galaxy, seed=seed, overwrite=overwrite)
    typer.echo(f"{done.images} images, {done.left_out} left out (bad, or without all votes).")
    if not done.parts:
        typer.echo("The set has no training and validation part, so these are not compared.")
    typer.echo(f"Figures and tables are in {done.folder}.")


@zoo.command(
    hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def train() -> None:
    """Say that votes are trained with `toomre train`, as any network is."""
    from toomre.errors import ArgumentError

    raise ArgumentError(
        "There is no `toomre zoo train`. Votes are learnt with the recipes gz2-...: `toomre train "
        "gz2-transfer --data SET --out RUN`."
    )


@zoo.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="Run folder (from `toomre train`).")],
    data: Annotated[
        Path | None, typer.Option(help="Prepared data set, if it was moved since the training.")
    ] = None,
    part: Annotated[str, typer.Option(help="test, valid or train.")] = "test",
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Another run to compare the training with; may be given again."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write; else the run folder.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON instead of a table.")
    ] = False,
    figures: Annotated[bool, typer.Option(help="Draw the figures too.")] = True,
    device: Device = "auto",
) -> None:
    """Measure predicted vote fractions, beside the model that gives everybody the mean.

    Every number comes with a 95 % interval from 1,000 bootstrap resamples of galaxies.
    """
    import json

    from toomre.jobs.zoo_evaluate import zoo_evaluate as job

    done = job(run, data, part=part, against=against or (), out=out, device=device, figures=figures)
    if as_json:
        typer.echo(json.dumps(done.report.to_dict(), indent=2, allow_nan=False))
        return
    typer.echo(str(done.report))
    typer.echo(f"\nPredictions, metrics and figures are in {done.folder}.")


@zoo.command()
def crossvalidate(
    recipe: Annotated[str, typer.Argument(help="Recipe (TOML), or the name of a shipped one.")],
    data: Annotated[Path, typer.Option(help="Prepared data set with votes.")],
    out: Annotated[Path, typer.Option(help="Folder to write; an unfinished one is gone on with.")],
    folds: Annotated[int, typer.Option(min=2, help="Parts of the galaxies.")] = 5,
    device: Device = "auto",
) -> None:
    """Predict every galaxy's votes once, by a model that never saw it, and judge them together."""
    from toomre.cli.progress import progress_bar
    from toomre.jobs.train import TrainOptions
    from toomre.jobs.zoo_crossvalidate import zoo_crossvalidate as job

    options = TrainOptions(device=device, resume=True)
    with progress_bar("cross-validation") as bar:
        done = job(recipe, data, out, folds=folds, options=options, progress=bar)
    typer.echo(str(done.report))
    typer.echo(f"\nPredictions and metrics are in {done.folder}.")


@zoo.command()
def classify(  # noqa: PLR0917 - typer hands them over by name
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", help="Folder of images, an image or a prepared set.")
    ],
    model: Annotated[str, typer.Option(help="Run or model folder, or the name of a shipped one.")],
    out: Annotated[Path, typer.Option(help="Catalogue to write: .parquet or .csv.")],
    submit: Annotated[
        Path | None, typer.Option(help="Also write Kaggle's table (GalaxyID and 37 columns, CSV).")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Folder to make: nine random images called mergers.")
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
    threshold: Annotated[
        float | None, typer.Option(help="Fraction of merger votes; default: the model's.")
    ] = None,
    device: Device = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the outputs.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with code 1 if any input is bad.")
    ] = False,
) -> None:
    """Predict the 37 vote fractions of images.

    Every input gets one row, in order. One that cannot be used is bad, says why, and stops
    nothing.
    """
    from toomre.cli.classify import report
    from toomre.cli.progress import progress_bar
    from toomre.jobs.classify import ClassifyOptions
    from toomre.jobs.zoo_classify import zoo_classify as job
    from toomre.preparation.columns import Columns
    from toomre.preparation.inputs import Source

    with progress_bar("Classifying") as progress:
        result = job(
            Source(source, pattern),
            model,
            out,
            catalog,
            submit=submit,
            figures=figures,
            columns=Columns(image_id=id_column, file=file_column),
            options=ClassifyOptions(
                bands=names(bands),
                pixel_scale=pixel_scale,
                encoding=encoding,
                threshold=threshold,
                device=device,
                overwrite=overwrite,
                workers=None,
            ),
            progress=progress,
        )
    report(result)
    if strict and result.summary["bad"]:
        raise typer.Exit(1)
