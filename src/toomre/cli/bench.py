"""``toomre bench``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from toomre.jobs.bench import Bench

__all__ = ["bench"]


def bench(
    model: Annotated[
        str | None, typer.Option(help="Model by name or folder; default: sdss-jpeg.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer images, one round.")] = False,
    out: Annotated[Path | None, typer.Option(help="JSON file for the numbers.")] = None,
) -> None:
    """Measure this machine: arithmetic, the network by each runtime, reading and cutting.

    It says what `toomre classify` would wait for, and how long a million cutouts would take.
    """
    from toomre.cli.progress import progress_bar
    from toomre.jobs.bench import bench as job

    with progress_bar("Measuring") as progress:
        found = job(model, out, quick=quick, progress=progress)
    _print(found)


def _print(found: Bench) -> None:
    from rich.table import Table

    from toomre.cli.progress import console
    from toomre.jobs.bench_network import PLAIN

    table = Table("one core", "a second", "ratio")
    first = found.gigaflops["float32"]
    for precision, value in found.gigaflops.items():
        table.add_row(f"matrices, {precision}", f"{value:.0f} GFLOP", f"{value / first:.2f}")
    table.add_section()
    for way, rate in found.network.items():
        ratio = rate / found.network[PLAIN]
        table.add_row(f"network, {way}", f"{rate:.0f} images", f"{ratio:.2f}")
    table.add_section()
    default = found.network["torch"]
    for kind, rate in found.reading.items():
        table.add_row(f"reading, {kind}", f"{rate:.0f} images", f"{rate / default:.2f}")
    screen = console()
    screen.print(table)
    screen.print(
        f"{found.model_id}; each image by its 8 views. Ratios: to float32, to plain torch, and of "
        "reading to the network (torch)."
    )
    for way, why in found.left_out.items():
        screen.print(f"Without {way}: {why}")
    for sentence in found.verdict:
        screen.print(sentence)
