"""Scores of labelled images that a model was not trained on: what its numbers are corrected by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.evaluation.weighted import Scored
from toomre.storage import atomic_path

__all__ = ["VALIDATION_FILE", "ValidationScores"]

#: The file beside a model that holds the scores of its validation part.
VALIDATION_FILE = "validation_scores.parquet"


@dataclass(frozen=True, eq=False)
class ValidationScores:
    """Labels and calibrated scores of images that have both, and whose galaxy each shows.

    Attributes
    ----------
    label
        1 for a merger and 0 for a nonmerger, (image,).
    score
        Calibrated probability of a merger, (image,).
    group
        Numbers from 0: images of one galaxy (or group of galaxies) have the same, (image,).
    """

    label: NDArray[np.int64]
    score: NDArray[np.float64]
    group: NDArray[np.int64]

    @classmethod
    def of(
        cls, label: ArrayLike, score: ArrayLike, groups: ArrayLike | None = None
    ) -> ValidationScores:
        """Check labels and scores, and leave out the images without a score.

        Parameters
        ----------
        label, score
            Arrays of shape (image,).
        groups
            The galaxy's id of each image; None: every image is a galaxy of its own.

        Raises
        ------
        ArgumentError
            If the shapes differ, a value is not allowed, or there are not both classes.

        Examples
        --------
        >>> ValidationScores.of([0, 1, 1], [0.2, 0.9, np.nan], ["a", "b", "b"]).group
        array([0, 1])
        """
        kept = np.sort(Scored.of(label, score).order)
        labels = np.asarray(label, dtype=np.int64)[kept]
        if len(np.unique(labels)) < 2:
            found = f"{len(labels)} images with a score, of which {labels.sum()} show mergers"
            raise ArgumentError.expected("validation", "scores of both classes", found)
        ids = np.arange(np.size(label)) if groups is None else np.asarray(groups).ravel()
        if len(ids) != np.size(label):
            raise ArgumentError.expected("groups", f"{np.size(label)} ids", len(ids))
        number, _ = pd.factorize(ids[kept], use_na_sentinel=False)
        return cls(labels, np.asarray(score, dtype=np.float64)[kept], number.astype(np.int64))

    @classmethod
    def read(cls, path: Path | str, score: str = "p_merger") -> ValidationScores:
        """Read scores that a training, `toomre evaluate` or `toomre zoo evaluate` wrote (Parquet).

        Parameters
        ----------
        path
            The file.
        score
            Its column of scores; ``"Class8.6"`` where the score is the merger's vote fraction.

        Raises
        ------
        MissingFileError
            If the file is not there.
        CorruptFileError
            If it has not the columns `label` and `score`.
        """
        path = Path(path)
        if not path.is_file():
            raise MissingFileError(f"There are no scores at {path}.")
        try:
            table = pd.read_parquet(path)
            table = table[table["label"].notna()]
            label = table["label"].to_numpy(np.int64)
            value = table[score].to_numpy(np.float64)
        except (KeyError, ValueError, TypeError, OSError) as error:
            command = "evaluate" if score == "p_merger" else "zoo evaluate"
            file = "scores" if score == "p_merger" else "predictions"
            raise CorruptFileError(
                f"{path} holds no scores with labels ({error}). Expected Parquet with the columns "
                f"label and {score}, as `toomre {command}` writes it ({file}.parquet)."
            ) from error
        name = next((name for name in ("group", "galaxy_id") if name in table), None)
        return cls.of(label, value, None if name is None else table[name].to_numpy())

    def write(self, path: Path) -> None:
        """Write them atomically as Parquet, with the columns label, p_merger and group."""
        columns = {"label": self.label, "p_merger": self.score, "group": self.group}
        with atomic_path(path) as temporary:
            pd.DataFrame(columns).to_parquet(temporary, index=False)

    @property
    def galaxies(self) -> int:
        """The number of galaxies."""
        return int(self.group.max()) + 1

    def rates(self, threshold: float) -> tuple[float, float]:
        """Return the true and the false positive rate where a score of `threshold` is a merger.

        Examples
        --------
        >>> ValidationScores.of([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9]).rates(0.5)
        (1.0, 0.5)
        """
        said, merger = self.score >= threshold, self.label == 1
        return float(said[merger].mean()), float(said[~merger].mean())
