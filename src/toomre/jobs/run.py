"""A run folder: everything about one training, complete by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.datasets.unlabelled import UnlabelledImages
from toomre.errors import ArgumentError, MissingFileError, SplitMismatchError
from toomre.networks.card import ModelCard
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import PARTS, Split
from toomre.recipe import Recipe
from toomre.storage import read_json
from toomre.training.batch_norm import Domain

__all__ = ["Run"]


@dataclass(frozen=True, eq=False)
class Run:
    """A finished training.

    Attributes
    ----------
    folder
        Holds ``recipe.toml split.csv history.csv model.safetensors model.json
        validation_scores.parquet environment.json``, and after an evaluation ``scores.parquet
        metrics.json`` and ``figures``. With a target ``model.json`` and ``model.safetensors`` are
        the target's model; the source's are in ``source``, and an evaluation of the target in
        ``target``.
    recipe, card, split, history, environment
        The content of those files.
    """

    folder: Path
    recipe: Recipe
    card: ModelCard
    split: Split
    history: pd.DataFrame
    environment: dict[str, Any]

    @classmethod
    def open(cls, folder: Path | str) -> Run:
        """Open a run folder.

        Raises
        ------
        MissingFileError
            If it is not there, or its training has not finished.
        """
        folder = Path(folder)
        if not (folder / "environment.json").is_file():
            raise MissingFileError(
                f"{folder} is no run: it has no environment.json. Give a folder that `toomre "
                "train` wrote; an exported model has no split to be evaluated by."
            )
        if not (folder / "model.json").is_file():
            raise MissingFileError(
                f"{folder} is no finished run: it has no model.json. "
                "Run `toomre train ... --resume` to finish it."
            )
        return cls(
            folder,
            Recipe.read(folder / "recipe.toml"),
            ModelCard.read(folder / "model.json"),
            Split.read(folder / "split.csv"),
            pd.read_csv(folder / "history.csv"),
            read_json(folder / "environment.json"),
        )

    def data(self, folder: Path | str | None = None) -> PreparedSet:
        """Open the data set that the run was trained with, or another one."""
        return PreparedSet.open(folder or self.environment["data"], verify=True)

    def rows(self, part: str) -> NDArray[np.intp]:
        """Return the rows of a part that is to be judged, (n,).

        Raises
        ------
        ArgumentError
            If the part is empty; it names those that are not.
        """
        rows: NDArray[np.intp] = self.split.rows(part).to_numpy(np.intp)
        if not len(rows):
            others = [name for name in reversed(PARTS) if len(self.split.rows(name))]
            hint = " or ".join(f"--part {name}" for name in others)
            raise ArgumentError(
                f"The {part} part of {self.folder}'s split is empty. Judge another part ({hint}), "
                "or prepare the set with a share for it and train again."
            )
        return rows

    def domain_of(self, prepared: PreparedSet) -> Domain:
        """Return whose model fits a data set: the source's its own and what has the same ids."""
        if self.is_target(prepared):
            return "target"
        known = self.split.table["image_id"].tolist()
        return "source" if prepared.catalog["image_id"].tolist() == known else "target"

    def is_target(self, prepared: PreparedSet) -> bool:
        """Return whether the run was adapted to these images, and they are not its source's."""
        known = self.card.training.target
        if known is None or prepared.info.sha256 == self.environment["dataset_sha256"]:
            return False
        return prepared.info.images_sha256 == known.images_sha256

    def check_target(self, prepared: PreparedSet) -> NDArray[np.intp]:
        """Return the rows that the run was adapted to, without their labels.

        Raises
        ------
        SplitMismatchError
            If the target was split anew since.
        """
        seen = UnlabelledImages.of(prepared, self.recipe.adaptation.target_part, self.recipe.seed)
        if seen.rows_sha256 != self.environment["target_rows_sha256"]:
            raise SplitMismatchError(
                f"{prepared.folder} is split differently than when {self.folder} was adapted to "
                "it: its test part may hold images of the adaptation. Give the training's target."
            )
        return np.union1d(seen.train, seen.valid)

    def check_split(self, prepared: PreparedSet) -> None:
        """Refuse a data set that is split differently from the training's.

        Raises
        ------
        SplitMismatchError
            If the data set's split has another hash than the model carries.
        """
        stored = self.split.sha256
        given = None if prepared.split is None else prepared.split.sha256
        if self.environment["split"] == "data set" and given != stored:
            raise SplitMismatchError(
                f"{self.folder} was trained with split {stored[:12]}, but {prepared.folder} is "
                f"split as {str(given)[:12]}: its test part may hold galaxies that the model was "
                "trained on. Give the training's data."
            )
        if stored != self.card.training.split_sha256:
            raise SplitMismatchError(
                f"{self.folder / 'split.csv'} has hash {stored[:12]}, but the model was trained "
                f"with {self.card.training.split_sha256[:12]}: the file was changed."
            )
        if list(prepared.catalog["image_id"]) != list(self.split.table["image_id"]):
            raise SplitMismatchError(
                f"The images of {prepared.folder} are not those that {self.folder} was trained "
                f"with: the model carries split {stored[:12]}. Give the training's data, or "
                '`part="all"` for a set that shares no galaxy with it.'
            )
