"""``toomre.forest``: a random forest on measured shapes, judged as a network is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError, SplitMismatchError
from toomre.evaluation.report import Evaluation, evaluate_scores
from toomre.jobs.crossvalidate import pooled, splits_of
from toomre.jobs.evaluate import write_figures
from toomre.jobs.labelling import labels_of
from toomre.jobs.measure import read_measurements
from toomre.jobs.provenance import environment
from toomre.morphology.forest import Forest, ForestOptions, feature_table, fit_forest
from toomre.output import output_folder
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.storage import atomic_path, write_json

__all__ = ["ForestResult", "forest"]

# The seed of the bootstrap, as for networks.
_BOOTSTRAP_SEED = 3
_FILES = ("figures", "target", "split.csv", "scores.parquet", "metrics.json", "forest.json")


@dataclass(frozen=True, eq=False)
class ForestResult:
    """What `forest` returns.

    Attributes
    ----------
    evaluation
        Metrics with 95 % intervals, on the test part or, cross-validated, on all galaxies.
    scores
        One row an image, with the columns of a network's evaluation.
    target
        The evaluation on the other set's test part, or None.
    importances
        Share of each feature in the trees' gain, the largest first; the mean over folds.
    folder
        Where everything is.
    """

    evaluation: Evaluation
    scores: pd.DataFrame
    target: Evaluation | None
    importances: dict[str, float]
    folder: Path


def forest(
    data: PreparedSet | Path | str,
    measurements: Path | str,
    out: Path | str,
    *,
    target: tuple[PreparedSet | Path | str, Path | str] | None = None,
    folds: int | None = None,
    options: ForestOptions | None = None,
    overwrite: bool = False,
) -> ForestResult:
    """Grow a random forest on measured shapes and judge it on galaxies that it has not seen.

    The split is that of the data set, so that the numbers stand beside a network's: it grows on
    the training part, calibration and threshold come from the validation part, and the scores are
    of the test part. The trees are not kept: they grow again in seconds, bit for bit.

    Parameters
    ----------
    data
        A prepared set or its folder.
    measurements
        The folder that `toomre.measure` made of it. Training images that it leaves out are
        not grown on; all others must be there.
    out
        The folder to make. ``scores.parquet`` and ``metrics.json`` are as `toomre.evaluate`
        writes them, but `p_merger_std` is missing, for there is one view only.
    target
        Another set and its measurements, whose test part is judged too, without growing anew.
    folds
        Cross-validate: every galaxy is tested once, in the very folds of `toomre.crossvalidate`.
    options
        How the forest grows.
    overwrite
        Replace a finished folder.

    Raises
    ------
    ArgumentError
        If the measurements are not of these images, or `target` and `folds` are both given.
    SplitMismatchError
        If the target's test part shares a galaxy with the training.
    OutputExistsError
        If the folder is there already.
    """
    if target is not None and folds is not None:
        raise ArgumentError("Give a target or a number of folds, but not both.")
    prepared, options = PreparedSet.of(data), options or ForestOptions()
    table = read_measurements(measurements, prepared.info.sha256)
    splits = [prepared.own_split()] if folds is None else splits_of(prepared, folds)
    folder = Path(out).resolve()
    with output_folder(folder, _FILES, overwrite=overwrite) as temporary:
        grown = [(split, _grow(prepared, table, split, options)) for split in splits]
        scores = pd.concat(_scored(prepared, table, grown), ignore_index=True)
        judged = _judge(prepared, grown, scores, folds is not None)
        _write(temporary, judged, scores)
        other = None
        if target is not None:
            other = _on_target(temporary / "target", prepared, grown[0], target)
        importances = _importances([one for _, one in grown])
        prepared.own_split().write(temporary / "split.csv")
        facts = _facts(prepared, measurements, table, options, [one for _, one in grown])
        write_json(
            temporary / "forest.json", {**environment(), **facts, "importances": importances}
        )
    return ForestResult(judged, scores, other, importances, folder)


def _grow(
    prepared: PreparedSet, table: pd.DataFrame, split: Split, options: ForestOptions
) -> Forest:
    names, part = split.table["image_id"], split.table["part"]
    known = names.isin(set(table["image_id"]))
    rows = np.flatnonzero(((part == "train") & known) | (part == "valid"))
    return fit_forest(
        feature_table(table, names.iloc[rows].tolist()),
        labels_of(prepared, rows, ()),
        split.table["group"].to_numpy()[rows],
        part.to_numpy()[rows],
        options,
    )


def _scored(
    prepared: PreparedSet, table: pd.DataFrame, grown: list[tuple[Split, Forest]]
) -> Iterator[pd.DataFrame]:
    """Give the scores of each split's test part."""
    for fold, (split, one) in enumerate(grown):
        scores = _score(prepared, table, split, one)
        if len(grown) > 1:
            scores = scores.assign(seed=one.options.seed, fold=fold, threshold=one.threshold)
        yield scores


