"""Simulated galaxies in small files, made by several processes; a stopped run goes on with them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.jobs.observe import image_rng
from toomre.lookup import lookup
from toomre.mocks.observing import observe
from toomre.mocks.pairs import PAIRS, Twin, facts_of
from toomre.mocks.placing import place
from toomre.mocks.plan import MockPlan
from toomre.mocks.sample import MockImage, simulate_galaxy
from toomre.storage import atomic_path

__all__ = ["SHARD_GALAXIES", "ShardPlan", "make_shards", "read_truths", "read_twin"]

#: Galaxies in a file.
SHARD_GALAXIES = 8

# Where the nuclei are [pixel]; it changes with the pixels.
_NUCLEI = ("nucleus1_x", "nucleus1_y", "nucleus2_x", "nucleus2_y")


@dataclass(frozen=True)
class ShardPlan:
    """What is simulated, and where the files are.

    Attributes
    ----------
    folder
        The folder of the files.
    pair
        A name in `toomre.mocks.pairs.PAIRS`.
    galaxies
        How many.
    seed
        Of everything that is drawn.
    """

    folder: Path
    pair: str
    galaxies: int
    seed: int

    @property
    def paths(self) -> list[Path]:
        """The files in order."""
        count = -(-self.galaxies // SHARD_GALAXIES)
        return [self.folder / f"{number:06d}.npz" for number in range(count)]

    def indices(self, number: int) -> range:
        """Return the numbers of the galaxies in a file."""
        start = number * SHARD_GALAXIES
        return range(start, min(start + SHARD_GALAXIES, self.galaxies))


def make_shards(
    plan: ShardPlan, workers: int | None, progress: Callable[[int, int], None] | None
) -> None:
    """Make the files that are not there yet.

    Parameters
    ----------
    plan
        What to make.
    workers
        Processes; None takes all cores, 1 makes them here.
    progress
        Called with the number of galaxies that are done and of all.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number, path in enumerate(plan.paths) if not path.is_file()]
    done = plan.galaxies - sum(len(plan.indices(number)) for number in missing)
    for number in _made(plan, missing, workers or _cores()):
        done += len(plan.indices(number))
        if progress is not None:
            progress(done, plan.galaxies)


def read_truths(plan: ShardPlan, twin: str) -> list[dict[str, Any]]:
    """Return what is known of each image of a twin, in order."""
    truths: list[dict[str, Any]] = []
    for path in plan.paths:
        with np.load(path, allow_pickle=False) as file:
            truths += json.loads(str(file[f"{twin}_truth"]))
    return truths


def read_twin(plan: ShardPlan, twin: str) -> Iterator[NDArray[np.float32]]:
    """Give the images of one twin, in order."""
    for path in plan.paths:
        with np.load(path, allow_pickle=False) as file:
            yield from file[twin]


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # pragma: no cover - not on Linux


def _made(plan: ShardPlan, missing: list[int], workers: int) -> Iterator[int]:
    tasks = [(plan, number) for number in missing]
    if min(workers, len(tasks)) <= 1:
        yield from map(_make, tasks)
        return
    # Not "fork": it would copy threads of the libraries in a state that may hang.
    with get_context("spawn").Pool(min(workers, len(tasks))) as pool:
        yield from pool.imap_unordered(_make, tasks)


def _make(task: tuple[ShardPlan, int]) -> int:
    """Simulate and observe the galaxies of one file."""
    plan, number = task
    pair = lookup(PAIRS, plan.pair, "pair")()
    seen: dict[str, list[tuple[NDArray[np.float32], dict[str, Any]]]] = {
        name: [] for name in pair.twins
    }
    for index in plan.indices(number):
        made: dict[MockPlan, list[MockImage]] = {}
        for name, twin in pair.twins.items():
            mock = twin.mock or pair.plan
            if mock not in made:
                made[mock] = simulate_galaxy(index, plan.seed, mock)
            seen[name] += _observed(made[mock], mock, (name, twin), plan.seed)
    arrays: dict[str, Any] = {}
    for name, images in seen.items():
        arrays[name] = np.stack([pixels for pixels, _ in images])
        arrays[f"{name}_truth"] = np.array(json.dumps([truth for _, truth in images]))
    with atomic_path(plan.paths[number]) as temporary:
        np.savez(temporary, **arrays)
    return number


def _observed(
    images: list[MockImage], mock: MockPlan, named: tuple[str, Twin], seed: int
) -> Iterator[tuple[NDArray[np.float32], dict[str, Any]]]:
    """Observe the pictures of one galaxy."""
    name, twin = named
    observing, facts = twin.plan, facts_of(mock)
    if twin.brightness is not None:
        # One distance for the four cameras, from their mean light.
        band = mock.bands.index(twin.brightness.band)
        light = float(np.mean([image.flux[band].sum(dtype=np.float64) for image in images]))
        rng = image_rng(seed, f"{name}/{images[0].truth['galaxy_id']}")
        redshift = twin.brightness.redshift_of(light, mock.redshift, rng)
        observing = replace(observing, redshift=redshift)
    redshift = mock.redshift if observing.redshift is None else observing.redshift
    scale = observing.pixel_scale or twin.survey.pixel_scale
    ratio = place(facts, observing.redshift).pixel_scale / scale
    for image in images:
        image_id = f"{image.truth['galaxy_id']}-{image.truth['camera']}"
        rng = image_rng(seed, f"{name}/{image_id}")
        truth = {"image_id": image_id, **image.truth, "redshift": redshift}
        for key in _NUCLEI:
            truth[key] = (truth[key] - (mock.size - 1) / 2) * ratio + (observing.size - 1) / 2
        yield (
            observe(image.flux, facts, twin.survey, observing, rng),
            {key: _plain(value) for key, value in truth.items()},
        )


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value
