"""``toomre.demo``: the main job on cutouts that are drawn, where there are no real ones."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

import toomre
from toomre.errors import MissingFileError, OutputExistsError
from toomre.evaluation import plots
from toomre.inference.catalog import open_catalog
from toomre.inference.store import Model, open_model, shipped_models
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.mocks.drawing import draw_sample
from toomre.mocks.sdss_picture import JPEG_QUALITY, PIXEL_SCALE
from toomre.storage import atomic_path, write_json, write_text

__all__ = ["COUNT", "DemoResult", "demo"]

#: How many cutouts are drawn; half of them are mergers.
COUNT = 24

_RECORD = "demo.json"


@dataclass(frozen=True, eq=False)
class DemoResult:
    """What `demo` wrote and found.

    Attributes
    ----------
    folder
        Where everything is.
    answers
        One row a cutout: `image_id`, `label` (1 drawn as a merger), `kind`, `p_merger`,
        `is_merger`.
    model
        Name or folder of the model that gave the scores.
    model_id
        Its name and the beginning of its weights' hash.
    threshold
        A score of at least this is called a merger.
    seed
        The seed of the drawing.
    """

    folder: Path
    answers: pd.DataFrame
    model: str
    model_id: str
    threshold: float
    seed: int

    @property
    def cutouts(self) -> Path:
        """The folder of the drawn JPEG files."""
        return self.folder / "cutouts"

    @property
    def table(self) -> Path:
        """Which cutout was drawn as what (CSV)."""
        return self.folder / "table.csv"

    @property
    def catalog(self) -> Path:
        """The merger catalogue (Parquet)."""
        return self.folder / "catalog.parquet"

    @property
    def catalog_csv(self) -> Path:
        """The same catalogue as CSV."""
        return self.folder / "catalog.csv"

    @property
    def gallery(self) -> Path:
        """The picture of all cutouts with score and truth (PNG)."""
        return self.folder / "gallery.png"

    @property
    def counts(self) -> dict[str, int]:
        """How many mergers and nonmergers were drawn, and how many were called mergers."""
        merger, called = self.answers["label"] == 1, self.answers["is_merger"].fillna(False)
        return {
            "mergers": int(merger.sum()),
            "mergers_called": int((merger & called).sum()),
            "nonmergers": int((~merger).sum()),
            "nonmergers_called": int((~merger & called).sum()),
        }

    @property
    def summary(self) -> str:
        """What was done and found, in words."""
        counts = self.counts
        return (
            f"Drew {len(self.answers)} SDSS-like cutouts (seed {self.seed}) and classified them "
            f"with {self.model_id}.\n"
            f"Called mergers: {counts['mergers_called']} of the {counts['mergers']} drawn mergers "
            f"and {counts['nonmergers_called']} of the {counts['nonmergers']} drawn nonmergers "
            f"(threshold {self.threshold:.3f}).\n"
            "The cutouts are drawings, neither observed nor simulated: they show how the tool "
            "works, and say nothing about how good the model is."
        )

    @property
    def next_command(self) -> str:
        """The command that does the same with a user's own cutouts."""
        name = shlex.quote(self.model)
        return f"toomre classify FOLDER --catalog TABLE --model {name} --out mergers.parquet"


def demo(
    out: Path | str,
    *,
    seed: int = 1,
    model: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DemoResult:
    """Draw SDSS-like cutouts, classify them, and show what was found.

    ``out`` then holds ``cutouts/*.jpg``, ``table.csv``, ``catalog.parquet``, ``catalog.csv``
    and ``gallery.png``. The cutouts are drawings (`toomre.mocks.drawing`), not a simulation:
    nothing scientific follows from a score on them.

    Parameters
    ----------
    out
        A folder: a new or empty one, or one that `demo` has written.
    seed
        The same seed draws the same cutouts.
    model
        Name or folder of a model; None: the first that is shipped.
    progress
        Called with the number of cutouts classified and their total.

    Raises
    ------
    MissingFileError
        If no model is shipped and none is given.
    OutputExistsError
        If the folder holds something that is not from `demo`.
    """
    opened = _open(model)
    folder = _claim(Path(out))
    images, table = draw_sample(COUNT, np.random.default_rng(seed))
    _write_cutouts(folder, images, table)
    found = _classify(folder, opened, progress)
    answers = table[["image_id", "label", "kind"]].merge(
        found[["image_id", "p_merger", "is_merger"]], on="image_id", validate="one_to_one"
    )
    result = DemoResult(
        folder=folder,
        answers=answers,
        model=opened.card.name if model is None else str(model),
        model_id=opened.card.model_id,
        threshold=opened.card.threshold,
        seed=seed,
    )
    _draw_gallery(result, images)
    record = {"seed": seed, "model_id": result.model_id, "counts": result.counts}
    write_json(folder / _RECORD, {**_mark(), **record, "summary": result.summary})
    return result


def _open(model: Path | str | None) -> Model:
    if model is not None:
        return open_model(model)
    shipped = shipped_models()
    if not shipped:
        raise MissingFileError(
            "This copy of toomre comes without a trained model, so the demo has nothing to "
            "classify with. Give a model's folder (--model), or install a release, which has one."
        )
    return open_model(next(iter(shipped)))


def _claim(folder: Path) -> Path:
    """Return the folder, marked as the demo's; refuse one with other things in it."""
    is_ours = (folder / _RECORD).is_file()
    is_free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if not is_ours and not is_free:
        raise OutputExistsError(
            f"{folder} is there already and is not from an earlier demo. "
            "Give a new or an empty folder."
        )
    write_json(folder / _RECORD, _mark())
    return folder


def _mark() -> dict[str, object]:
    return {"format": "toomre-demo-1", "version": toomre.__version__}


def _write_cutouts(folder: Path, images: NDArray[np.uint8], table: pd.DataFrame) -> None:
    table = table.assign(file=[f"{name}.jpg" for name in table["image_id"]])
    for file, image in zip(table["file"], images, strict=True):
        with atomic_path(folder / "cutouts" / file) as temporary:
            picture = Image.fromarray(np.ascontiguousarray(np.moveaxis(image, 0, -1)))
            picture.save(temporary, format="JPEG", quality=JPEG_QUALITY)
    write_text(folder / "table.csv", table.to_csv(index=False, lineterminator="\n"))


def _classify(
    folder: Path, model: Model, progress: Callable[[int, int], None] | None
) -> pd.DataFrame:
    """Write the catalogue as Parquet and as CSV, and return it."""
    path = folder / "catalog.parquet"
    options = ClassifyOptions(pixel_scale=PIXEL_SCALE, overwrite=True)
    found = classify(
        folder / "cutouts", model, path, folder / "table.csv", options=options, progress=progress
    )
    with open_catalog(folder / "catalog.csv", overwrite=True) as writer:
        writer.write(pq.read_table(path))
        writer.finish(found.provenance)
    return found.table


def _draw_gallery(result: DemoResult, images: NDArray[np.uint8]) -> None:
    """Show the middle of every cutout once, by kind of answer."""
    middle = slice(images.shape[-1] // 4, -images.shape[-1] // 4)
    figure = plots.gallery_figure(
        images[:, :, middle, middle].astype(np.float32),
        result.answers["p_merger"],
        result.answers["label"],
        result.threshold,
        encoding="display",
        count=COUNT // 2,
    )
    figure.suptitle(f"Drawn cutouts, neither observed nor simulated: {figure.get_suptitle()}")
    plots.save_figure(figure, result.gallery)
