"""``toomre.tune``: what is searched, kept, pruned, and gone on with."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import toomre
from toomre.errors import ArgumentError, MissingPackageError, OutputExistsError, TrainingError
from toomre.inference.store import open_model
from toomre.jobs import tune as job
from toomre.jobs.run import Run
from toomre.recipe import Recipe

pytest.importorskip("optuna", reason="the extra [tune] is not installed")


class FakeRun:
    """A training whose loss is known: best at a learning rate of 0.01, good without decay."""

    def __init__(self, recipe, folder):
        rate, decay = recipe.optimizer.learning_rate, recipe.optimizer.weight_decay
        loss = (np.log10(rate) + 2) ** 2 + decay
        self.folder = folder
        self.card = SimpleNamespace(training=SimpleNamespace(epoch=2))
        epochs = np.arange(1, recipe.training.epochs + 1)
        self.history = pd.DataFrame(
            {
                "epoch": epochs,
                "valid_loss": loss + 1 / epochs,
                "train_loss": loss,
                "seconds": 1.0,
            }
        )


@pytest.fixture
def trained(monkeypatch):
    """Trainings that take no time; the list of (recipe, epochs that were done)."""
    done = []

    def train(recipe, data, out, *, target, start, options, progress, listeners):
        assert options.resume
        run = FakeRun(recipe, out)
        record = [recipe, 0]
        done.append(record)
        for row in run.history.to_dict("records"):
            record[1] += 1
            progress(record[1], len(run.history))
            for listener in listeners:
                listener(row)
        return run

    monkeypatch.setattr(job, "train", train)
    return done


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text(
        """
        [optimizer]
        learning_rate = { low = 1e-5, high = 1.0, log = true }
        weight_decay = [0.0, 1.0]
        """
    )
    return path


def test_it_finds_the_valley(trained, tiny_set, tiny_recipe, tmp_path, space):
    seen = []
    found = toomre.tune(
        tiny_recipe,
        tiny_set,
        tmp_path / "out",
        space=space,
        plan=toomre.TuneOptions(trials=24),
        device="cpu",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert 0.003 < found.best.optimizer.learning_rate < 0.03
    assert found.best.optimizer.weight_decay == 0.0
    assert found.value == pytest.approx(found.trials["value"].min())
    assert Recipe.read(tmp_path / "out" / "best.toml") == found.best
    table = pd.read_csv(tmp_path / "out" / "trials.csv")
    assert len(table) == len(trained) == 24
    states = table["state"].value_counts()
    assert states["complete"] >= 5
    assert states["pruned"] >= 3
    assert table["value"].isna().sum() == states["pruned"]
    # The pruned ones ended early, and were not the best.
    assert min(epochs for _, epochs in trained) < 6
    assert seen[-1] == (2400, 2400)
    with Image.open(tmp_path / "out" / "trials.png") as image:
        assert image.width == 1200


def test_without_pruning_every_trial_ends(trained, tiny_set, tiny_recipe, tmp_path, space):
    plan = toomre.TuneOptions(trials=3, prune=False)
    toomre.tune(tiny_recipe, tiny_set, tmp_path / "out", space=space, plan=plan)
    assert [epochs for _, epochs in trained] == [6] * 3


@pytest.mark.slow
def test_a_killed_search_goes_on_as_if_nothing_had_happened(
    trained, tiny_set, tiny_recipe, tmp_path, space
):
    def search(out, trials, progress=None):
        plan = toomre.TuneOptions(trials=trials)
        return toomre.tune(
            tiny_recipe, tiny_set, tmp_path / out, space=space, plan=plan, progress=progress
        )

    class Kill(BaseException):
        pass

    def kill(done, total):
        if done == 650:  # the seventh trial, in its third epoch
            raise Kill

    whole = search("a", 8)
    with pytest.raises(Kill):
        search("b", 8, kill)
    again = search("b", 8)
    columns = ["state", "value", "optimizer.learning_rate", "optimizer.weight_decay", "run"]
    pd.testing.assert_frame_equal(whole.trials[columns], again.trials[columns])
    assert again.best == whole.best
    longer = search("b", 9)
    assert len(longer.trials) == 9
    pd.testing.assert_frame_equal(longer.trials[columns][:8], again.trials[columns])


def test_a_metric_as_the_objective_chooses_the_epoch(trained, tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(selection__metric="accuracy")
    plan = toomre.TuneOptions(trials=1, objective="loss")
    toomre.tune(recipe, tiny_set, tmp_path / "a", plan=plan)
    assert {one.selection.metric for one, _ in trained} == {"loss"}
    trained.clear()
    plan = toomre.TuneOptions(trials=1, objective="total_loss")
    toomre.tune(recipe, tiny_set, tmp_path / "b", plan=plan)
    assert {one.selection.metric for one, _ in trained} == {"accuracy"}


def test_another_search_is_not_mixed_in(trained, tiny_set, tiny_recipe, tmp_path, space):
    plan = toomre.TuneOptions(trials=1)
    toomre.tune(tiny_recipe, tiny_set, tmp_path / "out", space=space, plan=plan)
    with pytest.raises(OutputExistsError, match="another space"):
        toomre.tune(tiny_recipe, tiny_set, tmp_path / "out", plan=plan)
    with pytest.raises(OutputExistsError, match="another objective"):
        plan = toomre.TuneOptions(trials=1, objective="total_loss")
        toomre.tune(tiny_recipe, tiny_set, tmp_path / "out", space=space, plan=plan)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    with pytest.raises(ArgumentError, match="no search"):
        toomre.tune(tiny_recipe, tiny_set, tmp_path / "full", plan=plan)


def test_trials_that_fail_are_noted(monkeypatch, tiny_set, tiny_recipe, tmp_path):
    def train(*args, **kwargs):
        raise TrainingError("The loss is nan.")

    monkeypatch.setattr(job, "train", train)
    plan = toomre.TuneOptions(trials=3)
    with pytest.raises(TrainingError, match="None of 3 trials.*lower learning rates"):
        toomre.tune(tiny_recipe, tiny_set, tmp_path / "out", plan=plan)
    table = pd.read_csv(tmp_path / "out" / "trials.csv")
    assert list(table["error"]) == ["The loss is nan."] * 3


def test_without_optuna_it_says_what_to_install(monkeypatch, tiny_set, tiny_recipe, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingPackageError, match=r"toomre\[tune\]"):
        toomre.tune(tiny_recipe, tiny_set, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_real_search(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(training__epochs=2)
    plan = toomre.TuneOptions(trials=2)
    found = toomre.tune(recipe, tiny_set, tmp_path / "out", plan=plan, device="cpu")
    for name, value in zip(found.trials["run"], found.trials["value"], strict=True):
        run = Run.open(tmp_path / "out" / "trials" / name)
        assert run.history["valid_loss"].min() == pytest.approx(value)
    best = found.trials.loc[found.trials["value"].idxmin(), "run"]
    assert Run.open(tmp_path / "out" / "trials" / best).recipe == found.best


def test_every_trial_starts_from_the_given_model(tiny_set, tiny_recipe, tmp_path):
    on_cpu = toomre.TrainOptions(device="cpu")
    first, other = (
        toomre.train(
            tiny_recipe.replaced(training__epochs=1, seed=seed),
            tiny_set,
            tmp_path / f"start-{seed}",
            options=on_cpu,
        )
        for seed in (1, 2)
    )
    recipe = tiny_recipe.replaced(training__epochs=1, transfer__freeze=["backbone.*"])
    plan = toomre.TuneOptions(trials=1)
    options = {"plan": plan, "device": "cpu"}
    found = toomre.tune(recipe, tiny_set, tmp_path / "out", start=first.folder, **options)
    before = open_model(first.folder).network.state_dict()
    after = open_model(tmp_path / "out" / "trials" / found.trials["run"][0]).network.state_dict()
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]) == name.startswith("backbone."), name
    with pytest.raises(OutputExistsError, match="another start"):
        toomre.tune(recipe, tiny_set, tmp_path / "out", start=other.folder, **options)


def test_the_trials_of_a_recipe_with_stages_differ(tiny_set, tiny_recipe, tmp_path):
    last = {"metric": "last"}
    stages = [
        {"name": "head", "epochs": 1, "freeze": ["backbone.*"], "optimizer": {"name": "sgd"}},
        {"name": "whole", "epochs": 1, "optimizer": {"name": "adam"}, "selection": last},
    ]
    recipe = tiny_recipe.replaced(stage=stages, selection=last)
    plan = toomre.TuneOptions(trials=2)
    found = toomre.tune(recipe, tiny_set, tmp_path / "out", plan=plan, device="cpu")
    runs = [Run.open(tmp_path / "out" / "trials" / name) for name in found.trials["run"]]
    assert len({run.card.weights_sha256 for run in runs}) == 2
    for run in runs:
        assert [stage.selection.metric for stage in run.recipe.stages()] == ["loss", "loss"]
    column = "stage.head.optimizer.learning_rate"
    assert list(found.trials[column]) == [
        run.recipe.stage[0].optimizer.learning_rate for run in runs
    ]


def test_a_place_that_every_stage_overrides_makes_nothing(tiny_set, tiny_recipe, tmp_path, space):
    stage = {"name": "whole", "epochs": 1, "optimizer": {"name": "adam"}}
    recipe = tiny_recipe.replaced(stage=[stage])
    with pytest.raises(ArgumentError, match=r"take stage\.whole\.optimizer\.learning_rate"):
        toomre.tune(recipe, tiny_set, tmp_path / "out", space=space)
    assert not (tmp_path / "out").exists()


BACKBONES = "backbone.name = ['deepmerge2', 'deepmerge3']"


@pytest.mark.parametrize(
    ("changes", "given", "words"),
    [
        ({}, {"objective": "adversarial"}, "need the loss 'adversarial'"),
        ({}, {"objective": "target_snd"}, "--target"),
        ({}, {"objective": "rmse"}, "'rmse'"),
        ({"transfer__freeze": ["backbone.*"]}, {}, "--start"),
        ({}, {"start": "no-such-model"}, "no-such-model"),
        ({}, {"space": BACKBONES}, "deepmerge3"),
        ({}, {"space": "optimizer.weight_decay = [0.1, -1.0]"}, r"got -1\.0"),
        ({}, {"device": "tpu"}, "device"),
        ({"loss": [{"name": "cross_entropy"}, {"name": "mmd"}]}, {}, "'mmd'"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_made(
    tiny_set, tiny_recipe, tmp_path, trained, changes, given, words
):
    out = tmp_path / "out"
    options = dict(given)
    plan = toomre.TuneOptions(trials=1, objective=options.pop("objective", "loss"))
    if "space" in options:
        (tmp_path / "space.toml").write_text(options["space"])
        options["space"] = tmp_path / "space.toml"
    with pytest.raises(ArgumentError, match=words):
        toomre.tune(tiny_recipe.replaced(**changes), tiny_set, out, plan=plan, **options)
    assert not out.exists()
    assert not trained
    toomre.tune(tiny_recipe, tiny_set, out, plan=toomre.TuneOptions(trials=1))


def test_where_larger_is_better_the_largest_is_the_best(
    monkeypatch, tiny_set, tiny_recipe, tmp_path
):
    def train(recipe, data, out, *, listeners, **others):
        run = FakeRun(recipe, out)
        run.history["valid_roc_auc"] = 0.9 - 0.1 * np.log10(recipe.optimizer.learning_rate + 1)
        for row in run.history.to_dict("records"):
            for listener in listeners:
                listener(row)
        return run

    monkeypatch.setattr(job, "train", train)
    (tmp_path / "space.toml").write_text("optimizer.learning_rate = { low = 0.1, high = 0.9 }")
    plan = toomre.TuneOptions(trials=12, objective="roc_auc", prune=False)
    space = tmp_path / "space.toml"
    found = toomre.tune(tiny_recipe, tiny_set, tmp_path / "out", space=space, plan=plan)
    rates = found.trials["optimizer.learning_rate"]
    wanted = 0.9 - 0.1 * np.log10(rates + 1)
    np.testing.assert_allclose(found.trials["value"], wanted)
    assert found.larger_is_better
    assert found.value == pytest.approx(wanted.max())
    assert found.best.optimizer.learning_rate == rates.min()
    # The search itself went the right way, too.
    assert rates[6:].mean() < rates[:6].mean()
