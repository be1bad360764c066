"""``toomre export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["export"]


def export(
    run: Annotated[Path, typer.Argument(help="Run folder (from `toomre train`).")],
    out: Annotated[Path, typer.Option(help="Model folder to write.")],
    crossvalidation: Annotated[
        Path | None, typer.Option(help="Put this cross-validation's metrics into the card.")
    ] = None,
    known_failure: Annotated[
        list[str] | None, typer.Option(help="Where it is wrong, one sentence; may be repeated.")
    ] = None,
) -> None:
    """Write a trained model as two files to hand on: weights and card."""
    from toomre.jobs.export import export as job

    model = job(run, out, crossvalidation=crossvalidation, known_failures=known_failure or ())
    typer.echo(f"Wrote {model.card.model_id} to {out}. Use it: toomre classify ... --model {out}")
