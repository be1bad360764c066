"""``toomre.demo``: the whole way on simulated galaxies, from a simulation to a page of results."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.jobs.demo_page import write_page
from toomre.jobs.demo_result import DemoResult
from toomre.jobs.demo_steps import NETWORKS, STEPS, DemoFolder
from toomre.output import output_lock
from toomre.recipes.shipped import open_recipe
from toomre.storage import read_json, write_json

__all__ = ["GALAXIES", "demo"]

#: Systems that are simulated; each is seen by four cameras.
GALAXIES = 700

# With fewer, a part of the split may lack one of the classes.
_LEAST = 40
_FORMAT = "toomre-demo-3"
_RECORD = "demo.json"


def demo(
    out: Path | str,
    *,
    galaxies: int = GALAXIES,
    seed: int = 1,
    stage: Callable[[str], Callable[[int, int], None]] | None = None,
) -> DemoResult:
    """Simulate galaxies, train on clean images, adapt to noisy ones, and show what that brings.

    A network of DeepMerge II learns from noise-free images of simulated galaxies at redshift 2.
    It is measured on such images and on noisy ones of the same galaxies; then a second one is
    trained with the noisy images, but not their labels, at hand, and makes a merger catalogue of
    noisy FITS files. ``out/index.html`` tells it all, and ``out/report/report.html`` has every
    figure and number of both networks. Nothing is downloaded.

    A stopped demo goes on where it stopped, and a finished one is not done again.

    Parameters
    ----------
    out
        A folder: a new or empty one, or that of the same demo.
    galaxies
        How many systems; each gives four images.
    seed
        Of the galaxies and of the networks.
    stage
        Called with the name of each step; what it returns is called with (done, all).

    Raises
    ------
    ArgumentError
        If there are too few galaxies, or the seed is below 0.
    OutputExistsError
        If the folder holds something else, or another demo.
    """
    if galaxies < _LEAST or seed < 0:
        allowed = f"at least {_LEAST}, at least 0"
        raise ArgumentError.expected("galaxies, seed", allowed, (galaxies, seed))
    place = DemoFolder(Path(out), galaxies, seed)
    place.folder.resolve().parent.mkdir(parents=True, exist_ok=True)
    with output_lock(place.folder.resolve()):
        record = _claim(place)
        for name, work in STEPS.items():
            if name in record["seconds"]:
                continue
            begin = time.monotonic()
            record["commands"][name] = work(place, stage(name) if stage else _silent)
            record["seconds"][name] = round(time.monotonic() - begin, 1)
            write_json(place.folder / _RECORD, record)
        result = DemoResult.read(place, record)
        if not place.page.is_file():
            write_page(result)
    return result


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def _claim(place: DemoFolder) -> dict[str, Any]:
    """Return what is known of the demo in the folder, or begin one."""
    wanted = {
        "format": _FORMAT,
        "version": toomre.__version__,
        "galaxies": place.galaxies,
        "seed": place.seed,
        "recipes_sha256": [open_recipe(recipe).sha256 for recipe in NETWORKS.values()],
    }
    folder, record = place.folder, place.folder / _RECORD
    if record.is_file():
        found: dict[str, Any] = read_json(record)
        if {key: found.get(key) for key in wanted} != wanted:
            raise OutputExistsError(
                f"{folder} holds another demo ({found.get('galaxies')} galaxies, seed "
                f"{found.get('seed')}, version {found.get('version')}). Remove it, or give "
                "another folder."
            )
        return found
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputExistsError(
            f"{folder} is there already and is not from an earlier demo. "
            "Give a new or an empty folder."
        )
    begun: dict[str, Any] = {**wanted, "seconds": {}, "commands": {}}
    write_json(record, begun)
    return begun
