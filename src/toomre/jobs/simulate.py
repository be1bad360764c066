"""`toomre.simulate`: simulated mergers and nonmergers as prepared twins."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.images.cutout import Cutout
from toomre.images.grid import Grid
from toomre.jobs.provenance import now
from toomre.jobs.shards import ShardPlan, make_shards, read_truths, read_twin
from toomre.lookup import lookup
from toomre.mocks.galaxy_zoo import STAGES
from toomre.mocks.observing import psf_fwhm_of, with_picture_bands
from toomre.mocks.pairs import PAIRS, Twin
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split, SplitOptions
from toomre.preparation.writing import Plan, Progress, draw_split, write_prepared
from toomre.storage import read_json, write_json

__all__ = ["simulate"]


def simulate(
    out: Path | str,
    *,
    pair: str = "distant",
    galaxies: int = 500,
    seed: int = 1,
    stages: str = "all",
    workers: int | None = None,
    split: SplitOptions = SplitOptions(),
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, PreparedSet]:
    """Simulate galaxies and observe them in several ways.

    Each galaxy is seen by four cameras. `out` gets a prepared set for each twin of the pair
    (``pristine`` and ``noisy``; for ``nearby`` also ``sdss``) with the same images in the same
    order and the same split by galaxy. The catalogue holds what is known of each image, see
    `toomre.mocks.pictures.MockImage`. A stopped run goes on where it stopped; the images do
    not depend on the number of processes, nor on how many galaxies are made.

    Parameters
    ----------
    out
        The folder to make.
    pair
        ``"distant"`` or ``"nearby"``, see `toomre.mocks.pairs.PAIRS`.
    galaxies
        How many systems.
    seed
        Of everything that is drawn, but for the split.
    stages
        For ``"nearby"``: ``"all"`` mergers that volunteers of Galaxy Zoo would find, most of them
        pairs, or ``"post-merger"`` ones only.
    workers
        Processes; None takes all cores. A script that uses more than one must be guarded by
        ``if __name__ == "__main__":``, for they import it.
    split
        How to split.
    overwrite
        Replace finished sets.
    progress
        Called with the number of galaxies that are done and of all.

    Returns
    -------
    dict
        Name of the twin -> prepared set.

    Raises
    ------
    ArgumentError
        If the pair is unknown, a number is not allowed, or so few galaxies cannot be split.
    OutputExistsError
        If a finished set is there already, or an unfinished run of another kind.
    """
    made = lookup(PAIRS, pair, "pair")()
    if stages not in STAGES or (stages != "all" and not made.galaxy_zoo):
        allowed = "'all', or 'post-merger' for the pair 'nearby'"
        raise ArgumentError.expected("stages", allowed, stages)
    if galaxies < 1 or seed < 0:
        raise ArgumentError.expected("galaxies, seed", "at least 1, at least 0", (galaxies, seed))
    folder = Path(out)
    for name in made.twins:
        if (folder / name / "dataset.json").exists() and not overwrite:
            raise OutputExistsError(f"{folder / name} is there already. Choose another --out.")
    plan = ShardPlan(folder / "unfinished", pair, galaxies, seed, stages)
    _claim(plan)
    make_shards(plan, workers, progress)
    tables = {name: _table(read_truths(plan, name)) for name in made.twins}
    drawn = draw_split(next(iter(tables.values())), split)
    command = (
        f"toomre simulate --pair {pair} --stages {stages} --galaxies {galaxies} --seed {seed} "
        f"--out {folder}"
    )
    for name, twin in made.twins.items():
        _write(folder / name, plan, (name, twin), tables[name], (split, drawn, command, overwrite))
    shutil.rmtree(plan.folder)
    return {name: PreparedSet.open(folder / name) for name in made.twins}


def _claim(plan: ShardPlan) -> None:
    """Begin a run, or make sure that the unfinished one is the same."""
    wanted = {
        "pair": plan.pair,
        "galaxies": plan.galaxies,
        "seed": plan.seed,
        "stages": plan.stages,
        "version": toomre.__version__,
    }
    record = plan.folder / "simulate.json"
    if not record.is_file():
        write_json(record, wanted)
    elif (found := read_json(record)) != wanted:
        raise OutputExistsError(
            f"{plan.folder} belongs to another run ({found}). Finish that one, remove the "
            "folder, or choose another --out."
        )


def _table(truths: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the catalogue of a twin: the truth of each image."""
    truth = pd.DataFrame(truths)
    first = pd.DataFrame(
        {
            "image_id": truth["image_id"].astype("str"),
            "galaxy_id": truth["galaxy_id"].astype("str"),
            "label": truth["label"].astype("Int8"),
            "ra": np.nan,
            "dec": np.nan,
            "redshift": truth["redshift"],
            "flags": np.zeros(len(truth), np.int64),
            "reason": "",
        }
    )
    rest = truth.drop(columns=["image_id", "galaxy_id", "label", "redshift"])
    return pd.concat([first, rest], axis=1)


def _write(
    out: Path,
    plan: ShardPlan,
    named: tuple[str, Twin],
    table: pd.DataFrame,
    told: tuple[SplitOptions, Split | None, str, bool],
) -> None:
    name, twin = named
    split, drawn, command, overwrite = told
    scale = twin.plan.pixel_scale or twin.survey.pixel_scale
    write_prepared(
        out,
        table,
        _cutouts(read_twin(plan, name), twin, scale),
        Plan(
            grid=Grid(size=twin.plan.size, crop=twin.plan.size, native_pixel_scale=scale),
            split=split,
            command=command,
            created=now(),
            unit="" if twin.plan.picture else "nJy",
            psf_fwhm=psf_fwhm_of(twin.survey, twin.plan),
            given=drawn,
        ),
        overwrite=overwrite,
    )


def _cutouts(images: Iterator[NDArray[np.float32]], twin: Twin, scale: float) -> Iterator[Cutout]:
    bands = with_picture_bands(twin.plan)
    for pixels in images:
        yield Cutout(pixels, bands, scale, "display" if twin.plan.picture else "linear")
