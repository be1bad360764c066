"""The options of every command whose work an engine does: who does it, and where."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from toomre.engines.engine import Engine

__all__ = [
    "EngineName",
    "Scheduler",
    "Submit",
    "Tasks",
    "check_engine_options",
    "engine_of",
    "on_slurm",
]

EngineName = Annotated[
    Literal["local", "dask", "slurm", "ray"],
    typer.Option("--engine", help="Who does the work: this machine, or a cluster."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(help="Address of a running Dask scheduler or Ray cluster; default: a local one."),
]
Tasks = Annotated[int | None, typer.Option(help="Array jobs, for --engine slurm.")]
Submit = Annotated[
    bool, typer.Option("--submit", help="Give the slurm jobs to sbatch, not only write them.")
]

# Options that say how the work is divided, which the jobs of an array do not have.
_OWN = frozenset({"engine", "scheduler", "tasks", "submit", "part", "workers"})
_CLUSTERS = ("dask", "ray")


def check_engine_options(
    engine: str, scheduler: str | None, tasks: int | None, submit: bool, part: str | None
) -> None:
    """Refuse options that do not go with the engine.

    Raises
    ------
    ArgumentError
        Naming the option.

    Examples
    --------
    >>> check_engine_options("local", None, 8, False, None)
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `tasks` to be given with --engine slurm only, but got 8.
    """
    from toomre.errors import ArgumentError

    if scheduler is not None and engine not in _CLUSTERS:
        allowed = "given with --engine dask or ray only"
        raise ArgumentError.expected("scheduler", allowed, scheduler)
    if engine == "slurm":
        if tasks is None:
            raise ArgumentError.expected("tasks", "the number of array jobs", None)
        if part is not None:
            raise ArgumentError.expected("part", "left to the jobs with --engine slurm", part)
        return
    for name, value in (("tasks", tasks), ("submit", submit or None)):
        if value is not None:
            raise ArgumentError.expected(name, "given with --engine slurm only", value)


def engine_of(
    engine: str, workers: int | None, scheduler: str | None, device: str
) -> Engine | None:
    """Return what does the work; None for this machine, whose engine the command makes.

    Examples
    --------
    >>> engine_of("local", 2, None, "cpu") is None
    True
    >>> engine_of("dask", 2, None, "cpu").workers
    2
    """
    if engine == "dask":
        from toomre.engines.dask import DaskEngine

        return DaskEngine(workers, scheduler)
    if engine == "ray":
        from toomre.engines.ray import RayEngine

        return RayEngine(workers, scheduler, gpus=float(device.startswith("cuda")))
    return None


def on_slurm(
    context: typer.Context,
    out: Path,
    tasks: int,
    *,
    workers: int | None,
    overwrite: bool,
    submit: bool,
) -> None:
    """Write the job scripts of the command that runs, and print or submit them."""
    from toomre.jobs.classify_slurm import classify_on_slurm

    cores = workers or 1
    command = [*_program(), *_words(context), f"--workers={cores}"]
    jobs = classify_on_slurm(out, command, tasks, workers=cores, overwrite=overwrite)
    if submit:
        first, last = jobs.submit()
        typer.echo(f"Job {first} does the {tasks} parts, job {last} closes the catalogue.")
        return
    typer.echo("Type these two lines; options of your cluster go behind sbatch:")
    typer.echo("\n".join(jobs.lines))


def _program() -> list[str]:
    script = Path(sysconfig.get_path("scripts"), "toomre")
    if script.is_file():
        return [str(script)]
    return [sys.executable, "-c", "from toomre.cli import main; main()"]


def _words(context: typer.Context) -> Iterator[str]:
    """Give the command and the arguments that were typed, each as one word."""
    yield str(context.command.name)
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE" or name in _OWN:
            continue
        value = context.params[name]
        for each in value if isinstance(value, list | tuple) else [value]:
            yield _word(parameter, each)


def _word(parameter: Any, value: Any) -> str:
    if parameter.param_type_name == "argument":
        text = str(value)
        return f"./{text}" if text.startswith("-") else text  # it is a path
    if parameter.is_flag:
        return str((parameter.opts if value else parameter.secondary_opts)[0])
    return f"{parameter.opts[0]}={value}"
