"""Which galaxy each published image shows: by the published ids, the file order, or the pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from toomre.errors import ArgumentError, CorruptFileError
from toomre.images.read_limits import one_line
from toomre.preparation.near_copies import CopySearch, Progress, find_copies
from toomre.preparation.published.order import file_order

__all__ = ["add_tables", "copy_groups", "galaxy_table"]

_IDS, _KINDS = "subsamples_id", "subsamples_y"
# A galaxy has tens of copies; few links to each are enough to hold them together.
_SEARCH = CopySearch(candidates=4)
# Measured quantities of the galaxies: name of the file -> name of the column.
_MEASURED = {"logmstar": "log_mass", "concentration": "concentration", "m20": "m20"}


def galaxy_table(
    images: NDArray[Any], labels: NDArray[np.int8], progress: Progress | None = None
) -> pd.DataFrame:
    """Return galaxy, view and copy of each image: by the file order if it is the known one.

    Otherwise images that are copies of one another, exact or near, count as one galaxy; what
    other cameras saw of it cannot be told then.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x); it may be a memory map.
    labels
        Array of shape (image,), 1 or 0.
    progress
        Called while copies are looked for.

    Returns
    -------
    DataFrame
        A row an image: `galaxy_id`, `view_id`; by the order also `copy` and `camera`.
    """
    table = file_order(images, labels)
    if table is None:
        groups = copy_groups(images, progress)
        names = [f"c{group:05d}" for group in groups]
        table = pd.DataFrame({"galaxy_id": names, "view_id": names})
    return table


def copy_groups(images: NDArray[Any], progress: Progress | None = None) -> NDArray[np.intp]:
    """Return the group of each image: all that are copies of one another, directly or not.

    Groups are numbered by their first image. See
    `toomre.preparation.near_copies.find_copies` for what is found and what cannot be.

    Examples
    --------
    >>> images = np.random.default_rng(0).normal(size=(3, 1, 16, 16))
    >>> images[2] = images[0, :, ::-1]
    >>> copy_groups(images).tolist()
    [0, 1, 0]
    """
    rows = np.arange(len(images))
    copies = find_copies(images, rows, rows, search=_SEARCH, progress=progress)
    pairs = copies[["row_a", "row_b"]].to_numpy()
    graph = coo_array((np.ones(len(pairs), dtype=bool), pairs.T), shape=(len(images),) * 2)
    components = connected_components(graph, directed=False)[1]
    return np.asarray(pd.factorize(components)[0], dtype=np.intp)


def add_tables(table: pd.DataFrame, labels: NDArray[np.int8], folder: Path) -> pd.DataFrame:
    """Add what the tables published with DeepMerge I say, if they lie in a folder.

    Parameters
    ----------
    table
        From `galaxy_table`.
    labels
        Array of shape (image,), 1 or 0.
    folder
        Where ``subsamples_ID.npy``, ``subsamples_y.npy``, ``logMstar.npy``,
        ``concentration.npy`` and ``m20.npy`` may be; each is optional.

    Returns
    -------
    DataFrame
        With the published halo as `galaxy_id`, and the columns `past_merger` and
        `future_merger`, `log_mass`, `concentration`, `m20`.

    Raises
    ------
    ArgumentError
        If a table is not one of these images.
    CorruptFileError
        If a table cannot be read.
    """
    found = {
        path.stem.casefold(): path
        for path in sorted(folder.iterdir())
        if path.suffix.casefold() == ".npy"
    }
    table = table.copy()
    if _IDS in found:
        halos = _read(found[_IDS], (len(labels),))
        _check_ids(halos, table, found[_IDS])
        table["galaxy_id"] = [f"halo-{halo}" for halo in halos.tolist()]
    if _KINDS in found:
        kinds = _read(found[_KINDS], (len(labels), 3))
        if not np.array_equal(kinds[:, 0], labels):
            raise ArgumentError(
                f"{found[_KINDS]} has other labels than the images beside it. Remove it."
            )
        table["past_merger"] = pd.array(kinds[:, 1], dtype="Int8")
        table["future_merger"] = pd.array(kinds[:, 2], dtype="Int8")
    for stem, column in _MEASURED.items():
        if stem in found:
            table[column] = _read(found[stem], (len(labels),)).astype("float64")
    return table


def _read(path: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CorruptFileError(f"{path} cannot be read: {one_line(error)}.") from error
    if values.shape != shape or values.dtype.kind not in "iuf":
        raise ArgumentError.expected(
            path.name, f"numbers of shape {shape}", f"{values.dtype} {values.shape}", "Remove it."
        )
    return np.array(values)


def _check_ids(halos: NDArray[Any], table: pd.DataFrame, path: Path) -> None:
    """Refuse ids by which copies of one image are different galaxies."""
    views = pd.Series(halos).groupby(table["view_id"].to_numpy()).nunique()
    if (views > 1).any():
        raise ArgumentError(
            f"{path} gives copies of one image ({views.idxmax()}) different galaxies: it is not "
            "of these images, or in another order. Remove it to go by the pixels."
        )
