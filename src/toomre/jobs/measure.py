"""``toomre.measure``: classical measures of the shape of every galaxy of a prepared set."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.engines.process import cores
from toomre.errors import ArgumentError, OutputExistsError
from toomre.jobs.measure_shards import Shard, Stretched, make_shards, measure_shards
from toomre.jobs.provenance import environment
from toomre.mocks.sdss_picture import BANDS
from toomre.output import output_lock
from toomre.packages import import_package
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import PARTS
from toomre.storage import atomic_path, read_json, write_json

__all__ = ["Measurements", "measure", "read_measurements"]

_RECORD, _TABLE, _UNFINISHED = "measurements.json", "measurements.parquet", "unfinished"


@dataclass(frozen=True, eq=False)
class Measurements:
    """What `measure` returns.

    Attributes
    ----------
    table
        One row an image and band: `image_id`, `band`, and what
        `toomre.morphology.measure.measure_image` gives.
    light
        What was measured: flux, flux behind a picture, or the picture's brightness.
    rate
        Measured images and bands for each second of one core; NaN where nothing was left to do.
    folder
        Where ``measurements.parquet`` and ``measurements.json`` are.
    """

    table: pd.DataFrame
    light: str
    rate: float
    folder: Path

    @property
    def flags(self) -> dict[int, int]:
        """How many rows have each flag."""
        values, counts = np.unique(self.table["flag"].to_numpy(np.int64), return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))


def measure(
    data: PreparedSet | Path | str,
    out: Path | str,
    *,
    bands: Sequence[str] | None = None,
    stretched: Stretched | None = None,
    at_most: Mapping[str, int] | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Measurements:
    """Measure concentration, asymmetry, smoothness, Gini, M20 and MID of every image.

    What is measured is kept in small files until all is done, so that the same call goes on
    where an earlier one was stopped. An image that cannot be measured is a row with a flag.

    Parameters
    ----------
    data
        A prepared set or its folder.
    out
        The folder to make.
    bands
        Which bands; None: all.
    stretched
        ``"sdss"``: the images are SDSS colour pictures, whose stretch is undone first. None: they
        are measured as they stand, which for other pictures means brightness on a screen, not
        flux.
    at_most
        Part of the split -> how many of its images are measured at most, whole groups in a drawn
        order. All of a part that is not named, and of what is in no part, are measured.
    workers
        Processes; None takes all cores. A script that uses more than one must be guarded by
        ``if __name__ == "__main__":``.
    progress
        Called with the number of images that are done and of all.

    Raises
    ------
    ArgumentError
        If a band or a part is not there, or the stretch does not fit the images.
    MissingPackageError
        If statmorph or photutils is not installed.
    OutputExistsError
        If the folder holds other measurements.
    """
    for name in ("statmorph", "photutils"):
        import_package(name, "morphology", "Measuring")
    prepared = PreparedSet.of(data)
    chosen = _bands(prepared, bands)
    light = _light(prepared, stretched)
    limits = dict(sorted((at_most or {}).items()))
    rows = _rows(prepared, limits)
    folder = Path(out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with output_lock(folder):
        identity = {
            "dataset_sha256": prepared.info.sha256,
            "bands": [name for _, name in chosen],
            "light": light,
            "at_most": limits,
            "statmorph": version("statmorph"),
            "photutils": version("photutils"),
        }
        if _claim(folder, identity):
            return Measurements(read_measurements(folder), light, float("nan"), folder)
        shards = make_shards(prepared, rows, chosen, stretched, folder / _UNFINISHED)
        rate = measure_shards(shards, workers or cores(), progress)
        return _finish(folder, shards, identity, light, rate)


def read_measurements(folder: Path | str, dataset_sha256: str | None = None) -> pd.DataFrame:
    """Read the measurements in a folder, and refuse those of other images.

    Raises
    ------
    MissingFileError
        If they are not there or not finished.
    ArgumentError
        If they are of another data set.
    """
    found = read_json(Path(folder) / _RECORD)
    if dataset_sha256 not in (None, found["dataset_sha256"]):
        raise ArgumentError(
            f"The measurements in {folder} are of another data set (SHA-256 "
            f"{found['dataset_sha256'][:12]} instead of {str(dataset_sha256)[:12]})."
        )
    return pd.read_parquet(Path(folder) / _TABLE)


def _bands(prepared: PreparedSet, wanted: Sequence[str] | None) -> tuple[tuple[int, str], ...]:
    known = prepared.info.bands
    names = tuple(known if wanted is None else wanted)
    if not names or len(set(names)) < len(names) or not set(names) <= set(known):
        raise ArgumentError.expected("bands", f"some of {', '.join(known)}", names)
    return tuple((known.index(name), name) for name in names)


def _light(prepared: PreparedSet, stretched: Stretched | None) -> str:
    """Say what is measured, or why the stretch cannot be undone."""
    info = prepared.info
    if stretched is None:
        unit = f"flux [{info.unit}]" if info.unit else "flux"
        return unit if info.encoding == "linear" else "brightness on a screen, not flux"
    if stretched != "sdss" or info.encoding != "display" or info.bands != BANDS:
        allowed = f"'sdss', for pictures of the bands {', '.join(BANDS)}, or None"
        raise ArgumentError.expected("stretched", allowed, stretched)
    return "flux [nanomaggy], the stretch of an SDSS picture undone"


def _rows(prepared: PreparedSet, at_most: Mapping[str, int]) -> NDArray[np.intp]:
    every = np.arange(len(prepared))
    if not at_most:
        return every
    for part, most in at_most.items():
        if part not in PARTS or most < 0:
            raise ArgumentError.expected("at_most", f"{', '.join(PARTS)} -> 0 or more", at_most)
    table = prepared.own_split().table
    wanted = np.ones(len(table), bool)
    for part, most in at_most.items():
        inside = (table["part"] == part).to_numpy()
        groups = table["group"][inside]
        # The split's seed and no other, so that twins keep the same galaxies.
        order = np.random.default_rng(prepared.info.seed).permutation(groups.unique())
        sizes = groups.value_counts()[order].cumsum()
        kept = set(sizes.index[sizes <= most])
        wanted &= ~inside | table["group"].isin(kept).to_numpy()
    return every[wanted]


def _claim(folder: Path, identity: dict[str, Any]) -> bool:
    """Begin, or go on with the same; return whether all is done already."""
    begun, done = folder / _UNFINISHED / "plan.json", folder / _RECORD
    for path in (done, begun):
        if not path.exists():
            continue
        found = read_json(path)
        other = [key for key, value in identity.items() if found.get(key) != value]
        if other:
            raise OutputExistsError(
                f"{folder} holds measurements with another {other[0]} "
                f"({found.get(other[0])!r} instead of {identity[other[0]]!r}). Give another folder."
            )
        return path == done
    write_json(begun, identity)
    return False


def _finish(
    folder: Path, shards: Sequence[Shard], identity: dict[str, Any], light: str, rate: float
) -> Measurements:
    table = pd.concat([pd.read_parquet(shard.path) for shard in shards], ignore_index=True)
    with atomic_path(folder / _TABLE) as temporary:
        table.to_parquet(temporary, index=False)
    done = Measurements(table, light, rate, folder)
    flags = {str(flag): count for flag, count in done.flags.items()}
    write_json(folder / _RECORD, {**environment(), **identity, "flags": flags})
    shutil.rmtree(folder / _UNFINISHED)
    return done
