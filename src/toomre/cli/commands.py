"""The table of commands."""

from __future__ import annotations

import typer

from toomre.cli.audit import audit
from toomre.cli.bench import bench
from toomre.cli.bias import bias
from toomre.cli.classify import classify
from toomre.cli.compare import compare
from toomre.cli.conformal import conformal
from toomre.cli.convert import convert
from toomre.cli.crossvalidate import crossvalidate
from toomre.cli.cutouts import cutouts
from toomre.cli.demo import demo
from toomre.cli.embed import embed
from toomre.cli.evaluate import evaluate
from toomre.cli.explain import explain
from toomre.cli.export import export
from toomre.cli.fetch import fetch
from toomre.cli.forest import forest
from toomre.cli.fraction import fraction
from toomre.cli.layers import layers
from toomre.cli.look import look
from toomre.cli.lr_scan import lr_scan
from toomre.cli.measure import measure
from toomre.cli.models import models
from toomre.cli.observe import observe
from toomre.cli.prepare import prepare
from toomre.cli.report import report
from toomre.cli.reproduce import reproduce
from toomre.cli.simulate import simulate
from toomre.cli.train import train
from toomre.cli.tune import tune
from toomre.cli.zoo import zoo

__all__ = ["COMMANDS", "register"]

#: In the order in which one uses them.
COMMANDS = (
    demo,
    simulate,
    observe,
    fetch,
    convert,
    cutouts,
    prepare,
    look,
    compare,
    audit,
    lr_scan,
    tune,
    layers,
    train,
    evaluate,
    bias,
    embed,
    explain,
    crossvalidate,
    measure,
    forest,
    report,
    reproduce,
    classify,
    fraction,
    conformal,
    models,
    export,
    bench,
)


def register(app: typer.Typer) -> None:
    """Add every command to the app."""
    for command in COMMANDS:
        app.command()(command)
    app.add_typer(zoo)
