from __future__ import annotations

import pytest

from toomre.errors import MissingFileError, OutputExistsError
from toomre.inference.store import open_model
from toomre.jobs.evaluate import evaluate
from toomre.jobs.export import export
from toomre.jobs.train import TrainOptions, train
from toomre.preparation.prepared import PreparedSet
from toomre.storage import write_json

FILES = {"model.json", "model.safetensors", "validation_scores.parquet"}


def seed(value, lower, upper):
    interval = {"value": value, "lower": lower, "upper": upper}
    nothing = {"value": None, "lower": None, "upper": None}
    return {"metrics": {"roc_auc": interval, "purity": nothing}}


def test_two_files_with_mean_metrics_and_widest_interval(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(training__epochs=1)
    run = train(recipe, tiny_set, tmp_path / "run", options=TrainOptions(device="cpu"))
    (tmp_path / "cv").mkdir()
    with pytest.raises(MissingFileError, match="no finished cross-validation"):
        export(run.folder, tmp_path / "out", crossvalidation=tmp_path / "cv")
    seeds = [seed(0.9, 0.8, 0.95), seed(0.8, 0.75, 0.9)]
    write_json(tmp_path / "cv" / "metrics.json", {"seeds": seeds})
    identity = {
        "recipe_sha256": recipe.sha256,
        "dataset_sha256": PreparedSet.open(tiny_set).info.sha256,
    }
    write_json(tmp_path / "cv" / "crossvalidation.json", {**identity, "recipe_sha256": "other"})
    with pytest.raises(OutputExistsError, match="another recipe"):
        export(run.folder, tmp_path / "out", crossvalidation=tmp_path / "cv")
    write_json(tmp_path / "cv" / "crossvalidation.json", identity)
    export(
        run.folder,
        tmp_path / "out",
        crossvalidation=tmp_path / "cv",
        known_failures=["stars"],
    )
    assert {p.name for p in (tmp_path / "out").iterdir()} == FILES
    card = open_model(tmp_path / "out").card
    assert card.metrics["cross-validation"] == {"roc_auc": pytest.approx((0.85, 0.75, 0.95))}
    assert card.metrics["validation"] == run.card.metrics["validation"]
    assert card.known_failures == ("stars",)
    assert card.model_id == run.card.model_id
    with pytest.raises(OutputExistsError, match="holds a model already"):
        export(run.folder, tmp_path / "out")


def test_an_adapted_run_gives_the_targets_model_and_both_results(
    tiny_set, tiny_target, two_domains, tmp_path
):
    recipe = two_domains.replaced(training__epochs=1, adaptation__batch_norm="per_domain")
    options = TrainOptions(device="cpu")
    run = train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=options)
    for data, part in ((tiny_set, "test"), (tiny_target, "test"), (tiny_target, "all")):
        evaluate(run, data, part=part, device="cpu", figures=False)
    card = export(run.folder, tmp_path / "out").card
    assert card.weights_sha256 == run.card.weights_sha256
    assert set(card.metrics) == {"validation", "source test", "target test", "target all"}
    assert {p.name for p in (tmp_path / "out").iterdir()} == FILES
