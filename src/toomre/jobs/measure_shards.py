"""Measured shapes in small files, made by several processes; a stopped run goes on with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.jobs.parallel import Report, in_parallel
from toomre.mocks.sdss_picture import undevelop
from toomre.morphology.measure import measure_image
from toomre.preparation.prepared import PreparedSet
from toomre.storage import atomic_path

__all__ = ["Shard", "Stretched", "make_shards", "measure_shards"]

#: Whose stretch a picture has; None: it is measured as it stands.
Stretched = Literal["sdss"]

_SHARD_IMAGES = 32


@dataclass(frozen=True)
class Shard:
    """Images that one task measures.

    Attributes
    ----------
    images
        The set's ``images.npy``.
    rows, names
        Which images, and their ids.
    bands
        Place and name of each band.
    stretched
        Whose stretch is undone first.
    path
        The file to write.
    """

    images: Path
    rows: tuple[int, ...]
    names: tuple[str, ...]
    bands: tuple[tuple[int, str], ...]
    stretched: Stretched | None
    path: Path


def make_shards(
    prepared: PreparedSet,
    rows: NDArray[np.intp],
    bands: tuple[tuple[int, str], ...],
    stretched: Stretched | None,
    folder: Path,
) -> list[Shard]:
    """Divide the rows of a set among files in a folder."""
    names = prepared.catalog["image_id"].astype(str).to_numpy()
    images = prepared.folder.resolve() / "images.npy"
    shards = []
    for number, start in enumerate(range(0, len(rows), _SHARD_IMAGES)):
        part = rows[start : start + _SHARD_IMAGES]
        own, called = tuple(part.tolist()), tuple(names[part].tolist())
        path = folder / f"{number:06d}.parquet"
        shards.append(Shard(images, own, called, bands, stretched, path))
    return shards


def measure_shards(
    shards: Sequence[Shard], workers: int, progress: Callable[[int, int], None] | None
) -> float:
    """Measure what is not measured yet; return images and bands for each second of a core."""
    missing = [shard for shard in shards if not shard.path.is_file()]
    total = sum(len(shard.rows) for shard in shards)
    before = total - sum(len(shard.rows) for shard in missing)

    def report(fractions: Sequence[float]) -> None:
        if progress is not None:
            sizes = (len(shard.rows) for shard in missing)
            done = sum(f * size for f, size in zip(fractions, sizes, strict=True))
            progress(before + int(done), total)

    spent = list(in_parallel(_measure, missing, workers, report))
    measured = sum(len(shard.rows) * len(shard.bands) for shard in missing)
    return measured / sum(spent) if sum(spent) else float("nan")


def _measure(shard: Shard, report: Report) -> float:
    """Measure the images of a shard, write its file, and return the seconds of one core."""
    begin = process_time()
    images = np.load(shard.images, mmap_mode="r", allow_pickle=False)
    rows = []
    for done, (row, name) in enumerate(zip(shard.rows, shard.names, strict=True)):
        image = images[row].astype(np.float64)
        if shard.stretched is not None:
            image = undevelop(image)
        rows += [
            {"image_id": name, "band": band, **measure_image(image[plane])}
            for plane, band in shard.bands
        ]
        report(done / len(shard.rows))
    with atomic_path(shard.path) as temporary:
        pd.DataFrame(rows).to_parquet(temporary, index=False)
    return process_time() - begin
