"""``toomre.embed``: how a network sees source and target, as a map and in numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.build import choose_device
from toomre.errors import ArgumentError
from toomre.evaluation.bootstrap import Interval
from toomre.evaluation.embedding.distances import Distances, distances
from toomre.evaluation.embedding.plots import distances_figure, embedding_figure
from toomre.evaluation.embedding.tsne import tsne
from toomre.evaluation.plots import save_figure
from toomre.inference.checks import check_prepared
from toomre.inference.features import feature_rows
from toomre.jobs.epochs import Moment, chosen_epochs, models_of
from toomre.jobs.provenance import environment
from toomre.jobs.run import Run
from toomre.output import output_folder
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import PARTS
from toomre.storage import write_json

__all__ = ["EmbedOptions", "Embedded", "embed"]

_FILES = (
    "embedding.parquet",
    "distances.csv",
    "embedding.png",
    "embedding.pdf",
    "distances.png",
    "distances.pdf",
    "embedding.json",
)


@dataclass(frozen=True)
class EmbedOptions:
    """Which images, and how the map is made; the defaults are those of DeepMerge II's code.

    Attributes
    ----------
    count
        At most so many images of each domain, whole galaxies drawn at random.
    part
        ``"test"``, ``"valid"``, ``"train"``, or ``"all"``. A target without a split gives all.
    perplexity, iterations
        Of t-SNE.
    seed
        Of the drawing, the map and the bootstrap.
    device
        Where to compute.
    """

    count: int = 2000
    part: str = "test"
    perplexity: float = 36.0
    iterations: int = 3000
    seed: int = 1
    device: str = "auto"


@dataclass(frozen=True, eq=False)
class Embedded:
    """What `embed` returns.

    Attributes
    ----------
    distances
        Name of a moment, such as ``"epoch 20"``, -> how far domains and classes are apart.
    table
        A row an image and moment: `moment`, `epoch`, `domain`, `image_id`, `galaxy_id`, `label`
        (missing where unknown), `x`, `y`.
    folder
        Where ``embedding.parquet``, ``distances.csv``, ``embedding.json`` and the figures are.
    """

    distances: dict[str, Distances]
    table: pd.DataFrame
    folder: Path


@dataclass(frozen=True, eq=False)
class _Images:
    """The images of a domain that are looked at."""

    prepared: PreparedSet
    rows: NDArray[np.intp]

    @property
    def table(self) -> pd.DataFrame:
        names = ["image_id", "galaxy_id", "label"]
        return self.prepared.catalog.iloc[self.rows][names].reset_index(drop=True)

    @property
    def label(self) -> NDArray[np.float64]:
        return self.table["label"].to_numpy(dtype=np.float64, na_value=np.nan)


def embed(
    run: Run | Path | str,
    out: Path | str,
    *,
    target: PreparedSet | Path | str | None = None,
    epochs: Sequence[int] | None = None,
    options: EmbedOptions = EmbedOptions(),
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Embedded:
    """Map the features of source and target by t-SNE, and measure how far they are apart.

    The numbers are taken in the space of features, not on the map. Labels of the target are read
    for its colours and silhouettes alone.

    Parameters
    ----------
    run
        A run or its folder.
    out
        The folder to make.
    target
        A prepared set of another domain; None: the one that the run was adapted to.
    epochs
        Which epochs beside the one that the run kept; 0 is before the training. None: 0, and
        all whose weights were kept (``toomre train --keep-every``).
    options
        Which images, and how the map is made.
    overwrite
        Replace an earlier embedding.
    progress
        Called with the number of moments that are done and of all.

    Raises
    ------
    ArgumentError
        If there is no target, or there are too few images.
    MissingFileError
        If the weights of an epoch were not kept.
    OutputExistsError
        If the folder is there already.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    images = _domains(run, target, options)
    moments = chosen_epochs(run, epochs)
    device = choose_device(options.device)
    tables, found = [], {}
    with output_folder(Path(out), _FILES, overwrite=overwrite) as folder:
        for number, moment in enumerate(moments):
            features: dict[str, NDArray[np.float32]] = {}
            for domain, model in models_of(run, moment).items():
                mine = images[domain]
                check_prepared(model.card, mine.prepared.info)
                features[domain] = feature_rows(model, mine.prepared, mine.rows, device)
            found[moment.name] = _distances(features, images, options.seed)
            tables.append(_map(moment, features, images, options))
            if progress is not None:
                progress(number + 1, len(moments))
        table = pd.concat(tables, ignore_index=True)
        _write(folder, moments, table, found)
        record = {"run": run.card.model_id, "options": asdict(options)}
        sets = {f"{name}_sha256": one.prepared.info.sha256 for name, one in images.items()}
        counts = {f"{name}_images": len(one.rows) for name, one in images.items()}
        numbers = {name: _plain(asdict(one)) for name, one in found.items()}
        everything = {**environment(), **record, **sets, **counts, "distances": numbers}
        write_json(folder / "embedding.json", everything)
    return Embedded(found, table, Path(out).resolve())


