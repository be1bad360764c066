"""The table of commands."""

from __future__ import annotations

import typer

from toomre.cli.audit import audit
from toomre.cli.classify import classify
from toomre.cli.crossvalidate import crossvalidate
from toomre.cli.demo import demo
from toomre.cli.evaluate import evaluate
from toomre.cli.export import export
from toomre.cli.look import look
from toomre.cli.models import models
from toomre.cli.observe import observe
from toomre.cli.prepare import prepare
from toomre.cli.simulate import simulate
from toomre.cli.train import train

__all__ = ["COMMANDS", "register"]

#: In the order in which one uses them.
COMMANDS = (
    demo,
    simulate,
    observe,
    prepare,
    look,
    audit,
    train,
    evaluate,
    crossvalidate,
    classify,
    models,
    export,
)


def register(app: typer.Typer) -> None:
    """Add every command to the app."""
    for command in COMMANDS:
        app.command()(command)
