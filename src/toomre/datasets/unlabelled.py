"""The images of a target domain, as the training may see them: without their labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.preparation.prepared import PreparedInfo, PreparedSet
from toomre.storage import sha256_bytes

__all__ = ["UnlabelledImages"]

_SCORED = 0.1


@dataclass(frozen=True, eq=False)
class UnlabelledImages:
    """Images and row numbers; there is no field for a label, so that none can leak.

    Attributes
    ----------
    folder
        The prepared set's.
    info
        Bands, encoding, grid and hashes.
    images
        (image, band, y, x), float32.
    train
        Rows to adapt to.
    valid
        Rows for the label-free scores that may choose an epoch.
    part
        ``"train"`` or ``"all"``, see `of`.
    """

    folder: Path
    info: PreparedInfo
    images: NDArray[np.float32]
    train: NDArray[np.intp]
    valid: NDArray[np.intp]
    part: Literal["train", "all"]

    @classmethod
    def of(
        cls, prepared: PreparedSet, part: Literal["train", "all"], seed: int
    ) -> UnlabelledImages:
        """Take the images of a prepared set.

        Parameters
        ----------
        prepared
            Of its catalogue only the column `status` is read.
        part
            ``"train"``: the training part of its stored split, scored on its validation part.
            ``"all"``: every image that is not bad, scored on a tenth of them.
        seed
            Of the draw of that tenth.

        Raises
        ------
        ArgumentError
            If it has no split, or too few images.
        """
        if part == "all":
            train = np.flatnonzero(prepared.catalog["status"].to_numpy() != "bad")
            rng = np.random.default_rng([seed, 2])
            count = min(len(train), max(2, round(_SCORED * len(train))))
            valid = np.sort(rng.choice(train, count, replace=False))
        elif prepared.split is None:
            raise ArgumentError(
                f"{prepared.folder} has no split, for its images have no labels. To adapt to all "
                'of them set `adaptation.target_part = "all"` in the recipe.'
            )
        else:
            train, valid = (
                prepared.split.rows(name).to_numpy(np.intp) for name in ("train", "valid")
            )
        if min(len(train), len(valid)) < 2:
            raise ArgumentError.expected(
                "the target", "two images or more to train and to score", (len(train), len(valid))
            )
        return cls(prepared.folder, prepared.info, prepared.images, train, valid, part)

    @property
    def rows_sha256(self) -> str:
        """SHA-256 of the row numbers, which the run records."""
        rows = [self.train.astype("<i8"), np.array([-1], "<i8"), self.valid.astype("<i8")]
        return sha256_bytes(np.concatenate(rows).tobytes())
