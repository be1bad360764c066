"""Which strange images the shipped model ``sdss-jpeg`` flags: thirteen kinds, made of real cutouts.

``python examples/out_of_distribution.py CUTOUTS [COUNT] [SHEET.png]`` takes the folder of the SDSS
cutouts (``labels.csv`` beside them), makes COUNT (60) images of each kind, classifies them as
`toomre classify` does, and prints a Markdown table: how well the distance tells a kind from good
galaxies (ROC-AUC), how many of it get the flag ``ood`` at the card's limit (1 % false alarms) and
at 5 % false alarms, how many get that or another flag, and how many are called mergers without
one. Then it compares the distance with three other scores, each fitted to half of the galaxies.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageDraw
from sklearn.datasets import load_sample_images
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from toomre.evaluation.novelty import Novelty
from toomre.images.cutout import Cutout
from toomre.images.loading import Facts
from toomre.images.statistics import image_statistics
from toomre.inference.familiarity import novelty_of
from toomre.inference.predictor import Predictor
from toomre.inference.readings import Reading, Wish
from toomre.inference.store import Model, open_model

SIDE, GOOD, SEED = 256, 600, 1
Picture = np.ndarray
Kind = Callable[[Picture, np.random.Generator], Picture]


def sky(picture: Picture) -> Picture:
    """Fill a frame with the faintest corner of a cutout, mirrored again and again."""
    corners = [picture[y : y + 64, x : x + 64] for y in (0, 192) for x in (0, 192)]
    patch = min(corners, key=lambda corner: float(corner.mean()))
    block = np.block([[[patch], [patch[:, ::-1]]], [[patch[::-1]], [patch[::-1, ::-1]]]])
    return np.tile(block, (2, 2, 1))[:SIDE, :SIDE]


def _radius(rng: np.random.Generator, reach: float = 0.0) -> Picture:
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2 - rng.uniform(-reach, reach, 2)[:, None, None]
    return np.hypot(y, x)


def star(picture: Picture, rng: np.random.Generator) -> Picture:
    """Put a star on the sky, faint or saturated."""
    shape = np.exp(-((_radius(rng) / 1.6) ** 2) / 2) + 0.003 / (1 + (_radius(rng) / 6) ** 2)
    colour = rng.uniform(0.7, 1, 3)
    return sky(picture) + 10 ** rng.uniform(1.8, 4) * colour * shape[..., None]


def trail(picture: Picture, rng: np.random.Generator) -> Picture:
    """Draw the trail of a satellite through the middle third of a galaxy's frame."""
    angle, offset = rng.uniform(0, np.pi), rng.uniform(-20, 20)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    distance = x * np.sin(angle) - y * np.cos(angle) - offset
    line = np.exp(-((distance / rng.uniform(1.5, 3)) ** 2) / 2)
    return picture + rng.uniform(80, 250) * line[..., None]


def coarser(picture: Picture, rng: np.random.Generator) -> Picture:
    """Show the frame with pixels four times as wide: the galaxy is small."""
    small = picture.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    frame = sky(picture)
    frame[96:160, 96:160] = small
    return frame


def finer(picture: Picture, rng: np.random.Generator) -> Picture:
    """Show the frame with pixels a quarter as wide: the galaxy is large and smooth."""
    middle = Image.fromarray(picture[96:160, 96:160].astype(np.uint8))
    return np.asarray(middle.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float64)


def noise(picture: Picture, rng: np.random.Generator) -> Picture:
    """Draw white noise with the mean and scatter of the galaxy's frame."""
    return rng.normal(picture.mean(), picture.std(), picture.shape)


def text(picture: Picture, rng: np.random.Generator) -> Picture:
    """Write lines of letters on black."""
    page = Image.new("RGB", (SIDE, SIDE))
    draw = ImageDraw.Draw(page)
    for line in range(0, SIDE, int(rng.integers(12, 24))):
        letters = "".join(rng.choice(list("abcdefgh ijklmnop qrstuvwxyz 0123456789"), 60))
        draw.text((int(rng.integers(-20, 5)), line), letters, fill=(230, 230, 230))
    return np.asarray(page, np.float64)


