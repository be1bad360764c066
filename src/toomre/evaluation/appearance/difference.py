"""How far two sets of pictures are apart: feature by feature, and all features together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.appearance.features import FEATURES

__all__ = ["difference_table", "domain_auc"]

# Folds of the cross-validation and trees of the forest.
_FOLDS, _TREES = 5, 100


def difference_table(simulated: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Return a row a feature: medians, 16 to 84 % of both sets and how far they are apart.

    Parameters
    ----------
    simulated, real
        A row a picture, with columns of `FEATURES`.

    Returns
    -------
    `feature`, `simulated`, `simulated_low`, `simulated_high`, the same for `real`, and
    `distance`, that of Kolmogorov and Smirnov: 0 for equal distributions, at most 1.

    Examples
    --------
    >>> table = difference_table(
    ...     pd.DataFrame({"sky": [1.0, 2.0, 3.0]}), pd.DataFrame({"sky": [1.0, 2.0, 3.0]})
    ... )
    >>> float(table.loc[0, "simulated"]), float(table.loc[0, "distance"])
    (2.0, 0.0)
    """
    from scipy.stats import ks_2samp  # looks for torch when it is imported

    rows = []
    for name in (name for name in FEATURES if name in simulated and name in real):
        row: dict[str, object] = {"feature": name}
        both = [table[name].dropna().to_numpy(dtype=np.float64) for table in (simulated, real)]
        for which, values in zip(("simulated", "real"), both, strict=True):
            known = values if len(values) else np.array([np.nan])
            low, middle, high = np.percentile(known, [16, 50, 84])
            row |= {which: middle, f"{which}_low": low, f"{which}_high": high}
        full = all(len(values) for values in both)
        row["distance"] = float(ks_2samp(*both).statistic) if full else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def domain_auc(
    simulated: pd.DataFrame,
    real: pd.DataFrame,
    groups: NDArray[np.generic] | None = None,
    seed: int = 0,
) -> tuple[float, dict[str, float]]:
    """Return how well a random forest tells simulated from real pictures, and by what.

    Parameters
    ----------
    simulated, real
        A row a picture, with columns of `FEATURES`.
    groups
        Galaxy of each simulated picture: its pictures stay in one fold. None: each alone.
    seed
        Of the forest.

    Returns
    -------
    auc
        Cross-validated ROC-AUC: 0.5 where nothing tells them apart.
    importance
        Feature -> how much the forest leaned on it; they sum to 1.

    Raises
    ------
    ArgumentError
        If there are too few pictures for five folds.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    names = [name for name in FEATURES if name in simulated and name in real]
    own = np.arange(len(simulated)) if groups is None else np.unique(groups, return_inverse=True)[1]
    if min(len(np.unique(own)), len(real)) < _FOLDS:
        allowed = f"at least {_FOLDS} galaxies in each set"
        raise ArgumentError.expected("simulated, real", allowed, (len(simulated), len(real)))
    values = pd.concat([simulated[names], real[names]]).to_numpy(dtype=np.float64)
    values = np.nan_to_num(values, nan=-999.0)
    kind = np.r_[np.zeros(len(simulated)), np.ones(len(real))]
    group = np.r_[own, own.max() + 1 + np.arange(len(real))]
    score, importance = np.empty(len(kind)), np.zeros(len(names))
    for train, test in GroupKFold(_FOLDS).split(values, kind, group):
        forest = RandomForestClassifier(
            _TREES, min_samples_leaf=5, class_weight="balanced", random_state=seed
        )
        forest.fit(values[train], kind[train])
        score[test] = forest.predict_proba(values[test])[:, 1]
        importance += forest.feature_importances_ / _FOLDS
    return float(roc_auc_score(kind, score)), dict(zip(names, importance.tolist(), strict=True))
