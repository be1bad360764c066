"""``toomre.evaluate``: how good a trained model is, on galaxies that it has never seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from toomre.build import choose_device
from toomre.datasets.window import centre_window
from toomre.errors import ArgumentError, SplitMismatchError
from toomre.evaluation import plots
from toomre.evaluation.bootstrap import roc_band
from toomre.evaluation.reliability import reliability
from toomre.evaluation.report import Evaluation, evaluate_scores
from toomre.images.cutout import Encoding
from toomre.images.stretch import Stretch
from toomre.inference.checks import check_prepared
from toomre.inference.predictor import scores_of
from toomre.inference.scoring import score_rows
from toomre.inference.store import open_model
from toomre.jobs.run import Run
from toomre.networks.card import ModelCard
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import PARTS
from toomre.storage import atomic_path, sha256_bytes, write_json
from toomre.training.batch_norm import Domain

__all__ = ["Evaluated", "evaluate", "evaluation_folder", "write_figures"]

# The seed of the bootstrap, as in the published code (requirements E2).
_BOOTSTRAP_SEED = 3
# Positions closer than this are one galaxy [arcsec].
_SAME_PLACE = 5.0


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What `evaluate` returns.

    Attributes
    ----------
    evaluation
        Metrics with 95 % intervals, confusion matrix, baselines and warnings.
    scores
        One row an image.
    folder
        Where ``scores.parquet``, ``metrics.json`` and the figures are.
    """

    evaluation: Evaluation
    scores: pd.DataFrame
    folder: Path