def _domains(
    run: Run, target: PreparedSet | Path | str | None, options: EmbedOptions
) -> dict[str, _Images]:
    """Choose the images of both domains; the source's by the split that the run stored."""
    place = target or run.environment.get("target")
    if place is None:
        raise ArgumentError(
            f"{run.folder} has no target domain. Give a prepared set of one (--target)."
        )
    source, other = run.data(), PreparedSet.of(place)
    if run.is_target(other):
        run.check_target(other)
    if options.part not in (*PARTS, "all"):
        raise ArgumentError.expected("part", "train, valid, test or all", options.part)
    part = options.part
    own = np.arange(len(source)) if part == "all" else run.split.rows(part).to_numpy(np.intp)
    theirs = np.arange(len(other))
    if other.split is not None and part != "all":
        theirs = other.split.rows(part).to_numpy(np.intp)
    return {
        "source": _Images(source, _chosen(source, own, options)),
        "target": _Images(other, _chosen(other, theirs, options)),
    }


def _chosen(
    prepared: PreparedSet, rows: NDArray[np.intp], options: EmbedOptions
) -> NDArray[np.intp]:
    """Return rows of whole galaxies in a random order until there are enough, in their order.

    The order follows from the galaxies' names, so that twins of two sets are chosen alike.
    """
    usable = rows[(prepared.catalog["status"].iloc[rows] != "bad").to_numpy()]
    galaxy = prepared.catalog["galaxy_id"].iloc[usable].astype(str)
    names = np.random.default_rng(options.seed).permutation(np.unique(galaxy.to_numpy()))
    place = galaxy.map({name: number for number, name in enumerate(names)}).to_numpy()
    return np.sort(usable[np.argsort(place, kind="stable")[: options.count]])


def _distances(
    features: dict[str, NDArray[np.float32]], images: dict[str, _Images], seed: int
) -> Distances:
    source, target = images["source"], images["target"]
    return distances(
        features["source"],
        features["target"],
        (source.label, target.label),
        (source.table["galaxy_id"], target.table["galaxy_id"]),
        rng=np.random.default_rng(seed),
    )


def _map(
    moment: Moment,
    features: dict[str, NDArray[np.float32]],
    images: dict[str, _Images],
    options: EmbedOptions,
) -> pd.DataFrame:
    place = tsne(
        np.concatenate([features["source"], features["target"]]),
        perplexity=options.perplexity,
        iterations=options.iterations,
        seed=options.seed,
    )
    parts = [images[domain].table.assign(domain=domain) for domain in ("source", "target")]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(moment=moment.name, epoch=moment.epoch, x=place[:, 0], y=place[:, 1])


def _write(
    folder: Path, moments: Sequence[Moment], table: pd.DataFrame, found: dict[str, Distances]
) -> None:
    table.to_parquet(folder / "embedding.parquet", index=False)
    rows = pd.DataFrame(
        [{"moment": m.name, "epoch": m.epoch, **_flat(found[m.name])} for m in moments]
    )
    rows.to_csv(folder / "distances.csv", index=False)
    notes = {
        name: f"domain classifier {one.domain_accuracy}, MMD$^2$ {one.mmd:.3f}\n"
        f"silhouette: domain {one.silhouette_domain:.3f}, class "
        f"{one.silhouette_class_source:.3f} / {one.silhouette_class_target:.3f}"
        for name, one in found.items()
    }
    maps = {m.name: table[table["moment"] == m.name] for m in moments}
    figures = {"embedding": embedding_figure(maps, notes)}
    if len(moments) > 1:
        figures["distances"] = distances_figure(rows.sort_values("epoch", kind="stable"))
    for name, figure in figures.items():
        for suffix in ("png", "pdf"):
            save_figure(figure, folder / f"{name}.{suffix}")


def _flat(found: Distances) -> dict[str, float]:
    """Return the numbers of one moment; the ends of an interval in columns of their own."""
    row: dict[str, float] = {}
    for name, value in vars(found).items():
        if isinstance(value, Interval):
            ends = {f"{name}_lower": value.lower, f"{name}_upper": value.upper}
            row |= {name: value.value, **ends}
        else:
            row[name] = value
    return row


def _plain(values: dict[str, Any]) -> Any:
    """Return what JSON can hold: lists for intervals, None for NaN."""
    return json.loads(json.dumps(values).replace("NaN", "null"))
