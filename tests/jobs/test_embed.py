"""``toomre.embed``: the files, the numbers of what they hold, and twins chosen alike."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.evaluation.embedding.distances import distances
from toomre.inference.features import feature_rows
from toomre.inference.store import open_model
from toomre.jobs.embed import EmbedOptions, embed
from toomre.preparation.prepared import PreparedSet

QUICK = EmbedOptions(count=30, part="train", perplexity=8, iterations=250, device="cpu")


@pytest.fixture(scope="module")
def run(tiny_set, tiny_target, tmp_path_factory):
    recipe = toomre.Recipe.parse(
        """
        name = "tiny"
        input.size = 17
        backbone.name = "deepmerge2"
        head.name = "deepmerge2"
        training = { epochs = 2, batch_size = 12 }
        loss = [{ name = "cross_entropy" }, { name = "mmd", weight = 0.1 }]
        """
    )
    options = toomre.TrainOptions(device="cpu")
    folder = tmp_path_factory.mktemp("embed") / "run"
    return toomre.train(recipe, tiny_set, folder, target=tiny_target, options=options)


@pytest.fixture(scope="module")
def done(run, tmp_path_factory):
    seen = []
    out = tmp_path_factory.mktemp("embedded") / "out"
    found = embed(run, out, options=QUICK, progress=lambda *at: seen.append(at))
    assert seen == [(1, 2), (2, 2)]
    return found


def test_files_and_their_content(done, run):
    names = {path.name for path in done.folder.iterdir()}
    assert names == {
        "embedding.parquet", "embedding.json", "embedding.png", "embedding.pdf",
        "distances.csv", "distances.png", "distances.pdf",
    }  # fmt: skip
    record = json.loads((done.folder / "embedding.json").read_text())
    assert record["source_images"] == record["target_images"] == 30
    assert record["run"] == run.card.model_id
    final = next(name for name in done.distances if name.endswith("the model"))
    assert record["distances"][final]["mmd"] == done.distances[final].mmd
    rows = pd.read_csv(done.folder / "distances.csv")
    assert rows["moment"].tolist() == list(done.distances)
    assert rows["epoch"].tolist() == [0, run.card.training.epoch]
    table = pd.read_parquet(done.folder / "embedding.parquet")
    assert table.groupby(["moment", "domain"]).size().tolist() == [30] * 4
    with Image.open(done.folder / "embedding.png") as image:
        assert image.width > 1000


def test_the_numbers_are_those_of_the_features(done, run, tiny_set, tiny_target):
    (name,) = [name for name in done.distances if name.endswith("the model")]
    rows, features, labels = {}, {}, {}
    for domain, folder in (("source", tiny_set), ("target", tiny_target)):
        prepared = PreparedSet.open(folder)
        mine = done.table[(done.table["moment"] == name) & (done.table["domain"] == domain)]
        rows[domain] = prepared.catalog.reset_index().set_index("image_id").loc[mine["image_id"]]
        index = rows[domain]["index"].to_numpy()
        assert set(index) <= set(prepared.split.rows("train"))
        features[domain] = feature_rows(open_model(run.folder, domain), prepared, index, "cpu")
        labels[domain] = rows[domain]["label"].to_numpy(float)
    wanted = distances(
        features["source"],
        features["target"],
        (labels["source"], labels["target"]),
        (rows["source"]["galaxy_id"], rows["target"]["galaxy_id"]),
        rng=np.random.default_rng(QUICK.seed),
    )
    found = done.distances[name]
    assert found.mmd == pytest.approx(wanted.mmd, rel=1e-4)
    assert found.domain_accuracy == pytest.approx(wanted.domain_accuracy)
    assert found.silhouette_class == pytest.approx(wanted.silhouette_class, abs=1e-4)


def test_images_of_whole_galaxies_are_drawn_and_twins_alike(done, run, tiny_set, tmp_path):
    assert done.table.groupby(["moment", "domain", "galaxy_id"]).size().unique().tolist() == [2]
    twins = embed(run, tmp_path / "twins", target=tiny_set, epochs=[], options=QUICK)
    source, target = (
        twins.table.loc[twins.table["domain"] == domain, "image_id"].tolist()
        for domain in ("source", "target")
    )
    assert source == target
    (found,) = twins.distances.values()
    # The same images in both domains: nothing can tell them apart.
    assert found.domain_accuracy.value <= 0.55
    assert found.silhouette_domain <= 0
    assert not (twins.folder / "distances.png").exists()


def test_what_is_refused(run, done, tiny_set, tiny_recipe, tmp_path):
    with pytest.raises(OutputExistsError):
        embed(run, done.folder, options=QUICK)
    with pytest.raises(ArgumentError, match="part.*got 'tests'"):
        embed(run, tmp_path / "a", options=EmbedOptions(part="tests"))
    with pytest.raises(ArgumentError, match="perplexity.*below the number of images, 48"):
        embed(run, tmp_path / "a", options=EmbedOptions(perplexity=50, device="cpu"))
    assert not (tmp_path / "a").exists()
    recipe = tiny_recipe.replaced(training__epochs=1)
    alone = toomre.train(
        recipe, tiny_set, tmp_path / "alone", options=toomre.TrainOptions(device="cpu")
    )
    with pytest.raises(ArgumentError, match="no target domain.*--target"):
        embed(alone, tmp_path / "a")
