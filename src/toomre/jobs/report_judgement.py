"""One evaluation of a report: its scores, its numbers and, where it is at hand, its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.errors import CorruptFileError
from toomre.evaluation.bootstrap import Interval
from toomre.preparation.prepared import PreparedSet
from toomre.storage import read_json

__all__ = ["Judgement", "is_evaluation"]


@dataclass(frozen=True, eq=False)
class Judgement:
    """One evaluation, as `toomre.evaluate` or `toomre.forest` wrote it.

    Attributes
    ----------
    folder
        Where it is.
    record
        The content of ``metrics.json``.
    scores
        One row an image that has a label and a score.
    data
        The prepared set of these images, if it is at hand and unchanged.
    """

    folder: Path
    record: Mapping[str, Any]
    scores: pd.DataFrame
    data: PreparedSet | None = None

    @classmethod
    def read(cls, folder: Path, data: PreparedSet | None = None) -> Judgement:
        """Read ``metrics.json`` and ``scores.parquet``.

        Raises
        ------
        CorruptFileError
            If one of them is not what an evaluation writes.
        """
        try:
            record, scores = (
                read_json(folder / "metrics.json"),
                pd.read_parquet(folder / "scores.parquet"),
            )
            scores = scores[scores["label"].notna() & scores["p_merger"].notna()]
            known = data is not None and scores["image_id"].isin(data.catalog["image_id"]).all()
            found = cls(folder, record, scores.reset_index(drop=True), data if known else None)
            _ = found.metrics, found.threshold
        except (KeyError, ValueError, TypeError, OSError) as error:
            raise CorruptFileError(
                f"{folder} holds no evaluation ({error}). Make it again with `toomre evaluate`."
            ) from error
        return found

    @property
    def metrics(self) -> dict[str, Interval]:
        """Name -> value with its 95 % interval; NaN where it is undefined."""
        return {
            name: Interval(**{key: np.nan if x is None else x for key, x in ends.items()})
            for name, ends in self.record["metrics"].items()
        }

    @property
    def threshold(self) -> float:
        """A score of at least this means merger."""
        return float(self.record["threshold"])

    @property
    def label(self) -> NDArray[np.int64]:
        """1 for a merger and 0 for a nonmerger, (image,)."""
        return self.scores["label"].to_numpy(np.int64)

    @property
    def p(self) -> NDArray[np.float64]:
        """Scores, (image,)."""
        return self.scores["p_merger"].to_numpy(np.float64)

    @property
    def group(self) -> NDArray[Any]:
        """What the bootstrap draws, (image,)."""
        return self.scores["group"].to_numpy()

    @property
    def two_classes(self) -> bool:
        """Whether there are mergers and nonmergers."""
        return bool(0 < self.label.sum() < len(self.label))

    @property
    def called(self) -> float:
        """Fraction of the images that are called mergers."""
        return float((self.p >= self.threshold).mean())

    @property
    def truth(self) -> pd.DataFrame | None:
        """The scores with the columns of the set's catalogue; None where it is not at hand."""
        if self.data is None:
            return None
        catalog = self.data.catalog
        own = [name for name in catalog if name == "image_id" or name not in self.scores]
        return self.scores.merge(catalog[own], on="image_id", how="left", validate="one_to_one")


def is_evaluation(folder: Path) -> bool:
    """Return whether a folder holds scores and metrics."""
    return (folder / "metrics.json").is_file() and (folder / "scores.parquet").is_file()
