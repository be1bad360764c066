"""A galaxy of a prepared set as it came, beside the image that is stored of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.plots.downsizing import downsizing_figure
from toomre.images.reading import read_cutout
from toomre.preparation.inputs import Source, find_inputs
from toomre.preparation.matching import match_files
from toomre.preparation.prepared import PreparedSet

__all__ = ["draw_downsizing"]


def draw_downsizing(
    prepared: PreparedSet, rows: NDArray[np.intp], originals: Source | Path | str, galaxy: str
) -> Any:
    """Return the figure of one galaxy.

    Parameters
    ----------
    prepared
        The data set.
    rows
        Of its images that may be shown.
    originals
        The images that the set was prepared from. Only this galaxy's is read.
    galaxy
        Its image id.

    Raises
    ------
    ArgumentError
        If none of the rows is this galaxy, or its original cannot be read.
    MissingFileError
        If it is not among the originals.
    """
    names = prepared.catalog["image_id"].astype(str).iloc[rows]
    row = rows[(names == galaxy).to_numpy()]
    if not len(row):
        raise ArgumentError.expected(
            "galaxy", f"the image id of a good image, such as {names.iloc[0]}", galaxy
        )
    source = originals if isinstance(originals, Source) else Source(Path(originals))
    path, info = Path(source.path), prepared.info
    items = list(find_inputs(source, info.bands))
    folder = path if path.is_dir() else path.parent
    (match,) = match_files(prepared.catalog.iloc[row].reset_index(drop=True), items, folder)
    original = read_cutout(match.item.paths or (), bands=info.bands)
    if original.pixels is None:
        raise ArgumentError(f"The original of {galaxy} cannot be read: {original.reason}.")
    # What `toomre prepare` cut out of it [pixel].
    side = info.grid.crop or info.grid.fraction * min(original.pixels.shape[1:])
    return downsizing_figure(
        Pictures(original.pixels[np.newaxis], info.encoding, info.bands),
        Pictures(prepared.images, info.encoding, info.bands, row),
        side,
        galaxy,
    )
