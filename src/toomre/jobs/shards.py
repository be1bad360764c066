"""Simulated galaxies in small files, made by several processes; a stopped run goes on with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.engines.process import SPAWN, cores
from toomre.jobs.observe import image_rng
from toomre.lookup import lookup
from toomre.mocks.observing import observe
from toomre.mocks.pairs import PAIRS, Pair, Twin, facts_of, plan_of
from toomre.mocks.pictures import MockImage
from toomre.mocks.placing import InputFacts, place
from toomre.mocks.sample import simulate_galaxy, simulate_sighting
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
    stages
        One of `toomre.mocks.galaxy_zoo.STAGES`, for a pair with such systems.
    """

    folder: Path
    pair: str
    galaxies: int
    seed: int
    stages: str = "all"

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
    for number in _made(plan, missing, workers or cores()):
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


def _made(plan: ShardPlan, missing: list[int], workers: int) -> Iterator[int]:
    tasks = [(plan, number) for number in missing]
    if min(workers, len(tasks)) <= 1:
        yield from map(_make, tasks)
        return
    with SPAWN.Pool(min(workers, len(tasks))) as pool:
        yield from pool.imap_unordered(_make, tasks)


def _make(task: tuple[ShardPlan, int]) -> int:
    """Simulate and observe the galaxies of one file."""
    plan, number = task
    pair = lookup(PAIRS, plan.pair, "pair")()
    seen: dict[str, list[tuple[NDArray[np.float32], dict[str, Any]]]] = {
        name: [] for name in pair.twins
    }
    for index in plan.indices(number):
        for (name, twin), images in zip(
            pair.twins.items(), _simulated(index, plan, pair), strict=True
        ):
            seen[name] += _observed(images, pair, (name, twin), plan.seed)
    arrays: dict[str, Any] = {}
    for name, observed in seen.items():
        arrays[name] = np.stack([pixels for pixels, _ in observed])
        arrays[f"{name}_truth"] = np.array(json.dumps([truth for _, truth in observed]))
    with atomic_path(plan.paths[number]) as temporary:
        np.savez(temporary, **arrays)
    return number


def _simulated(index: int, plan: ShardPlan, pair: Pair) -> list[list[MockImage]]:
    """Simulate one galaxy for each of the twins."""
    if not pair.galaxy_zoo:
        return [simulate_galaxy(index, plan.seed, pair.plan)] * len(pair.twins)
    made = [partial(plan_of, pair, twin) for twin in pair.twins.values()]
    return simulate_sighting(index, plan.seed, made, plan.stages)


def _observed(
    images: list[MockImage], pair: Pair, named: tuple[str, Twin], seed: int
) -> Iterator[tuple[NDArray[np.float32], dict[str, Any]]]:
    """Observe the pictures of one galaxy."""
    name, twin = named
    scale = twin.plan.pixel_scale or twin.survey.pixel_scale
    facts = InputFacts(scale, unit="nJy") if twin.in_place else facts_of(pair.plan)
    ratio = place(facts).pixel_scale / scale
    for image in images:
        image_id = f"{image.truth['galaxy_id']}-{image.truth['camera']}"
        rng = image_rng(seed, f"{name}/{image_id}")
        truth = {"image_id": image_id, "redshift": pair.plan.redshift, **image.truth}
        size = image.flux.shape[-1]
        for key in _NUCLEI:
            truth[key] = (truth[key] - (size - 1) / 2) * ratio + (twin.plan.size - 1) / 2
        yield (
            observe(image.flux, facts, twin.survey, twin.plan, rng),
            {key: _plain(value) for key, value in truth.items()},
        )


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value
