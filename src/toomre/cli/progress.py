"""What all commands share on the screen: the progress bar, the console, a line an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "epoch_line", "goes_on", "progress_bar", "stages"]

_SHOWN = ("train_loss", "valid_loss", "valid_roc_auc", "valid_rmse", "seconds")


def console() -> Console:
    """Return the console for results; it prints text as it is.

    Examples
    --------
    >>> console().print("purity [0.93]")
    purity [0.93]
    """
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def epoch_line(row: Mapping[str, float]) -> None:
    """Print one epoch of a training's history.

    Examples
    --------
    >>> epoch_line({"epoch": 3, "valid_loss": 0.25, "valid_roc_auc": 0.97})
    epoch 3: valid_loss 0.2500, valid_roc_auc 0.9700
    """
    values = ", ".join(f"{name} {row[name]:.4f}" for name in _SHOWN if name in row)
    console().print(f"epoch {row['epoch']:.0f}: {values}")


@contextmanager
def goes_on() -> Iterator[None]:
    """Let Ctrl-C end a command that goes on when it is given again: one line, and exit code 130.

    Examples
    --------
    >>> with goes_on():
    ...     print("done")
    done
    """
    import typer

    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Stopped; the same command goes on.", err=True)
        raise typer.Exit(130) from None


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar with the time left on the error stream, and give what moves it.

    Parameters
    ----------
    description
        What is being done, in a few words.

    Examples
    --------
    >>> with progress_bar("Preparing") as progress:
    ...     for done in range(3):
    ...         progress(done + 1, 3)
    """
    with stages() as begin:
        yield begin(description)


@contextmanager
def stages() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Show a bar for each of several stages, and give what begins one.

    Examples
    --------
    >>> with stages() as begin:
    ...     progress = begin("Preparing")
    ...     progress(1, 3)
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bars:

        def begin(description: str) -> Callable[[int, int], None]:
            task = bars.add_task(description, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield begin
