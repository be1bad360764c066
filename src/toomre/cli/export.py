"""``toomre export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["export"]

_ONNX = "onnx"


def export(
    run: Annotated[
        Path, typer.Argument(help="Run folder (from `toomre train`); or onnx, then MODEL.")
    ],
    out: Annotated[Path, typer.Option(help="Model folder to write; or a file, model.onnx.")],
    model: Annotated[
        str | None, typer.Argument(help="After onnx: a model by name or folder.")
    ] = None,
    crossvalidation: Annotated[
        Path | None, typer.Option(help="Put this cross-validation's metrics into the card.")
    ] = None,
    known_failure: Annotated[
        list[str] | None, typer.Option(help="Where it is wrong, one sentence; may be repeated.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Set of the training, for an older card, if no run records where."),
    ] = None,
) -> None:
    """Write a trained model as two files to hand on: weights and card; or as ONNX and card.

    toomre export RUN --out FOLDER, or toomre export onnx MODEL --out model.onnx
    """
    if model is not None:
        _onnx(run, model, out, plain=not (crossvalidation or known_failure or data))
        return
    from toomre.jobs.export import export as job

    failures = known_failure or ()
    written = job(run, out, crossvalidation=crossvalidation, known_failures=failures, data=data)
    name = written.card.model_id
    typer.echo(f"Wrote {name} to {out}. Use it: toomre classify ... --model {out}")
    if written.card.pixels is None:
        typer.echo(
            "Its card lacks the mean and scatter of the training images' pixels, which the flag "
            "range compares with. To put them there give the set of the training (--data)."
        )


def _onnx(kind: Path, model: str, out: Path, *, plain: bool) -> None:
    if str(kind) != _ONNX:
        raise typer.BadParameter(f"Expected a run alone, or onnx and a model, but got {kind}.")
    if not plain:
        options = "--crossvalidation, --known-failure and --data"
        raise typer.BadParameter(f"{options} are for model folders.")
    from toomre.jobs.export_onnx import export_onnx as job

    written = job(model, out)
    typer.echo(
        f"Wrote {written.card.model_id} to {out} (operator set {written.opset}), and how to use "
        f"it to {out}.json. Largest difference from torch: {written.largest_difference:.1e}"
    )
