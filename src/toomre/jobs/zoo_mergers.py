"""Some of the images that a catalogue of votes calls mergers, drawn from what was classified."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.plots.galleries import merger_sheet
from toomre.evaluation.votes.plots.panels import save_figures
from toomre.evaluation.votes.prototypes import random_above
from toomre.jobs.classify_opened import Opened
from toomre.spreadsheet import guard
from toomre.surveys.vote_tree import ANSWERS, MERGER

__all__ = ["MERGER_FILES", "write_mergers"]

#: The files of the folder.
MERGER_FILES = ("mergers.png", "mergers.pdf", "mergers.csv")

# The seed of the choice.
_SEED = 0


def write_mergers(folder: Path, catalog: pd.DataFrame, opened: Opened) -> None:
    """Draw nine random images with as many votes for a merger as the threshold, and name them.

    They are drawn as the network saw them; only these are read again.

    Parameters
    ----------
    folder
        Gets `MERGER_FILES`.
    catalog
        A row an input, in their order, with `image_id` and ``Class8.6``.
    opened
        What was classified.
    """
    name = ANSWERS[MERGER]
    p = catalog[name].to_numpy(np.float64)
    rows = random_above(p, opened.threshold, rng=np.random.default_rng(_SEED))
    wanted = opened.card.input
    side = wanted.grid.size
    images = np.zeros((len(rows), len(wanted.bands), side, side), np.float32)
    for image, row in zip(images, rows.tolist(), strict=True):
        (reading,) = opened.inputs.rows(row, row + 1).readings(opened.wish, 0, 1)
        image[...] = reading.cutout.pixels
    counts = int((p >= opened.threshold).sum()), int(np.isfinite(p).sum())
    pictures = Pictures(images, wanted.encoding, wanted.bands)
    figure = merger_sheet(pictures, p[rows], opened.threshold, counts)
    save_figures({"mergers": figure}, folder)
    table = catalog[["image_id", name]].iloc[rows]
    table.assign(image_id=table["image_id"].map(guard)).to_csv(
        folder / MERGER_FILES[-1], index=False, lineterminator="\n"
    )
