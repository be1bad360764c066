"""``toomre audit``: look for leaks between the parts of a prepared data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["audit"]


def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A prepared data set.")],
    pixels: Annotated[
        bool, typer.Option(help="Compare the pixels too, not only the tables.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Look for leaks: shared groups and galaxies, exact copies and near copies.

    The exit code is 0 if none was found and 1 if there are leaks.
    """
    from json import dumps

    from rich.console import Console
    from rich.progress import Progress

    from toomre.jobs.audit import audit as run

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Comparing images", total=None)
        report = run(
            folder,
            pixels=pixels,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(dumps(report.to_dict(), indent=2) if json else str(report))
    raise typer.Exit(0 if report.passed else 1)