def photo(picture: Picture, rng: np.random.Generator) -> Picture:
    """Cut a piece from a photograph of a temple or of a flower."""
    image = load_sample_images().images[int(rng.integers(2))]
    y, x = (int(rng.integers(0, length - SIDE)) for length in image.shape[:2])
    return image[y : y + SIDE, x : x + SIDE].astype(np.float64)


def half_masked(picture: Picture, rng: np.random.Generator) -> Picture:
    """Blacken half of the frame, up to the galaxy's middle."""
    frame = picture.copy()
    frame[:, : SIDE // 2 - 8] = 0
    return np.rot90(frame, int(rng.integers(4)))


def ghost(picture: Picture, rng: np.random.Generator) -> Picture:
    """Add the ghost of a bright star: a faint broad ring, of one colour."""
    radius, outer = _radius(rng, 30), rng.uniform(30, 60)
    ring = (radius < outer) & (radius > rng.uniform(0.2, 0.5) * outer)
    return picture + rng.uniform(20, 60) * rng.uniform(0.3, 1, 3) * ring[..., None]


def logarithm(picture: Picture, rng: np.random.Generator) -> Picture:
    """Stretch a display picture once more."""
    return 255 * np.log1p(picture) / np.log(256)


KINDS: dict[str, Kind] = {
    "star": star,
    "blank sky": lambda picture, rng: sky(picture),
    "satellite trail": trail,
    "bands in reverse": lambda picture, rng: picture[..., ::-1],
    "pixels 4 x as wide": coarser,
    "pixels 1/4 as wide": finer,
    "10 x gain": lambda picture, rng: 10 * picture,
    "logarithmic stretch": logarithm,
    "white noise": noise,
    "text": text,
    "everyday photo": photo,
    "half masked (black)": half_masked,
    "ghost": ghost,
}


def read(model: Model, pictures: list[Picture]) -> list[Reading]:
    """Bring pictures to the model's grid and check them, as `toomre classify` does."""
    facts = Facts(pixel_scale=model.card.input.grid.native_pixel_scale)
    wish = Wish(model.card, facts)
    found = []
    for number, picture in enumerate(pictures):
        pixels = np.clip(np.rint(picture), 0, 255).astype(np.float32).transpose(2, 0, 1)
        cutout = Cutout(np.ascontiguousarray(pixels), encoding="display")
        found.append(wish.reading(str(number), cutout, facts))
    return found


def stacked(readings: list[Reading]) -> np.ndarray:
    """Return the pixels of those that have any, (n, band, y, x)."""
    return np.stack([r.cutout.pixels for r in readings if r.cutout.pixels is not None])


class Measured:
    """Everything about one kind."""

    def __init__(self, model: Model, pictures: list[Picture]) -> None:
        readings = read(model, pictures)
        images, card = stacked(readings), model.card.input
        self.flags = np.array([reading.cutout.flags.value for reading in readings])
        self.statistics = image_statistics(images, card.mean, card.std)
        self.distance = novelty_of(model.card.novelty).distance(self.statistics)
        predictor = Predictor(model)
        logit = predictor.logits(images).mean(axis=1)
        self.p = predictor.scores(images).p
        # Minus the free energy of a network with two answers (Liu et al. 2020).
        self.energy = -np.logaddexp(logit / 2, -logit / 2)
        mean, std = (np.asarray(x, np.float32)[:, None, None] for x in (card.mean, card.std))
        with torch.inference_mode():
            features = model.network(torch.from_numpy((images - mean) / std))[0]
        self.features = features.flatten(1).double().numpy()


def rows(good: Measured, kinds: dict[str, Measured], model: Model) -> list[str]:
    """Return a row a kind: what the shipped card does."""
    limit = model.card.novelty.limit
    wide = float(np.quantile(good.distance, 0.95))
    lines = [
        "| kind | ROC-AUC | flagged ood (1 %) | at 5 % | any flag | merger, no flag |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in {"good galaxies": good, **kinds}.items():
        auc = roc_auc_score(
            np.r_[np.zeros(len(good.distance)), np.ones(len(found.distance))],
            np.r_[good.distance, found.distance],
        )
        # An image without pixels is refused: it is further from the known than any.
        refused = len(found.flags) - len(found.distance)
        count = len(found.flags)
        ood = ((found.distance > limit).sum() + refused) / count
        at5 = ((found.distance > wide).sum() + refused) / count
        merger = np.zeros(count, bool)
        merger[[not flag & 0xFFFFFFFF for flag in found.flags]] = found.p >= model.card.threshold
        silent = merger & (found.flags == 0)
        seen = f"{ood:.2f} | {at5:.2f} | {(found.flags != 0).mean():.2f} | {silent.mean():.2f} |"
        lines.append(f"| {name} | {auc:.3f} | {seen}")
    return lines


def comparison(good: Measured, kinds: dict[str, Measured]) -> list[str]:
    """Return a row a kind: the ROC-AUC of four scores, fitted to half of the good galaxies."""
    half = len(good.p) // 2
    plain = Novelty.fit(good.statistics[:half], good.statistics[:half])
    deep = Novelty.fit(good.features[:half], good.features[:half])
    whitened = (good.statistics[:half] - plain.centre) @ plain.whitening.T
    near = NearestNeighbors(n_neighbors=10).fit(whitened)

    def neighbours(one: Measured) -> np.ndarray:
        return near.kneighbors((one.statistics - plain.centre) @ plain.whitening.T)[0][:, -1]

    scores = {
        "distance": lambda one: plain.distance(one.statistics),
        "10th neighbour": neighbours,
        "features' distance": lambda one: deep.distance(one.features),
        "energy": lambda one: one.energy,
    }
    lines = [f"| kind | {' | '.join(scores)} |", "|---" * (len(scores) + 1) + "|"]
    for name, found in kinds.items():
        cells = []
        for score in scores.values():
            known, new = score(good)[half:], score(found)
            truth = np.r_[np.zeros(len(known)), np.ones(len(new))]
            cells.append(f"{roc_auc_score(truth, np.r_[known, new]):.3f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    alarms = (plain.distance(good.statistics[half:]) > plain.limit).mean()
    lines.append("")
    lines.append(f"False alarms of the distance on the other half at its 1 % limit: {alarms:.3f}")
    return lines


def main(folder: Path, count: int = 60, sheet: Path | None = None) -> None:
    """Make the kinds, measure them and print the tables."""
    table = pd.read_csv(folder / "labels.csv")
    order = np.random.default_rng(SEED).permutation(len(table))
    names = table["file"].iloc[order].tolist()

    def load(name: str) -> Picture:
        return np.asarray(Image.open(folder / name).convert("RGB"), np.float64)

    model = open_model("sdss-jpeg")
    good = Measured(model, [load(name) for name in names[:GOOD]])
    base = [load(name) for name in names[GOOD : GOOD + count]]
    kinds, shown = {}, []
    for number, (name, make) in enumerate(KINDS.items()):
        pictures = [make(p, np.random.default_rng((SEED, number, i))) for i, p in enumerate(base)]
        kinds[name] = Measured(model, pictures)
        shown.append(np.hstack([np.clip(p, 0, 255) for p in pictures[:8]]))
    if sheet is not None:
        Image.fromarray(np.vstack(shown).astype(np.uint8)).resize((1024, 1664)).save(sheet)
    sys.stdout.write("\n".join([*rows(good, kinds, model), "", *comparison(good, kinds), ""]))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Path(given[0]), *(int(n) for n in given[1:2]), *(Path(n) for n in given[2:3]))
