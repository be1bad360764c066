"""Fixtures that every test may use."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from toomre.recipe import Recipe

ROOT = Path(__file__).resolve().parents[1]

# No test is timed: a machine with other work is slower, not wrong.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images, which is not part of the repository."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real images in ../shared/data, which are not part of the repository")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    """A random generator with a fixed seed."""
    return np.random.default_rng(20260101)


def blobs(count: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw one Gaussian blob (label 0) or two (label 1) on noise: (n, 3, y, x), (n,)."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    labels = np.arange(count) % 2
    images = rng.normal(0, 0.05, (count, 3, size, size)).astype(np.float32)
    for image, label in zip(images, labels, strict=True):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.3) * size
        centres = [(0.0, 0.0), (distance * np.cos(angle), distance * np.sin(angle))]
        for x0, y0 in centres[: label + 1]:
            image += np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * (0.06 * size) ** 2))
    return images, labels


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set of 120 blobs, 21 pixels, 60 galaxies of two images each."""
    from toomre.images.grid import Grid
    from toomre.preparation.prepared import PreparedInfo
    from toomre.preparation.split import Split
    from toomre.storage import sha256_file, write_json

    folder = tmp_path_factory.mktemp("prepared") / "tiny"
    folder.mkdir()
    images, labels = blobs(120, 21, np.random.default_rng(5))
    np.save(folder / "images.npy", images)
    galaxy = [f"g{2 * (i // 4) + i % 2}" for i in range(120)]
    catalog = pd.DataFrame(
        {
            "image_id": [f"i{i}" for i in range(120)],
            "galaxy_id": galaxy,
            "label": pd.array(labels, dtype="Int8"),
            "ra": np.linspace(10, 300, 120),
            "dec": np.linspace(-60, 60, 120),
            "redshift": 0.05,
            "status": "ok",
            "flags": np.zeros(120, np.int64),
            "reason": "",
        }
    )
    catalog.to_parquet(folder / "catalog.parquet", index=False)
    part = np.where(np.arange(120) < 72, "train", np.where(np.arange(120) < 96, "valid", "test"))
    table = {"image_id": catalog["image_id"], "group": galaxy, "part": part}
    Split(pd.DataFrame(table)).write(folder / "split.csv")
    info = PreparedInfo(
        bands=("g", "r", "i"),
        encoding="linear",
        grid=Grid(size=21, crop=21, native_pixel_scale=0.4),
        pixel_scale=0.4,
        shape=images.shape,
        images_sha256=sha256_file(folder / "images.npy"),
        catalog_sha256=sha256_file(folder / "catalog.parquet"),
        status_counts={"ok": 120},
        command="drawn for the tests",
        version="0",
        seed=5,
        created="2026-01-01T00:00:00+00:00",
    )
    write_json(folder / "dataset.json", info.model_dump(mode="json"))
    return folder


@pytest.fixture(scope="session")
def drawn_cutouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight drawn cutouts in every format (see tests/data/cutouts/make.py)."""
    return _drawn("cutouts", tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="session")
def published_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny files of the published sets' schemas (see tests/data/published/make.py)."""
    return _drawn("published", tmp_path_factory.mktemp("drawn"))


