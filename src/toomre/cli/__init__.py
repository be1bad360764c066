"""The command line: one file a command, parsing only.

Modules here import nothing heavy at the top, so that ``toomre --help`` answers at once.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NoReturn

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
    rich_markup_mode=None,  # units in brackets are no markup
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
    from pydantic import ValidationError

    from toomre.cli.commands import register

    register(app)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_warn, warnings.showwarning)
            app()
    except ToomreError as error:
        _stop(str(error))
    except ValidationError as error:  # an option out of its range, as the models say it
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or error.title
        text = f"`{place}`: {first['msg']}, but got {first['input']!r}."
        _stop(text)
    except OSError as error:  # no permission, a full disk
        _stop(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))


def _warn(
    others: Callable[..., None], message: Warning | str, category: type[Warning], *place: Any
) -> None:
    """Say what a user should know in one line, without its place in the code."""
    if issubclass(category, UserWarning):
        typer.echo(f"Warning: {message}", err=True)
    else:
        others(message, category, *place)


def _stop(text: str) -> NoReturn:
    console = Console(stderr=True, soft_wrap=True)
    console.print(f"[bold red]Error:[/] {escape(text)}", highlight=False)
    sys.exit(2)