def evaluate(
    run: Run | Path | str,
    data: PreparedSet | Path | str | None = None,
    *,
    part: str = "test",
    domain: Domain | None = None,
    out: Path | str | None = None,
    device: str = "auto",
    figures: bool = True,
) -> Evaluated:
    """Score one part of a data set with a run's model and measure how good the scores are.

    Parameters
    ----------
    run
        A run or its folder.
    data
        The prepared set; None: the one that the run was trained with. One with another split
        is refused, but for the target that the run was adapted to, which has its own.
    part
        ``"test"``, ``"valid"``, ``"train"``, or ``"all"`` for every labelled image of another
        set. It must not share an image (to the last bit), a galaxy id or, where both have
        positions, a place on the sky (within 5 arcsec) with the training and validation parts;
        nor must a part of the target.
    domain
        Which of the models of a run with a target to judge: ``"source"`` or ``"target"``. None:
        the source's for the training's own images, else the target's. Threshold and calibration
        are always those of the source's validation part.
    out
        Where to write; None: the run's own folder, ``target`` in it for the target's test part
        (``target-all`` for all of it), or for another set or part a folder in ``evaluations``.
    device
        Where to compute.
    figures
        Whether to draw the figures too.

    Raises
    ------
    SplitMismatchError
        If the set is split differently, or shares galaxies with the training.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    prepared = data if isinstance(data, PreparedSet) else run.data(data)
    domain = domain or run.domain_of(prepared)
    model = open_model(run.folder, domain)
    check_prepared(model.card, prepared.info)
    # The training's own data, which another set is compared with; each opening is a check.
    is_target = run.is_target(prepared)
    home = run.data() if part == "all" or is_target else prepared
    rows = (
        _target_rows(run, prepared, home, part) if is_target else _rows(run, prepared, home, part)
    )
    logits = score_rows(model, prepared, rows, choose_device(device))
    scores = _score_table(model.card, prepared, rows, logits)
    evaluation = evaluate_scores(
        scores,
        threshold=model.card.threshold,
        rng=np.random.default_rng(_BOOTSTRAP_SEED),
        train=home.catalog.iloc[run.split.rows("train")],
        part=f"{domain} {part}" if run.card.training.target else part,
        model_id=model.card.model_id,
    )
    if is_target:
        evaluation = _with_note(evaluation, np.isin(rows, run.check_target(prepared)).sum())
    folder = Path(out) if out else evaluation_folder(run, prepared, part, domain)
    with atomic_path(folder / "scores.parquet") as temporary:
        scores.to_parquet(temporary, index=False)
    write_json(folder / "metrics.json", evaluation.to_dict())
    if figures:
        size = model.card.input.grid.size
        window = centre_window(prepared.images.shape[-1], size)
        images = prepared.images[rows, :, window, window]
        write_figures(folder / "figures", evaluation, scores)
        _write_galleries(folder / "figures", scores, images, model.card, prepared.info.encoding)
        plots.save_figure(plots.history_figure(run.history), folder / "figures" / "history.png")
    return Evaluated(evaluation, scores, folder)


def _score_table(
    card: ModelCard, prepared: PreparedSet, rows: NDArray[np.intp], logits: NDArray[np.float64]
) -> pd.DataFrame:
    """Return one row an image: ids, label and scores."""
    scores = scores_of(logits, card.calibration)
    table = prepared.catalog.iloc[rows][["image_id", "galaxy_id", "label"]].reset_index(drop=True)
    split = prepared.split
    table["group"] = (
        table["galaxy_id"] if split is None else split.table["group"].iloc[rows].to_numpy()
    )
    table["p_merger"] = scores.p
    table["p_merger_raw"] = scores.raw
    table["p_merger_std"] = scores.std
    table["is_merger"] = scores.p >= card.threshold
    return table


def write_figures(folder: Path, evaluation: Evaluation, scores: pd.DataFrame) -> None:
    """Draw ROC curve, confusion matrix, score histograms and reliability as PNG."""
    label = scores["label"].to_numpy(np.int64)
    p = scores["p_merger"].to_numpy()
    metrics = evaluation.metrics
    groups = scores["group"].to_numpy()
    band = roc_band(label, p, groups, rng=np.random.default_rng(_BOOTSTRAP_SEED))
    figures = {
        "roc": plots.roc_figure(band, metrics),
        "confusion": plots.confusion_figure(evaluation.confusion, metrics),
        "scores": plots.score_histogram_figure(label, p, evaluation.threshold),
        "reliability": plots.reliability_figure(reliability(label, p), metrics),
    }
    for name, figure in figures.items():
        plots.save_figure(figure, folder / f"{name}.png")


def _write_galleries(
    folder: Path,
    scores: pd.DataFrame,
    images: NDArray[np.float32],
    card: ModelCard,
    encoding: Encoding,
) -> None:
    """Draw right and wrong answers with their scores, in two stretches."""
    label, p = scores["label"].to_numpy(np.int64), scores["p_merger"].to_numpy()
    stretches: tuple[Stretch, ...] = ("linear", "log")
    for stretch in stretches:
        figure = plots.gallery_figure(
            images, p, label, card.threshold, encoding=encoding, stretch=stretch
        )
        plots.save_figure(figure, folder / f"gallery_{stretch}.png")


def _rows(run: Run, prepared: PreparedSet, home: PreparedSet, part: str) -> NDArray[np.intp]:
    if part == "all":
        _refuse_overlap(run, prepared, home, np.arange(len(prepared)))
        return _labelled(prepared, np.arange(len(prepared)))
    _check_part(part)
    run.check_split(prepared)
    return run.rows(part)


def _target_rows(run: Run, prepared: PreparedSet, home: PreparedSet, part: str) -> NDArray[np.intp]:
    """Return the labelled rows of a part of the target, of which no galaxy was trained on."""
    run.check_target(prepared)
    rows = np.arange(len(prepared))
    if part != "all":
        _check_part(part)
        if prepared.split is None:
            raise ArgumentError(f'{prepared.folder} has no split. Give `part="all"`.')
        rows = prepared.split.rows(part).to_numpy(np.intp)
    # The published splits share galaxies; how much too good that makes the scores is measured.
    if prepared.info.protocol != "paper":
        _refuse_overlap(run, prepared, home, rows)
    return _labelled(prepared, rows)


def _check_part(part: str) -> None:
    if part not in PARTS:
        raise ArgumentError.expected("part", "train, valid, test or all", part)


def _labelled(prepared: PreparedSet, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    catalog = prepared.catalog.iloc[rows]
    usable = (catalog["label"].notna() & (catalog["status"] != "bad")).to_numpy()
    if not usable.any():
        raise ArgumentError(f"{prepared.folder} has no usable image with a label to judge by.")
    return rows[usable]


def _with_note(evaluation: Evaluation, seen: int) -> Evaluation:
    """Say that images which are judged took part in the adaptation."""
    if not seen:
        return evaluation
    note = f"{seen} of these images took part in the adaptation, without their labels."
    return replace(evaluation, warnings=(*evaluation.warnings, note))


def _refuse_overlap(
    run: Run, prepared: PreparedSet, home: PreparedSet, rows: NDArray[np.intp]
) -> None:
    """Refuse rows that show what the model was trained or chosen on, at home."""
    seen = np.flatnonzero(run.split.table["part"].isin(["train", "valid"]))
    trained, catalog = home.catalog.iloc[seen], prepared.catalog.iloc[rows]
    shared = catalog["galaxy_id"].isin(set(trained["galaxy_id"])).to_numpy()
    shared = shared | _near(catalog, trained)
    if home.images.shape[1:] == prepared.images.shape[1:]:
        known = {sha256_bytes(home.images[row].tobytes()) for row in seen}
        shared |= np.array([sha256_bytes(prepared.images[r].tobytes()) in known for r in rows])
    if shared.any():
        raise SplitMismatchError(
            f"{int(shared.sum())} images of {prepared.folder} share a galaxy id, a position or "
            f"their pixels with the training or validation part of {run.folder}: a score on them "
            "would prove nothing. Leave them out; where ids are only row numbers, prepare the "
            "images with a table that has a galaxy_id."
        )


def _near(catalog: pd.DataFrame, trained: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows lie within 5 arcsec of a trained one; never where positions lack."""
    place = catalog["ra"].notna() & catalog["dec"].notna()
    known = trained[trained["ra"].notna() & trained["dec"].notna()]
    near = np.zeros(len(catalog), dtype=bool)
    if place.any() and len(known):
        here = SkyCoord(catalog.loc[place, "ra"], catalog.loc[place, "dec"], unit="deg")
        there = SkyCoord(known["ra"], known["dec"], unit="deg")
        near[place.to_numpy()] = here.match_to_catalog_sky(there)[1].arcsec < _SAME_PLACE
    return near


def evaluation_folder(run: Run, prepared: PreparedSet, part: str, domain: Domain) -> Path:
    """Return where an evaluation goes if nothing else is said."""
    own = str(prepared.folder.resolve()) == run.environment["data"]
    if part == "test" and own and domain == "source":
        return run.folder
    if domain == "target" and run.is_target(prepared):
        return run.folder / ("target" if part == "test" else f"target-{part}")
    name = f"{prepared.info.sha256[:12]}-{part}"
    own_model = run.card.training.target is None or domain == "target"
    return run.folder / "evaluations" / (name if own_model else f"{name}-source")