def _score(prepared: PreparedSet, table: pd.DataFrame, split: Split, one: Forest) -> pd.DataFrame:
    rows = split.rows("test").to_numpy(np.intp)
    scores = prepared.catalog.iloc[rows][["image_id", "galaxy_id", "label"]].reset_index(drop=True)
    scores["group"] = split.table["group"].iloc[rows].to_numpy()
    p, raw = one.scores(feature_table(table, scores["image_id"].tolist()))
    scores["p_merger"], scores["p_merger_raw"], scores["p_merger_std"] = p, raw, np.nan
    scores["is_merger"] = p >= one.threshold
    return scores


def _judge(
    prepared: PreparedSet,
    grown: list[tuple[Split, Forest]],
    scores: pd.DataFrame,
    crossvalidated: bool,
    part: str = "test",
) -> Evaluation:
    if crossvalidated:
        return pooled(scores, f"random forest, seed {grown[0][1].options.seed}")
    split, one = grown[0]
    return evaluate_scores(
        scores,
        threshold=one.threshold,
        rng=np.random.default_rng(_BOOTSTRAP_SEED),
        train=prepared.catalog.iloc[split.rows("train")],
        part=part,
        model_id=f"random forest, seed {one.options.seed}",
    )


def _on_target(
    folder: Path,
    prepared: PreparedSet,
    grown: tuple[Split, Forest],
    target: tuple[PreparedSet | Path | str, Path | str],
) -> Evaluation:
    """Judge the forest on another set's test part."""
    other = PreparedSet.of(target[0])
    split = other.own_split()
    seen = grown[0].table["part"].isin(["train", "valid"]).to_numpy()
    tested = other.catalog["galaxy_id"].iloc[split.rows("test")]
    shared = int(tested.isin(set(prepared.catalog["galaxy_id"][seen])).sum())
    if shared:
        raise SplitMismatchError(
            f"{shared} images of the test part of {other.folder} show galaxies that the forest "
            f"grew on in {prepared.folder}: a score on them would prove nothing."
        )
    scores = _score(other, read_measurements(target[1], other.info.sha256), split, grown[1])
    judged = _judge(prepared, [grown], scores, crossvalidated=False, part="target test")
    _write(folder, judged, scores)
    return judged


def _write(folder: Path, judged: Evaluation, scores: pd.DataFrame) -> None:
    with atomic_path(folder / "scores.parquet") as temporary:
        scores.to_parquet(temporary, index=False)
    write_json(folder / "metrics.json", judged.to_dict())
    write_figures(folder / "figures", judged, scores)


def _importances(forests: list[Forest]) -> dict[str, float]:
    mean = pd.DataFrame([one.importances for one in forests]).mean()
    return {str(name): float(value) for name, value in mean.sort_values(ascending=False).items()}


def _facts(
    prepared: PreparedSet,
    measurements: Path | str,
    table: pd.DataFrame,
    options: ForestOptions,
    forests: list[Forest],
) -> dict[str, Any]:
    """Return what made the result."""
    return {
        "options": asdict(options),
        "data": str(prepared.folder.resolve()),
        "dataset_sha256": prepared.info.sha256,
        "split_sha256": prepared.own_split().sha256,
        "measurements": str(Path(measurements).resolve()),
        "measured_images": int(table["image_id"].nunique()),
        "bands": table["band"].unique().tolist(),
        "scikit-learn": version("scikit-learn"),
        "fits": [
            {"temperature": one.temperature, "bias": one.bias, "threshold": one.threshold}
            for one in forests
        ],
    }
