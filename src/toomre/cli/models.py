"""``toomre models``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from toomre.networks.card import ModelCard

__all__ = ["models"]


def models(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a list of objects, each with its whole card.")
    ] = False,
) -> None:
    """List the trained models that come with the package."""
    from toomre.jobs.models import models as job

    cards = job()
    if as_json:
        from json import dumps

        typer.echo(dumps([_described(card) for card in cards], indent=2, allow_nan=False))
        return
    if not cards:
        typer.echo("No model is shipped with this package.")
        return
    _print_table(cards)


def _described(card: ModelCard) -> dict[str, Any]:
    whole = card.model_dump(mode="json")
    bands = whole["input"]["bands"]
    main = {"name": card.name, "model_id": card.model_id, "summary": card.summary, "bands": bands}
    return {
        **main,
        "pixel_scale": card.input.grid.pixel_scale,
        "threshold": card.threshold,
        "metrics": whole["metrics"],
        "card": whole,
    }


def _print_table(cards: list[ModelCard]) -> None:
    from rich.table import Table

    from toomre.cli.progress import console

    table = Table("name", "bands", "arcsec/pixel", "ROC-AUC (95 %)", "summary")
    for card in cards:
        scale = card.input.grid.native_pixel_scale
        table.add_row(
            card.name,
            ",".join(card.input.bands),
            "" if scale is None else f"{scale:.4g}",
            "\n".join(_areas(card)),
            card.summary,
        )
    console().print(table)


def _areas(card: ModelCard) -> list[str]:
    return [
        f"{value:.4f} ({low:.4f} to {high:.4f}), {_named(data, card)}"
        for data, metrics in card.metrics.items()
        for value, low, high in [metrics[name] for name in ("roc_auc",) if name in metrics]
    ]


def _named(data: str, card: ModelCard) -> str:
    """Say of which images a number is: those of validation are of the source, not of the target."""
    if data != "validation":
        return data
    if card.training.simulated:
        return "validation, simulated"
    return "validation" if card.training.target is None else "validation, of the source"
