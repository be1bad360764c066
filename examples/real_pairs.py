"""Draw real pairs from the parameters that another restricted three-body code fits to them.

``python examples/real_pairs.py FITTED OUT.png [CUTOUTS]`` draws every pair of the table FITTED
(see `toomre.mocks.spam`). With a folder CUTOUTS that has ``labels.csv`` and SDSS cutouts, only
the pairs that it has are drawn, each below its cutout and at its scale.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from astropy.cosmology import Planck18
from PIL import Image

from toomre.mocks.render import neighbour_radius, splat
from toomre.mocks.spam import LENGTH, FittedPair, draw_discs, follow, read_fitted_pairs

STARS, PIXELS, COLUMNS = 3000, 128, 8
# Side of an SDSS cutout of 256 pixels of 0.396 arcsec [arcmin].
CUTOUT_SIDE = 256 * 0.396 / 60


def draw(pair: FittedPair, side: float | None = None) -> np.ndarray:
    """Return a picture of a pair today, (y, x); `side` in kpc, or as large as the pair."""
    begin, _ = follow(pair, pair.today, pair.start)
    first, second = draw_discs(pair, STARS, np.random.default_rng(1))
    stars = np.concatenate([first, second + begin])
    _, stars = follow(pair, begin, -pair.start, stars, steps=4000)
    middle = np.zeros(2)
    if side is None:
        middle = pair.today[:2] / 2
        reach = max(1.2 * np.hypot(*pair.today[:2]), 3 * pair.radii.max(), 0.8)
        side = 2 * LENGTH * reach
    scale = LENGTH / side * PIXELS
    place = np.ascontiguousarray((stars[:, :2] - middle).T) * scale + (PIXELS - 1) / 2
    reach = 1.3 * scale * neighbour_radius(np.ascontiguousarray(stars[:, :3].T))
    flux = np.repeat(pair.masses, STARS)[None]
    picture = splat(place, reach, flux, PIXELS)[0]
    return np.arcsinh(picture / np.median(picture[picture > 0]))


def main(fitted: Path, out: Path, cutouts: Path | None = None) -> None:
    """Draw the sheet."""
    pairs = {pair.name.removeprefix("SDSS_"): pair for pair in read_fitted_pairs(fitted)}
    photos: dict[str, np.ndarray] = {}
    side: dict[str, float] = {}
    if cutouts is not None:
        table = pd.read_csv(cutouts / "labels.csv", dtype={"objid": "str"}).set_index("objid")
        for name in pairs.keys() & set(table.index):
            row = table.loc[name]
            photos[name] = np.asarray(Image.open(cutouts / Path(row["file"])))
            side[name] = CUTOUT_SIDE * Planck18.kpc_proper_per_arcmin(row["z"]).value
        pairs = {name: pairs[name] for name in sorted(photos)}
    each = 2 if photos else 1
    rows = each * -(-len(pairs) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(2 * COLUMNS, 2 * rows), squeeze=False)
    for axis in axes.ravel():
        axis.axis("off")
    for number, (name, pair) in enumerate(pairs.items()):
        row, column = each * (number // COLUMNS), number % COLUMNS
        if name in photos:
            axes[row, column].imshow(photos[name])
        axes[row + each - 1, column].imshow(draw(pair, side.get(name)), origin="lower", cmap="gray")
        axes[row, column].set_title(name, fontsize=7)
    figure.tight_layout(pad=0.3)
    figure.savefig(out, dpi=80)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