def _drawn(name: str, folder: Path) -> Path:
    script = ROOT / "tests" / "data" / name / "make.py"
    spec = importlib.util.spec_from_file_location(f"make_{name}", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main(folder / name)


@pytest.fixture(scope="session")
def tiny_recipe() -> Recipe:
    """A DeepMerge II recipe that learns the blobs in seconds."""
    return Recipe.parse(
        """
        name = "tiny"
        seed = 3
        input.size = 17
        backbone.name = "deepmerge2"
        head.name = "deepmerge2"
        optimizer = { learning_rate = 0.003 }
        schedule.name = "one_cycle"
        training = { epochs = 6, batch_size = 12 }
        selection.metric = "loss"
        [[loss]]
        name = "cross_entropy"
        """
    )


@pytest.fixture(scope="session")
def vote_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set of 60 blobs with 37 vote fractions and no labels; two galaxies are bad.

    Twice as many votes for a merger (``Class8.6``) and for smooth (``Class1.1``) come to the
    galaxies of two blobs.
    """
    from toomre.images.cutout import Cutout
    from toomre.images.flags import Flag
    from toomre.images.grid import Grid
    from toomre.preparation.split import SplitOptions
    from toomre.preparation.vote_table import cumulative_votes
    from toomre.preparation.writing import Plan, write_prepared
    from toomre.surveys.vote_tree import ANSWERS, MERGER

    rng = np.random.default_rng(6)
    images, double = blobs(60, 21, rng)
    given = rng.uniform(0.2, 0.3, (60, len(ANSWERS)))
    given[:, [0, 13, MERGER]] *= 1 + 4 * double[:, None]
    names = [f"{100008 + 5 * i}" for i in range(60)]
    catalog = pd.DataFrame({"image_id": names, "galaxy_id": names})
    catalog["label"] = pd.array([None] * 60, dtype="Int8")
    catalog = catalog.assign(ra=np.nan, dec=np.nan, redshift=np.nan, flags=0, reason="")
    catalog = catalog.assign(**dict(zip(ANSWERS, cumulative_votes(given).T, strict=True)))
    cutouts = [Cutout(100 + 50 * image, ("i", "r", "g"), 0.4, "display") for image in images]
    cutouts[7] = cutouts[31] = Cutout.bad(Flag.UNREADABLE, "drawn to be bad")
    folder = tmp_path_factory.mktemp("votes") / "votes"
    plan = Plan(
        Grid(size=21, crop=21, native_pixel_scale=0.4),
        SplitOptions(fractions=(0.6, 0.15, 0.25), seed=2),
        "drawn",
        "2026-01-01T00:00:00",
    )
    write_prepared(folder, catalog, cutouts, plan)
    return folder


@pytest.fixture(scope="session")
def vote_recipe() -> Recipe:
    """A small network of vote fractions."""
    return Recipe.parse(
        """
        name = "votes"
        seed = 3
        input.size = 17
        backbone.name = "deepmerge2"
        head = { name = "votes", options = { weighting = "cumulative" } }
        optimizer = { learning_rate = 0.01 }
        training = { epochs = 20, batch_size = 8 }
        schedule = { name = "plateau", plateau = { metric = "rmse", patience = 3 } }
        selection.metric = "rmse"
        [[loss]]
        name = "mean_squared_error"
        """
    )


@pytest.fixture(scope="session")
def vote_run(vote_set: Path, vote_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of that recipe on that set."""
    from toomre.jobs.train import TrainOptions, train

    folder = tmp_path_factory.mktemp("vote-run") / "run"
    return train(vote_recipe, vote_set, folder, options=TrainOptions(device="cpu")).folder


def draw_galaxies(count: int, size: int, rng: np.random.Generator, bands: int = 3) -> np.ndarray:
    """Draw galaxies of one or two blobs on noise of 1, which no check objects to: (n, b, y, x)."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    images = rng.normal(0, 1, (count, bands, size, size))
    for image in images:
        for height in (60.0, 40.0)[: rng.integers(1, 3)]:
            x0, y0 = rng.uniform(-0.1, 0.1, 2) * size
            width = rng.uniform(0.04, 0.1) * size
            blob = np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * width**2))
            image += height * rng.uniform(0.5, 1, (bands, 1, 1)) * blob
    return images.astype(np.float32)


@pytest.fixture(scope="session")
def galaxies() -> Callable[..., np.ndarray]:
    """The function that draws galaxies."""
    return draw_galaxies


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Make a DeepMerge II with random weights whose scores differ from galaxy to galaxy."""

    def make(name: str = "tiny", **changes: object) -> Path:
        """Write a model folder; `changes` replace fields of the card's input."""
        import torch

        from toomre.build import build_network
        from toomre.networks.card import Architecture, InputCard, ModelCard, TrainingCard
        from toomre.networks.network import merger_logit
        from toomre.training.checkpoint import write_weights

        fields = {
            "bands": ("g", "r", "i"),
            "encoding": "linear",
            "grid": {"size": 32, "crop": 48, "native_pixel_scale": 0.4},
        }
        wanted = {**fields, **changes}
        bands, size = len(wanted["bands"]), wanted["grid"]["size"]
        images = draw_galaxies(64, size, np.random.default_rng(9), bands)
        if wanted["encoding"] == "display":
            images = np.clip(20 + 3 * images, 0, 255)
        mean, std = images.mean(axis=(0, 2, 3)), images.std(axis=(0, 2, 3))
        plan = Architecture(backbone="deepmerge2", head="deepmerge2")
        torch.manual_seed(7)
        network = build_network(plan, bands=bands, size=size).eval()
        normalised = (images - mean[:, None, None]) / std[:, None, None]
        with torch.no_grad():
            last = network.head.layers[-1]
            last.bias.zero_()
            logit = merger_logit(network(torch.from_numpy(normalised.astype(np.float32)))[1])
            last.weight *= 1.5 / logit.std()
            last.bias[1] = -1.5 * logit.mean() / logit.std()
        folder = tmp_path / name
        folder.mkdir()
        sha256 = write_weights(folder / "model.safetensors", network.state_dict())
        zeros = dict.fromkeys(("dataset_sha256", "split_sha256", "recipe_sha256"), "0" * 64)
        training = TrainingCard(
            **zeros,
            **dict.fromkeys(("images", "mergers", "seed", "epoch"), 0),
            **dict.fromkeys(("data", "toomre_version", "torch_version", "created"), ""),
        )
        card = ModelCard(
            name=name,
            architecture=plan,
            input=InputCard(**wanted, mean=mean.tolist(), std=std.tolist()),
            calibration={"method": "platt", "temperature": 1.7, "bias": 0.2},
            threshold=0.4,
            class_prior=0.5,
            weights_sha256=sha256,
            training=training,
        )
        card.write(folder / "model.json")
        return folder

    return make
