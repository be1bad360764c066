"""A random forest on measures of shape: the classical baseline beside a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from toomre.errors import ArgumentError
from toomre.evaluation.calibration import fit_platt
from toomre.evaluation.threshold import best_threshold
from toomre.morphology.measure import SHAPES

__all__ = ["Forest", "ForestOptions", "feature_table", "fit_forest"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ForestOptions:
    """How a forest grows.

    Attributes
    ----------
    trees
        How many.
    min_leaf
        Fewest training images in a leaf.
    seed
        Of the images and measures that each tree draws.

    Examples
    --------
    >>> ForestOptions(trees=0)
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `trees, min_leaf, seed` to be at least 1, 1 and 0,
    but got (0, 5, 0).
    """

    trees: int = 500
    min_leaf: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        given = (self.trees, self.min_leaf, self.seed)
        if self.trees < 1 or self.min_leaf < 1 or self.seed < 0:
            raise ArgumentError.expected("trees, min_leaf, seed", "at least 1, 1 and 0", given)


def feature_table(measurements: pd.DataFrame, image_ids: Sequence[str]) -> pd.DataFrame:
    """Return what the forest sees of each image: shapes and flag of every band.

    Parameters
    ----------
    measurements
        One row an image and band: `image_id`, `band`, `flag` and the names in
        `toomre.morphology.measure.SHAPES`.
    image_ids
        The images wanted, in order.

    Returns
    -------
    One row an image, with columns such as ``gini (r)``; NaN where there is no value.

    Raises
    ------
    ArgumentError
        If an image was not measured in every band.

    Examples
    --------
    >>> row = {"image_id": "a", "band": "r", "flag": 0, **dict.fromkeys(SHAPES, 0.5)}
    >>> float(feature_table(pd.DataFrame([row]), ["a"]).loc["a", "gini (r)"])
    0.5
    """
    parts = []
    for band, own in measurements.groupby("band", sort=False):
        by_image = own.set_index("image_id")[[*SHAPES, "flag"]].astype("float64")
        parts.append(by_image.rename(columns={name: f"{name} ({band})" for name in by_image}))
    wide = pd.concat(parts, axis=1).reindex(list(image_ids)) if parts else pd.DataFrame()
    flags = [name for name in wide.columns if name.startswith("flag ")]
    unmeasured = int(wide[flags].isna().any(axis=1).sum()) if flags else len(image_ids)
    if unmeasured:
        raise ArgumentError(
            f"{unmeasured} of {len(image_ids)} images have no measurements. Measure them with "
            "`toomre measure` first."
        )
    return wide


@dataclass(frozen=True, eq=False)
class Forest:
    """A fitted forest with what turns its votes into an answer.

    Attributes
    ----------
    options
        How it grew.
    medians
        Of each feature in the training part: they take the place of missing values.
    temperature, bias
        Platt's calibration of the log odds.
    threshold
        A score of at least this means merger.
    importances
        Share of each feature in the trees' gain; they sum to 1.
    trees
        The scikit-learn classifier.
    """

    options: ForestOptions
    medians: pd.Series[float]
    temperature: float
    bias: float
    threshold: float
    importances: dict[str, float]
    trees: Any

    def scores(self, features: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return the calibrated and the raw probability of a merger, each (image,).

        Parameters
        ----------
        features
            From `feature_table`, of the same bands.

        Raises
        ------
        ArgumentError
            If the features are others than those of the training.
        """
        if list(features.columns) != list(self.medians.index):
            raise ArgumentError.expected(
                "features", f"the columns {', '.join(self.medians.index)}", list(features.columns)
            )
        odds = _log_odds(self.trees, features.fillna(self.medians), self.options)
        return expit((odds + self.bias) / self.temperature), expit(odds)


def fit_forest(
    features: pd.DataFrame,
    labels: ArrayLike,
    groups: ArrayLike,
    parts: ArrayLike,
    options: ForestOptions | None = None,
) -> Forest:
    """Grow a forest on the training part; calibrate it and choose its threshold on validation.

    Both classes weigh the same, and within a class every group of images (a galaxy), however many
    images it has. Missing values become the training part's median; the flag says so to the trees.

    Parameters
    ----------
    features
        From `feature_table`.
    labels, groups, parts
        One an image: 1 for a merger and 0 for a nonmerger; its group; ``"train"``, ``"valid"`` or
        anything else, which is not looked at.
    options
        How it grows.

    Raises
    ------
    ArgumentError
        If the training or validation part lacks a class.

    References
    ----------
    Breiman (2001); for mergers: Snyder et al. (2019).

    Examples
    --------
    >>> features = pd.DataFrame({"gini (r)": np.arange(40.0)})
    >>> label = np.arange(40) >= 20
    >>> part = np.where(np.arange(40) % 4, "train", "valid")
    >>> forest = fit_forest(features, label, np.arange(40), part, ForestOptions(trees=20))
    >>> bool(forest.scores(features)[0][-1] > forest.threshold)
    True
    """
    from sklearn.ensemble import RandomForestClassifier

    options = options or ForestOptions()
    label, part = np.asarray(labels, dtype=np.float64), np.asarray(parts)
    group = np.asarray(groups)
    train, valid = (_rows(part, label, name) for name in ("train", "valid"))
    medians = features[train].median().fillna(0.0)
    filled = features.fillna(medians)
    trees = RandomForestClassifier(
        n_estimators=options.trees,
        min_samples_leaf=options.min_leaf,
        max_features="sqrt",
        random_state=options.seed,
        n_jobs=1,
    )
    weight = _weights(label[train], group[train])
    trees.fit(filled[train].to_numpy(), label[train], sample_weight=weight)
    odds = _log_odds(trees, filled[valid], options)
    temperature, bias = fit_platt(odds, label[valid], group[valid])
    threshold = best_threshold(label[valid], expit((odds + bias) / temperature))
    importances = dict(zip(features.columns, map(float, trees.feature_importances_), strict=True))
    return Forest(options, medians, temperature, bias, threshold, importances, trees)


def _rows(part: NDArray[Any], label: Floats, name: str) -> NDArray[np.bool_]:
    rows = part == name
    if set(label[rows]) != {0.0, 1.0}:
        counts = [int((label[rows] == value).sum()) for value in (1, 0)]
        raise ArgumentError.expected(
            name, "a part with mergers and nonmergers", tuple(counts), "Split the set again."
        )
    return np.asarray(rows)


def _weights(label: Floats, group: NDArray[Any]) -> Floats:
    """Weigh images so that classes, and groups within a class, weigh the same; the mean is 1."""
    frame = pd.DataFrame({"label": label, "group": group})
    weight = 1 / frame.groupby(["label", "group"])["label"].transform("size").to_numpy()
    total = pd.Series(weight).groupby(label).transform("sum").to_numpy()
    return np.asarray(weight / total * len(label) / 2, dtype=np.float64)


def _log_odds(trees: Any, features: pd.DataFrame, options: ForestOptions) -> Floats:
    """Return the log odds of the trees' mean answer, at most that of half a tree."""
    share = trees.predict_proba(features.to_numpy())[:, list(trees.classes_).index(1.0)]
    edge = 0.5 / options.trees
    return np.asarray(logit(np.clip(share, edge, 1 - edge)), dtype=np.float64)
