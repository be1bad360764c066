"""`toomre.look`: a contact sheet of a prepared set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError, MissingFileError, OutputExistsError
from toomre.evaluation.contact_sheet import contact_sheet
from toomre.preparation.prepared import PreparedSet
from toomre.storage import atomic_path

__all__ = ["look"]

_CLASSES = {1: "merger", 0: "nonmerger"}


def look(
    data: Path | str,
    out: Path | str | None = None,
    *,
    count: int = 60,
    part: str | None = None,
    label: int | None = None,
    seed: int = 0,
    overwrite: bool = True,
) -> Path:
    """Write a contact sheet of a prepared set: a random choice of its images with their labels.

    Parameters
    ----------
    data
        The prepared set.
    out
        The PNG file; by default ``NAME_sheet.png`` beside the set's folder.
    count
        At most so many images.
    part
        ``"train"``, ``"valid"`` or ``"test"``; None takes all.
    label
        1 for mergers only, 0 for nonmergers only.
    seed
        Of the choice; twins are shown with the same images.
    overwrite
        Replace the file if it is there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MissingFileError
        If the set is not there, or has no split where a part is asked for.
    ArgumentError
        If no image is left to show.
    OutputExistsError
        If the file is there and must not be replaced.
    """
    prepared = PreparedSet.open(data)
    folder = prepared.folder.resolve()
    path = folder.with_name(f"{folder.name}_sheet.png") if out is None else Path(out)
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path} is there already. Choose another --out.")
    rows = _chosen(prepared, part, label)
    if not len(rows) or count < 1:
        raise ArgumentError("There is no image to show: choose another part, label or count.")
    order = np.random.default_rng(seed).permutation(len(prepared))
    rows = np.sort(order[np.isin(order, rows)][:count])
    table = prepared.catalog.iloc[rows]
    labels = [None if pd.isna(value) else int(value) for value in table["label"]]
    captions = [
        f"{image_id} {'' if value is None else _CLASSES[value]}".strip()
        for image_id, value in zip(table["image_id"], labels, strict=True)
    ]
    sheet = contact_sheet(
        np.asarray(prepared.images[rows]),
        labels,
        captions,
        prepared.info.encoding,
        bands=prepared.info.bands,
    )
    with atomic_path(path) as temporary:
        sheet.save(temporary, "PNG")
    return path


def _chosen(prepared: PreparedSet, part: str | None, label: int | None) -> np.ndarray:
    """Return the rows that may be shown."""
    use = (prepared.catalog["status"] != "bad").to_numpy()
    if label is not None:
        use = use & (prepared.catalog["label"] == label).fillna(False).to_numpy(dtype=bool)
    if part is not None:
        if prepared.split is None:
            raise MissingFileError(f"{prepared.folder} has no split, so no part {part!r}.")
        use = use & np.isin(np.arange(len(prepared)), prepared.split.rows(part))
    return np.flatnonzero(use)
