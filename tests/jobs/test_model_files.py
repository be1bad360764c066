from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from toomre.evaluation.validation_scores import VALIDATION_FILE, ValidationScores
from toomre.inference.store import open_model
from toomre.jobs.evaluate import evaluate
from toomre.jobs.observe import observe
from toomre.jobs.train import TrainOptions, train
from toomre.mocks.observing import ObservePlan
from toomre.mocks.placing import InputFacts
from toomre.networks.card import ModelCard
from toomre.preparation.prepared import PreparedSet

CPU = TrainOptions(device="cpu")


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def cards(run) -> tuple[ModelCard, ModelCard]:
    return (open_model(run.folder, domain).card for domain in ("source", "target"))


def test_a_source_alone_has_one_model(tiny_set, tiny_recipe, tmp_path):
    run = train(tiny_recipe.replaced(training__epochs=1), tiny_set, tmp_path / "run", options=CPU)
    source, target = cards(run)
    assert source == target == run.card
    assert not (run.folder / "source").exists()


def test_the_validation_parts_scores_are_kept(tiny_set, tiny_recipe, tmp_path):
    run = train(tiny_recipe.replaced(training__epochs=1), tiny_set, tmp_path / "run", options=CPU)
    scores = ValidationScores.read(run.folder / VALIDATION_FILE)
    judged = evaluate(run, part="valid", device="cpu", figures=False).scores
    np.testing.assert_allclose(scores.score, judged["p_merger"], atol=1e-6)
    np.testing.assert_array_equal(scores.label, judged["label"])
    assert scores.galaxies == judged["galaxy_id"].nunique()


def test_the_card_has_the_sharpness_of_its_training_images(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(training__epochs=1)
    plain = train(recipe, tiny_set, tmp_path / "plain", options=CPU)
    assert plain.card.input.psf_fwhm == ()
    plan, facts = ObservePlan(("g", "r", "i"), size=21), InputFacts(unit="nanomaggy")
    seen = observe(tiny_set, tmp_path / "seen", "sdss", plan, facts=facts)
    run = train(recipe, seen, tmp_path / "run", options=CPU)
    assert run.card.input.psf_fwhm == (1.44, 1.32, 1.26)


@pytest.mark.parametrize("policy", ["concatenated", "shared", "per_domain", "re_estimated"])
def test_what_differs_between_the_domains(tiny_set, tiny_target, two_domains, tmp_path, policy):
    recipe = two_domains.replaced(
        adaptation__batch_norm=policy, adaptation__normalisation="per_domain"
    )
    run = train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=CPU)
    source, target = cards(run)
    assert run.card == target
    assert target.input.mean != source.input.mean
    images = np.load(tiny_target / "images.npy")[:72, :, 2:19, 2:19].astype(np.float64)
    np.testing.assert_allclose(target.input.mean, images.mean(axis=(0, 2, 3)), rtol=1e-6)
    # The source's validation part gives calibration, threshold and metrics of both.
    for field in ("calibration", "threshold", "metrics", "class_prior", "architecture"):
        assert getattr(source, field) == getattr(target, field)
    own = policy in {"per_domain", "re_estimated"}
    assert (source.weights_sha256 != target.weights_sha256) == own
    weights = [open_model(run.folder, d).network.state_dict() for d in ("source", "target")]
    differing = {n for n in weights[0] if not torch.equal(weights[0][n], weights[1][n])}
    assert all("running_" in name or "num_batches" in name for name in differing)
    assert bool(differing) == own


def test_a_threshold_from_the_targets_scores(
    tiny_set, tiny_target, tiny_recipe, tmp_path, monkeypatch
):
    recipe = tiny_recipe.replaced(training__epochs=1, calibration__threshold="target_mixture")
    seen = []

    def judge(scores):
        seen.append(scores)
        return 0.125

    monkeypatch.setattr("toomre.jobs.model_files.mixture_threshold", judge)
    source, target = cards(train(recipe, tiny_set, tmp_path / "a", target=tiny_target, options=CPU))
    assert target.threshold == 0.125
    assert source.threshold != 0.125
    assert source.calibration == target.calibration
    split = PreparedSet.open(tiny_target).split
    assert [len(scores) for scores in seen] == [len(split.rows("train"))]

    monkeypatch.setattr("toomre.jobs.model_files.mixture_threshold", lambda scores: None)
    source, target = cards(train(recipe, tiny_set, tmp_path / "b", target=tiny_target, options=CPU))
    assert target.threshold == source.threshold
    assert any("two heaps" in text for text in target.known_failures)


def test_the_card_tells_of_the_target(tiny_set, tiny_target, two_domains, tmp_path):
    recipe = two_domains.replaced(adaptation__target_part="all", training__epochs=1)
    run = train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=CPU)
    told = run.card.training.target
    assert (told.data, told.part, told.images) == ("tiny-target", "all", 120)
    info = json.loads((tiny_target / "dataset.json").read_text())
    assert told.images_sha256 == info["images_sha256"]
    assert run.environment["target"] == str(tiny_target)
    assert run.environment["target_rows_sha256"] == told.rows_sha256


def test_a_collapse_on_the_target_is_told(tiny_set, tiny_target, tiny_recipe, tmp_path):
    # The source's statistics and no adaptation: everything in the target looks the same.
    recipe = tiny_recipe.replaced(optimizer__learning_rate=1e-9, training__epochs=1)
    run = train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=CPU)
    (warning,) = run.card.training.warnings
    assert "is called merger" in warning
    assert open_model(run.folder, "source").card.training.warnings == ()
