"""Does the error depend on a column? A test that counts galaxies, and one word for many tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.bias.columns import Column

__all__ = ["Association", "association", "bias_tests", "holm"]

Floats = NDArray[np.float64]

# Numbers in one block of permutations (8 MiB).
_BLOCK = 1 << 20
_FEWEST = 10
_CLASSES = {1: "mergers", 0: "nonmergers"}


@dataclass(frozen=True)
class Association:
    """How strongly the error hangs on a column.

    Attributes
    ----------
    measure
        ``"spearman"``, the rank correlation, above 0 where the error grows with the column; or
        ``"eta"``, from 0 to 1, the square root of the share of the ranks' variance that lies
        between categories.
    value
        Its value.
    detectable
        95 % of the permutations stay within this: a smaller effect could not be seen.
    p
        Of the permutation test, two-sided.
    galaxies
        How many galaxies were compared.
    """

    measure: Literal["spearman", "eta"]
    value: float
    detectable: float
    p: float
    galaxies: int


def association(
    error: ArrayLike,
    values: ArrayLike,
    galaxies: ArrayLike,
    *,
    kind: Literal["number", "category"] = "number",
    rng: np.random.Generator,
    permutations: int = 9999,
) -> Association | None:
    """Test whether an error depends on a column, by permutations of galaxies.

    Images of one galaxy are not independent: their errors are averaged, and a number too, and
    whole galaxies are permuted. Where a category differs between the images of one galaxy, such
    as the camera, the images of each galaxy are permuted among themselves.

    Parameters
    ----------
    error
        Of shape (image,), such as |label - score|, of images of one class.
    values
        Of shape (image,): numbers, or names of categories. None may be missing.
    galaxies
        Galaxy ids of shape (image,).
    kind
        How to read the values.
    rng
        Of the permutations.
    permutations
        How many; p is never below 1 / (permutations + 1).

    Returns
    -------
    None where there are less than 10 galaxies, or either does not vary.

    References
    ----------
    Spearman (1904); Phipson & Smyth (2010), "Permutation p-values should never be zero".

    Examples
    --------
    >>> mass = np.arange(100)
    >>> found = association(mass**2, mass, mass, rng=np.random.default_rng(1))
    >>> found.value, found.p
    (1.0, 0.0001)
    """
    table = pd.DataFrame({"error": error, "value": values, "galaxy": galaxies})
    count = table["galaxy"].nunique()
    if count < _FEWEST or table["value"].nunique() < 2 or table["error"].nunique() < 2:
        return None
    plan = _numbers if kind == "number" else _categories
    ranks, statistic, blocks = plan(table)
    if np.ptp(ranks) == 0:
        return None
    value = float(statistic(ranks[None])[0])
    drawn = np.concatenate(
        [np.abs(statistic(each)) for each in _permuted(ranks, blocks, permutations, rng)]
    )
    # Rounding must not make the order that was seen rarer than it is.
    extreme = int((drawn >= abs(value) - 1e-12).sum())
    return Association(
        "spearman" if kind == "number" else "eta",
        round(value, 12),
        float(np.quantile(drawn, 0.95)),
        (1 + extreme) / (1 + permutations),
        count,
    )


Plan = tuple[Floats, Callable[[Floats], Floats], NDArray[np.intp]]


def _numbers(table: pd.DataFrame) -> Plan:
    mean = table.groupby("galaxy", sort=False)[["error", "value"]].mean()
    ranks, others = (_standard(mean[name].rank()) for name in ("error", "value"))
    return ranks, lambda drawn: drawn @ others, np.zeros(len(ranks), np.intp)


def _categories(table: pd.DataFrame) -> Plan:
    by_galaxy = table.groupby("galaxy", sort=False)
    if (by_galaxy["value"].nunique() == 1).all():
        table = by_galaxy.agg(error=("error", "mean"), value=("value", "first")).reset_index()
        ranked, blocks = table["error"].rank(), np.zeros(len(table), np.intp)
    else:
        table = table.sort_values("galaxy", kind="stable")
        own = table.groupby("galaxy")["error"].rank()
        ranked = own - own.groupby(table["galaxy"]).transform("mean")
        blocks = pd.factorize(table["galaxy"])[0]
    ranks = _standard(ranked)
    member = pd.get_dummies(table["value"]).to_numpy(dtype=np.float64)
    size = np.sqrt(member.sum(axis=0))
    return ranks, lambda drawn: np.sqrt(np.square(drawn @ member / size).sum(axis=1)), blocks


def _standard(ranks: ArrayLike) -> Floats:
    """Return ranks with mean 0 and length 1, as they are where all are equal."""
    values = np.asarray(ranks, dtype=np.float64)
    centred: Floats = values - float(values.mean())
    length = float(np.sqrt(centred @ centred))
    return centred / length if length > 0 else centred


def _permuted(
    ranks: Floats, blocks: NDArray[np.intp], permutations: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Give permutations within blocks, (some, n); the blocks are contiguous and rise."""
    rows = max(1, _BLOCK // len(ranks))
    for start in range(0, permutations, rows):
        count = min(rows, permutations - start)
        order = np.argsort(rng.random((count, len(ranks))) + blocks, axis=1)
        yield ranks[order]


def holm(p: ArrayLike) -> Floats:
    """Return p-values that hold for a whole family of tests.

    References
    ----------
    Holm (1979), "A simple sequentially rejective multiple test procedure".

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(4)
    array([0.03, 0.06, 0.06])
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    factor = np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factor), 1.0)
    return adjusted


def bias_tests(
    table: pd.DataFrame,
    columns: list[Column],
    *,
    rng: np.random.Generator,
    permutations: int = 9999,
) -> pd.DataFrame:
    """Test each column in each class for a dependence of |label - score|.

    The classes are tested apart: scores that rise with a column make the errors of mergers fall
    and those of nonmergers grow.

    Parameters
    ----------
    table
        A row an image: `label`, `p_merger`, `group` and the columns.
    columns
        From `toomre.evaluation.bias.columns.choose_columns`.
    rng, permutations
        As for `association`.

    Returns
    -------
    A row a column and class where there was something to test: `column`, `class`, `measure`,
    `value`, `detectable`, `p`, `p_holm` (over all rows) and `galaxies`.

    Raises
    ------
    ArgumentError
        If a column is missing.
    """
    needed = ["label", "p_merger", "group", *(column.name for column in columns)]
    if missing := [name for name in needed if name not in table]:
        allowed = f"a table with the columns {', '.join(needed)}"
        raise ArgumentError.expected("table", allowed, f"one without {', '.join(missing)}")
    rows = []
    for column in columns:
        known = table.dropna(subset=["label", "p_merger", "group", column.name])
        for label, name in _CLASSES.items():
            mine = known[known["label"] == label]
            found = association(
                (mine["label"].astype(np.float64) - mine["p_merger"]).abs(),
                mine[column.name],
                mine["group"],
                kind=column.kind,
                rng=rng,
                permutations=permutations,
            )
            if found is not None:
                rows.append({"column": column.name, "class": name, **vars(found)})
    names = ["column", "class", "measure", "value", "detectable", "p", "galaxies"]
    result = pd.DataFrame(rows, columns=names)
    result.insert(6, "p_holm", holm(result["p"]))
    return result
