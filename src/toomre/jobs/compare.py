"""`toomre.compare`: how far simulated pictures are from real ones, without any label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError, OutputExistsError
from toomre.evaluation.appearance.difference import difference_table, domain_auc
from toomre.evaluation.appearance.features import measure
from toomre.preparation.prepared import PreparedSet
from toomre.storage import atomic_path, write_json

__all__ = ["Comparison", "compare"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Comparison:
    """How far two sets are apart.

    Attributes
    ----------
    table
        A row a feature, see `toomre.evaluation.appearance.difference.difference_table`.
    domain_auc
        How well a random forest tells the sets apart: 0.5 where it cannot.
    importance
        Feature -> how much the forest leaned on it.
    folder
        Where ``features.csv``, ``comparison.json`` and ``comparison.png`` are.
    """

    table: pd.DataFrame
    domain_auc: float
    importance: dict[str, float]
    folder: Path


def compare(
    simulated: Path | str,
    real: Path | str,
    out: Path | str,
    *,
    count: int = 3000,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Compare the look of two prepared sets of colour pictures; labels are not read.

    Parameters
    ----------
    simulated, real
        Prepared sets with three bands of display values. The larger pictures are cut to the
        smaller ones' middle.
    out
        The folder to make.
    count
        At most so many pictures of each set, drawn at random.
    seed
        Of the drawing and the forest.
    overwrite
        Replace a finished comparison.
    progress
        Called with the number of pictures that are measured and of all.

    Raises
    ------
    ArgumentError
        If a set has no such pictures, or the pixel scales differ by more than 5 %.
    OutputExistsError
        If a comparison is there already.
    """
    folder = Path(out)
    if (folder / "comparison.json").exists() and not overwrite:
        raise OutputExistsError(f"{folder / 'comparison.json'} is there. Choose another --out.")
    sets = [PreparedSet.open(path) for path in (simulated, real)]
    _check(sets)
    size = min(each.images.shape[-1] for each in sets)
    rows = [_chosen(each, count, seed) for each in sets]
    total = sum(len(each) for each in rows)
    tables: list[pd.DataFrame] = []
    for each, chosen in zip(sets, rows, strict=True):
        found = []
        for row in chosen:
            found.append(measure(_middle(each.images[row], size)))
            if progress is not None:
                progress(sum(len(table) for table in tables) + len(found), total)
        tables.append(pd.DataFrame(found))
    galaxies = sets[0].catalog["galaxy_id"].to_numpy()[rows[0]]
    auc, importance = domain_auc(tables[0], tables[1], galaxies, seed)
    result = Comparison(difference_table(*tables), auc, importance, folder)
    _write(result, tables)
    return result


def _check(sets: list[PreparedSet]) -> None:
    for each in sets:
        if each.info.encoding != "display" or len(each.info.bands) != 3:
            allowed = "with three bands of display values (pictures)"
            got = f"{each.folder}: {each.info.encoding}, bands {', '.join(each.info.bands)}"
            raise ArgumentError.expected("sets", allowed, got)
    scales = [each.info.pixel_scale for each in sets]
    if scales[0] and scales[1] and abs(np.log(scales[0] / scales[1])) > 0.05:
        raise ArgumentError.expected("sets", "with the same pixel scale", scales)


def _chosen(prepared: PreparedSet, count: int, seed: int) -> np.ndarray:
    usable = np.flatnonzero((prepared.catalog["status"] != "bad").to_numpy())
    return np.sort(np.random.default_rng(seed).permutation(usable)[:count])


def _middle(picture: np.ndarray, size: int) -> np.ndarray:
    first = [(length - size) // 2 for length in picture.shape[-2:]]
    return picture[:, first[0] : first[0] + size, first[1] : first[1] + size]


def _write(result: Comparison, tables: list[pd.DataFrame]) -> None:
    from toomre.evaluation.appearance.plots import comparison_figure
    from toomre.evaluation.plots import save_figure

    result.folder.mkdir(parents=True, exist_ok=True)
    named = [
        each.assign(set=name) for each, name in zip(tables, ("simulated", "real"), strict=True)
    ]
    with atomic_path(result.folder / "features.csv") as temporary:
        pd.concat(named).to_csv(temporary, index=False)
    save_figure(
        comparison_figure(tables[0], tables[1], result.table), result.folder / "comparison.png"
    )
    record = {
        "domain_auc": result.domain_auc,
        "importance": result.importance,
        "table": result.table.to_dict(orient="records"),
    }
    write_json(result.folder / "comparison.json", record)
