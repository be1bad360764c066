"""The command line: one file a command, parsing only.

Modules here import nothing heavy at the top, so that ``toomre --help`` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

import toomre
from toomre.errors import ToomreError

__all__ = ["app", "main"]

app = typer.Typer(
    name="toomre",
    help="Find merging galaxies in survey images, and prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"toomre {toomre.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit code 2."""
    from toomre.cli.commands import register

    register(app)
    try:
        app()
    except ToomreError as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {escape(str(error))}", highlight=False)
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. What was finished is kept.")
        sys.exit(130)
