"""Performance against a column: in equal-count bins, or for each category, with intervals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.bias.columns import Column
from toomre.evaluation.bootstrap import Interval, bootstrap, resample_weights
from toomre.evaluation.weighted import Scored, ratio

__all__ = ["performance"]

# Purity depends on how many of a bin are mergers, so it stands beside the share of them.
_METRICS = ("accuracy", "completeness", "specificity", "purity")
# A bin of numbers holds at least so many galaxies; a category may be any size.
_SMALLEST = 20


def performance(
    table: pd.DataFrame,
    column: Column,
    *,
    threshold: float,
    rng: np.random.Generator,
    bins: int = 6,
    resamples: int = 1000,
) -> pd.DataFrame:
    """Return how good the scores are in bins of a column, with 95 % intervals by galaxy.

    Parameters
    ----------
    table
        A row an image: `label`, `p_merger`, `group` (what the bootstrap draws) and the column;
        rows without any of them are left out.
    column
        Numbers come in bins of about equally many images, categories as they are.
    threshold
        A score of at least this means merger.
    rng
        Of the bootstrap.
    bins
        The most bins; fewer where a bin would have less than 20 galaxies.
    resamples
        Of the bootstrap.

    Returns
    -------
    A row a bin and metric: `column`, `bin`, `low`, `high` and `middle` (the median; NaN for
    categories), `category`, `images`, `galaxies`, `mergers` (their share), `metric`, `value`,
    `lower`, `upper`. The metrics are accuracy, completeness, specificity and purity where a bin
    has both classes, else completeness or specificity alone; and the mean score of each class,
    `score_mergers` and `score_nonmergers`.

    Raises
    ------
    ArgumentError
        If a column is missing or `bins` is less than 1.

    Examples
    --------
    >>> table = pd.DataFrame({"label": [0, 1] * 50, "p_merger": [0.2, 0.8] * 50,
    ...                       "group": range(100), "mass": np.arange(100.0)})
    >>> found = performance(table, Column("mass", "mass"), threshold=0.5,
    ...                     rng=np.random.default_rng(1), bins=2, resamples=50)
    >>> found.loc[found["metric"] == "accuracy", ["low", "high", "value"]].values.tolist()
    [[0.0, 49.0, 1.0], [50.0, 99.0, 1.0]]
    """
    if bins < 1:
        raise ArgumentError.expected("bins", "1 or more", bins)
    needed = ["label", "p_merger", "group", column.name]
    if missing := [name for name in needed if name not in table]:
        allowed = f"a table with the columns {', '.join(needed)}"
        raise ArgumentError.expected("table", allowed, f"one without {', '.join(missing)}")
    known = table.dropna(subset=needed)
    rows = []
    for number, (place, mine) in enumerate(_parts(known, column, bins)):
        head = {"column": column.name, "bin": number, **place, **_counts(mine)}
        found = _measured(mine, threshold, rng, resamples)
        rows += [{**head, "metric": name, **one._asdict()} for name, one in found.items()]
    return pd.DataFrame(rows)


def _metrics(label: pd.Series) -> tuple[str, ...]:
    if label.nunique() > 1:
        return _METRICS
    return ("completeness",) if (label == 1).all() else ("specificity",)


def _parts(
    table: pd.DataFrame, column: Column, bins: int
) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Give the rows of each bin or category, and where it stands."""
    if column.kind == "category":
        for category, mine in table.groupby(column.name, sort=True, observed=True):
            nowhere = {"low": np.nan, "high": np.nan, "middle": np.nan}
            yield {**nowhere, "category": str(category)}, mine
        return
    values = table[column.name].to_numpy(dtype=np.float64)
    for inside in _equal_counts(values, table["group"].nunique(), bins):
        own = values[inside]
        ends = {"low": own.min(), "high": own.max(), "middle": np.median(own)}
        yield {**{k: float(v) for k, v in ends.items()}, "category": ""}, table[inside]


def _equal_counts(
    values: NDArray[np.float64], galaxies: int, bins: int
) -> Iterator[NDArray[np.bool_]]:
    """Give the members of bins with about equally many; equal values stay together."""
    if not len(values):
        return
    number = max(1, min(bins, galaxies // _SMALLEST))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, number + 1)[1:-1]))
    place = np.searchsorted(edges, values, side="left")
    for one in np.unique(place):
        yield place == one


def _counts(table: pd.DataFrame) -> dict[str, float]:
    return {
        "images": len(table),
        "galaxies": int(table["group"].nunique()),
        "mergers": float((table["label"] == 1).mean()),
    }


def _measured(
    table: pd.DataFrame, threshold: float, rng: np.random.Generator, resamples: int
) -> dict[str, Interval]:
    names = _metrics(table["label"])
    label = table["label"].to_numpy(dtype=np.float64)
    score = table["p_merger"].to_numpy(dtype=np.float64)
    group = table["group"].to_numpy()
    found = bootstrap(
        label, score, group, threshold=threshold, rng=rng, resamples=resamples, metrics=names
    )
    for value, name in enumerate(("score_nonmergers", "score_mergers")):
        mine = label == value
        if mine.any():
            found[name] = _mean_score(label[mine], score[mine], group[mine], rng, resamples)
    return found


def _mean_score(
    label: ArrayLike, score: ArrayLike, group: ArrayLike, rng: np.random.Generator, resamples: int
) -> Interval:
    sample = Scored.of(label, score)
    drawn = np.concatenate(
        [
            ratio(weight @ sample.score, weight.sum(axis=1))
            for weight in resample_weights(sample, group, resamples, rng)
        ]
    )
    lower, upper = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(sample.score.mean()), float(lower), float(upper))
