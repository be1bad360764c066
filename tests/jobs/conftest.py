"""Fixtures of the jobs: a second domain, and a demo that takes a moment."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toomre.images.cutout import Cutout
from toomre.images.grid import Grid
from toomre.jobs import demo_steps
from toomre.jobs.demo import demo
from toomre.preparation.split import SplitOptions
from toomre.preparation.writing import Plan, draw_split, write_prepared
from toomre.recipes.shipped import open_recipe
from toomre.storage import read_json, sha256_file, write_json


def change_catalog(folder: Path, change) -> None:
    catalog = change(pd.read_parquet(folder / "catalog.parquet"))
    catalog.to_parquet(folder / "catalog.parquet", index=False)
    info = read_json(folder / "dataset.json")
    info["catalog_sha256"] = sha256_file(folder / "catalog.parquet")
    write_json(folder / "dataset.json", info)


@pytest.fixture(scope="session")
def tiny_target(tiny_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny set's other domain: other galaxies, brighter, with more noise and more sky."""
    folder = tmp_path_factory.mktemp("target") / "tiny-target"
    shutil.copytree(tiny_set, folder)
    images = np.load(folder / "images.npy")
    noise = np.random.default_rng(8).normal(0.2, 0.1, images.shape)
    np.save(folder / "images.npy", (1.5 * images[:, :, ::-1] + noise).astype(np.float32))
    info = read_json(folder / "dataset.json")
    info["images_sha256"] = sha256_file(folder / "images.npy")
    write_json(folder / "dataset.json", info)

    def rename(catalog: pd.DataFrame) -> pd.DataFrame:
        names = {name: "t" + catalog[name] for name in ("image_id", "galaxy_id")}
        return catalog.assign(**names, ra=np.nan, dec=np.nan)

    change_catalog(folder, rename)
    lines = (folder / "split.csv").read_text().splitlines()
    renamed = [",".join("t" + cell for cell in line.split(",")) for line in lines[1:]]
    renamed = [line.replace(",ttrain", ",train") for line in renamed]
    renamed = [line.replace(",tvalid", ",valid").replace(",ttest", ",test") for line in renamed]
    (folder / "split.csv").write_text("\n".join([lines[0], *renamed]) + "\n")
    return folder


@pytest.fixture
def noisy_labels(tiny_target: Path, tmp_path: Path) -> Path:
    """The target with random labels and the same split."""
    folder = tmp_path / tiny_target.name
    shutil.copytree(tiny_target, folder)
    rng = np.random.default_rng(4)
    change_catalog(
        folder,
        lambda catalog: catalog.assign(label=pd.array(rng.integers(0, 2, len(catalog)), "Int8")),
    )
    return folder


@pytest.fixture
def two_domains(tiny_recipe):
    """The tiny recipe with MMD."""
    return tiny_recipe.replaced(
        loss=[{"name": "cross_entropy"}, {"name": "mmd", "weight": 0.1}], training__epochs=3
    )


def drawn_twins(out: Path, images: np.ndarray, rng: np.random.Generator) -> None:
    """Write drawn galaxies as `simulate` writes simulated ones: two images each, and twins."""
    number = np.arange(len(images))
    galaxy = pd.Series([f"mock-{n // 4}-{n % 2}" for n in number])
    catalog = pd.DataFrame(
        {
            "image_id": galaxy + [f"-{camera}" for camera in number // 2 % 2],
            "galaxy_id": galaxy,
            "label": pd.array(number % 2, "Int8"),
            "ra": np.nan,
            "dec": np.nan,
            "redshift": 2.0,
            "flags": np.zeros(len(images), np.int64),
            "reason": "",
            "camera": number // 2 % 2,
        }
    )
    size = images.shape[-1]
    options = SplitOptions()
    plan = Plan(
        Grid(size=size, crop=size, native_pixel_scale=0.4),
        options,
        "drawn",
        "2026-01-01T00:00:00",
        unit="nJy",
        given=draw_split(catalog, options),
    )
    for name, noise in (("pristine", 0.0), ("noisy", 5.0)):
        seen = (images + noise * rng.normal(0, 1, images.shape)).astype(np.float32)
        cutouts = [Cutout(image, ("a", "b", "c"), 0.4) for image in seen]
        write_prepared(out / name, catalog, cutouts, plan)


@pytest.fixture(scope="session")
def quick_demo(galaxies):
    """A context in which the demo takes drawn galaxies and trains for a moment."""

    def simulate(out, *, pair, galaxies: int, seed: int, overwrite: bool, progress):
        assert (pair, overwrite) == ("distant", True)
        rng = np.random.default_rng(seed)
        drawn_twins(Path(out), draw(2 * galaxies, 19, rng), rng)
        progress(galaxies, galaxies)

    def blank(runs, out, *, also, overwrite):
        assert ([run.name for run in runs], also) == (list(demo_steps.NETWORKS), [])
        out.mkdir(exist_ok=overwrite)
        (out / "report.html").write_text("blank")

    def short(name: str):
        return open_recipe(name).replaced(input__size=17, training__epochs=2)

    draw = galaxies

    @contextmanager
    def patched():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(demo_steps, "simulate", simulate)
            patch.setattr(demo_steps, "open_recipe", short)
            # What the last step draws has tests of its own, and takes as long as all others.
            patch.setattr(
                demo_steps, "gather_evidence", lambda evidence, stage: stage("")(1, 1) or []
            )
            patch.setattr(demo_steps, "report", blank)
            yield patch

    return patched


@pytest.fixture(scope="session")
def finished_demo(quick_demo, tmp_path_factory: pytest.TempPathFactory):
    """The result of a demo on drawn galaxies."""
    with quick_demo():
        return demo(tmp_path_factory.mktemp("demo") / "my demo", galaxies=60, seed=5)
