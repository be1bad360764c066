"""``toomre evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from toomre.cli.options import Device

__all__ = ["evaluate"]


def evaluate(
    run: Annotated[Path, typer.Argument(help="Run folder (from `toomre train`).")],
    data: Annotated[
        Path | None, typer.Option(help="Prepared data set; else the training's.")
    ] = None,
    part: Annotated[
        str, typer.Option(help="test, valid, train, or all (of another set or the target).")
    ] = "test",
    domain: Annotated[
        Literal["source", "target"] | None,
        typer.Option(help="Which model of a run with a target; else what fits the data."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write; else the run folder.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON instead of a table.")
    ] = False,
    device: Device = "auto",
) -> None:
    """Measure a trained model on galaxies that it has never seen.

    Every number comes with a 95 % interval from 1,000 bootstrap resamples of galaxies, beside
    the baselines that never look at an image.
    """
    import json

    from toomre.jobs.evaluate import evaluate as job

    done = job(run, data, part=part, domain=domain, out=out, device=device)
    if as_json:
        typer.echo(json.dumps(done.evaluation.to_dict(), indent=2))
        return
    typer.echo(str(done.evaluation))
    typer.echo(f"\nScores, metrics and figures are in {done.folder}.")
