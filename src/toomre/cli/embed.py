"""`toomre embed`: how a network sees source and target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import Device

__all__ = ["embed"]


def embed(
    run: Annotated[Path, typer.Argument(help="Run folder (from `toomre train`).")],
    out: Annotated[Path, typer.Option(help="Folder to make: tables, numbers and figures.")],
    *,
    target: Annotated[
        Path | None, typer.Option(help="Prepared set of another domain; else the training's.")
    ] = None,
    epochs: Annotated[
        str | None,
        typer.Option(help="Epochs beside the run's own, such as 0,20,40; else all that were kept."),
    ] = None,
    count: Annotated[int, typer.Option(min=10, help="Images of each domain.")] = 2000,
    part: Annotated[str, typer.Option(help="test, valid, train or all.")] = "test",
    perplexity: Annotated[float, typer.Option(help="Neighbours of an image on the map.")] = 36.0,
    iterations: Annotated[int, typer.Option(min=250, help="Of the map, at most.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice and of the map.")] = 1,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier embedding.")] = False,
    device: Device = "auto",
) -> None:
    """Map the features of source and target (t-SNE), and measure how far they are apart.

    Colour is the class, marker the domain. The numbers need no eye: a classifier that guesses the
    domain, MMD, and silhouettes by domain and class.
    """
    from toomre.cli.options import whole_numbers
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.embed import EmbedOptions
    from toomre.jobs.embed import embed as job

    options = EmbedOptions(count, part, perplexity, iterations, seed, device)
    chosen = None if epochs is None else whole_numbers("epochs", epochs)
    with progress_bar("Mapping") as progress:
        done = job(
            run,
            out,
            target=target,
            epochs=chosen,
            options=options,
            overwrite=overwrite,
            progress=progress,
        )
    screen = console()
    for name, found in done.distances.items():
        screen.print(f"{name}: domain classifier {found.domain_accuracy} (0.5: cannot tell),")
        screen.print(f"  proxy A-distance {found.proxy_a_distance}, MMD^2 {found.mmd:.4f},")
        screen.print(
            f"  silhouette by domain {found.silhouette_domain:.3f}, by class "
            f"{found.silhouette_class_source:.3f} (source), {found.silhouette_class_target:.3f} "
            "(target)"
        )
    screen.print(f"Written to {done.folder}")
