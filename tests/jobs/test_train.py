from __future__ import annotations

import hashlib
import json
import multiprocessing
import random
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from toomre.errors import ArgumentError, OutputExistsError
from toomre.inference.store import open_model
from toomre.jobs.train import TrainOptions, train
from toomre.preparation.prepared import PreparedSet
from toomre.storage import read_json, write_json

CPU = TrainOptions(device="cpu")


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def weights_hash(run: Path) -> str:
    return hashlib.sha256((run / "model.safetensors").read_bytes()).hexdigest()


def test_run_folder_is_complete_and_learns(tiny_set, tiny_recipe, tmp_path):
    run = train(tiny_recipe, tiny_set, tmp_path / "run", options=CPU)
    names = {path.name for path in run.folder.iterdir()}
    assert names == {
        "environment.json",
        "history.csv",
        "model.json",
        "model.safetensors",
        "recipe.toml",
        "split.csv",
        "validation_scores.parquet",
    }
    assert run.recipe == tiny_recipe
    assert len(run.history) == 6
    assert run.history["train_loss"].iloc[-1] < run.history["train_loss"].iloc[0]
    assert run.card.metrics["validation"]["roc_auc"][0] > 0.9
    assert run.card.training.split_sha256 == PreparedSet.open(tiny_set).split.sha256
    assert run.card.input.grid.size == 17
    assert run.card.input.grid.pixel_scale == pytest.approx(0.4)


def test_statistics_come_from_the_training_part_only(tiny_set, tiny_recipe, tmp_path):
    run = train(tiny_recipe.replaced(training__epochs=1), tiny_set, tmp_path / "run", options=CPU)
    prepared = PreparedSet.open(tiny_set)
    window = prepared.images[:72, :, 2:19, 2:19].astype(np.float64)
    np.testing.assert_allclose(run.card.input.mean, window.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(run.card.input.std, window.std(axis=(0, 2, 3)), rtol=1e-6)


@pytest.mark.parametrize(
    ("command", "simulated"),
    [
        ("toomre simulate --pair nearby --out mocks  # then cut by toomre reproduce", True),
        ("toomre observe mine --survey hsc --out observed", True),
        ("toomre prepare simulate --out observe", False),
    ],
)
def test_the_card_says_whether_toomre_made_the_images(
    tiny_set, tiny_recipe, tmp_path, command, simulated
):
    shutil.copytree(tiny_set, tmp_path / "set")
    path = tmp_path / "set" / "dataset.json"
    write_json(path, {**read_json(path), "command": command})
    recipe = tiny_recipe.replaced(training__epochs=1)
    run = train(recipe, tmp_path / "set", tmp_path / "run", options=CPU)
    assert run.card.training.simulated is simulated


def test_same_seed_same_weights_and_another_seed_others(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(training__epochs=2)
    first = train(recipe, tiny_set, tmp_path / "a", options=CPU)
    second = train(recipe, tiny_set, tmp_path / "b", options=CPU)
    third = train(recipe.replaced(seed=4), tiny_set, tmp_path / "c", options=CPU)
    assert weights_hash(first.folder) == weights_hash(second.folder)
    assert weights_hash(first.folder) != weights_hash(third.folder)


def test_an_existing_run_is_not_overwritten(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(training__epochs=1)
    train(recipe, tiny_set, tmp_path / "run", options=CPU)
    with pytest.raises(OutputExistsError, match="holds a run already"):
        train(recipe, tiny_set, tmp_path / "run", options=CPU)
    resume = TrainOptions(device="cpu", resume=True)
    with pytest.raises(OutputExistsError, match="another recipe"):
        train(recipe.replaced(seed=9), tiny_set, tmp_path / "run", options=resume)
    before = weights_hash(tmp_path / "run")
    train(recipe, tiny_set, tmp_path / "run", options=resume)
    assert weights_hash(tmp_path / "run") == before


def test_every_shape_of_network_trains(tiny_set, tiny_recipe, tmp_path):
    one = {"backbone": {"name": "deepmerge1"}, "head": {"name": "deepmerge1"}}
    small = {"backbone": {"name": "vgg_small"}, "head": {"name": "linear"}}
    losses = {"deepmerge1": "binary_cross_entropy", "vgg_small": "cross_entropy"}
    for parts in (one, small):
        name = parts["backbone"]["name"]
        recipe = tiny_recipe.replaced(
            **parts,
            loss=[{"name": losses[name]}],
            training__epochs=2,
            augmentation__rotation=True,
            augmentation__zoom=0.1,
        )
        run = train(recipe, tiny_set, tmp_path / name, options=CPU)
        assert np.isfinite(run.history["train_loss"]).all()
        open_model(run.folder)


@pytest.fixture
def start(monkeypatch):
    """Start a training in a process of its own, forked from one that has imported torch."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["toomre.jobs.train"])
    options = TrainOptions(device="cpu", resume=True, checkpoint_seconds=0.02)

    def start(data: Path, recipe: Path, out: Path, **others: Path) -> multiprocessing.Process:
        process = context.Process(
            target=train, args=(recipe, data, out), kwargs={"options": options, **others}
        )
        process.start()
        return process

    return start


def wait_for_checkpoint(process: multiprocessing.Process, out: Path, before: int) -> None:
    while process.is_alive() and latest_step(out) <= before:
        time.sleep(0.002)


def latest_step(out: Path) -> int:
    manifests = sorted((out / "checkpoints").glob("step-*.json"))
    return int(manifests[-1].stem.removeprefix("step-")) if manifests else -1


def finish(process: multiprocessing.Process) -> None:
    process.join(120)
    assert process.exitcode == 0


def test_ten_kills_one_hash(tiny_set, tiny_recipe, tmp_path, start):
    """Kill -9 ten times, at random moments of computing and of writing; resume each time."""
    # Dropout, free rotation, averaged weights, checkpoints within an epoch: whatever could break
    # a resume.
    recipe = tiny_recipe.replaced(
        backbone={"name": "deepmerge1"},
        head={"name": "deepmerge1"},
        loss=[{"name": "binary_cross_entropy"}],
        training__epochs=80,
        training__average=0.9,
        augmentation__rotation=True,
    )
    path = tmp_path / "recipe.toml"
    recipe.write(path)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    finish(start(tiny_set, path, undisturbed))
    moment = random.Random(1)
    steps = []
    for _ in range(10):
        process = start(tiny_set, path, disturbed)
        wait_for_checkpoint(process, disturbed, latest_step(disturbed))
        time.sleep(moment.uniform(0, 0.06))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it ended before it could be killed"
        steps.append(latest_step(disturbed))
    assert steps == sorted(steps)
    assert len(set(steps)) > 5
    finish(start(tiny_set, path, disturbed))
    assert weights_hash(disturbed) == weights_hash(undisturbed)
    cards = [json.loads((folder / "model.json").read_text()) for folder in (disturbed, undisturbed)]
    for card in cards:
        del card["training"]["created"]
    assert cards[0] == cards[1]


@pytest.mark.slow
def test_kills_of_a_training_on_two_domains(tiny_set, tiny_target, two_domains, tmp_path, start):
    # A learned loss and statistics of each domain's own: all that a checkpoint must hold.
    recipe = two_domains.replaced(
        loss=[{"name": "cross_entropy"}, {"name": "adversarial", "options": {"hidden": 16}}],
        training__epochs=12,
        selection__metric="target_entropy",
        adaptation__batch_norm="per_domain",
        adaptation__normalisation="per_domain",
    )
    path = tmp_path / "recipe.toml"
    recipe.write(path)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    finish(start(tiny_set, path, undisturbed, target=tiny_target))
    moment = random.Random(2)
    for _ in range(3):
        process = start(tiny_set, path, disturbed, target=tiny_target)
        wait_for_checkpoint(process, disturbed, latest_step(disturbed))
        time.sleep(moment.uniform(0, 0.06))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it ended before it could be killed"
    finish(start(tiny_set, path, disturbed, target=tiny_target))
    for folder in (".", "source"):
        assert weights_hash(disturbed / folder) == weights_hash(undisturbed / folder)


def newest(out: Path) -> str:
    """Return the newest checkpoint, of whichever stage."""
    found = [str(path.relative_to(out)) for path in (out / "checkpoints").rglob("step-*.json")]
    return max(found, default="")


@pytest.mark.slow
def test_kills_in_each_stage(tiny_set, tiny_recipe, tmp_path, start):
    recipe = tiny_recipe.replaced(
        stage=[
            {"name": "head", "epochs": 20, "freeze": ["backbone.*"]},
            {"name": "whole", "epochs": 20, "optimizer": {"name": "sgd", "learning_rate": 0.01}},
        ],
        training__epochs=20,
    )
    path = tmp_path / "recipe.toml"
    recipe.write(path)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    finish(start(tiny_set, path, undisturbed))
    for stage in ("1-head", "1-head", "2-whole", "2-whole"):
        before = newest(disturbed)
        process = start(tiny_set, path, disturbed)
        while process.is_alive() and (
            newest(disturbed) <= before or stage not in newest(disturbed)
        ):
            time.sleep(0.002)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it ended before it could be killed"
    finish(start(tiny_set, path, disturbed))
    assert weights_hash(disturbed) == weights_hash(undisturbed)
    histories = [pd.read_csv(out / "history.csv") for out in (disturbed, undisturbed)]
    left_out = histories[0].columns.difference(["seconds", "cpu_seconds"])
    assert histories[0][left_out].equals(histories[1][left_out])
    assert not (disturbed / "checkpoints").exists()


@pytest.mark.parametrize("part", ["train", "all"])
def test_labels_of_the_target_change_no_bit(
    tiny_set, tiny_target, noisy_labels, two_domains, tmp_path, part
):
    recipe = two_domains.replaced(
        selection__metric="target_dev",
        adaptation__target_part=part,
        adaptation__batch_norm="re_estimated",
        adaptation__normalisation="per_domain",
        calibration__threshold="target_mixture",
    )
    honest = train(recipe, tiny_set, tmp_path / "a", target=tiny_target, options=CPU)
    noise = train(recipe, tiny_set, tmp_path / "b", target=noisy_labels, options=CPU)
    for folder in (".", "source"):
        assert weights_hash(honest.folder / folder) == weights_hash(noise.folder / folder)
        cards = [
            json.loads((run.folder / folder / "model.json").read_text()) for run in (honest, noise)
        ]
        for card in cards:
            del card["training"]["created"]
        assert cards[0] == cards[1]
    left_out = honest.history.columns.difference(["seconds", "cpu_seconds"])
    assert honest.history[left_out].equals(noise.history[left_out])


@pytest.mark.parametrize(
    ("part", "by_label", "told"), [("train", True, 1), ("train", False, 0), ("all", True, 0)]
)
def test_a_target_split_by_its_labels_is_warned_of(
    tiny_set, noisy_labels, two_domains, tmp_path, part, by_label, told
):
    info = json.loads((noisy_labels / "dataset.json").read_text())
    (noisy_labels / "dataset.json").write_text(json.dumps({**info, "split_by_label": by_label}))
    recipe = two_domains.replaced(adaptation__target_part=part, training__epochs=1)
    run = train(recipe, tiny_set, tmp_path / "run", target=noisy_labels, options=CPU)
    found = [text for text in run.card.training.warnings if "--no-stratify" in text]
    assert len(found) == told


def test_the_targets_draws_are_not_the_sources(tiny_set, two_domains):
    from toomre.datasets.unlabelled import UnlabelledImages
    from toomre.jobs.planning import Plan

    prepared = PreparedSet.open(tiny_set)
    target = UnlabelledImages.of(prepared, "train", two_domains.seed)
    plan = Plan.make(
        two_domains, prepared, prepared.split, torch.device("cpu"), target=target
    ).experiment
    source, other = plan.source.batch(0, 0), plan.target.batch(0, 0)
    assert other[1] is None
    assert not torch.equal(source[0], other[0])


def test_a_loss_that_needs_a_target_claims_no_folder(tiny_set, tiny_target, two_domains, tmp_path):
    with pytest.raises(ArgumentError, match="'mmd'.*--target"):
        train(two_domains, tiny_set, tmp_path / "run", options=CPU)
    recipe = two_domains.replaced(
        loss=[{"name": "cross_entropy"}], adaptation__batch_norm="per_domain"
    )
    with pytest.raises(ArgumentError, match="re_estimated where no loss looks at the target"):
        train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=CPU)
    assert not (tmp_path / "run").exists()


def test_a_target_that_no_loss_looks_at_changes_no_weight(
    tiny_set, tiny_target, tiny_recipe, tmp_path
):
    recipe = tiny_recipe.replaced(training__epochs=2)
    alone = train(recipe, tiny_set, tmp_path / "a", options=CPU)
    seen = train(recipe, tiny_set, tmp_path / "b", target=tiny_target, options=CPU)
    assert weights_hash(alone.folder) == weights_hash(seen.folder / "source")
    assert "valid_target_entropy" in seen.history
    recipe = recipe.replaced(adaptation__batch_norm="re_estimated")
    anew = train(recipe, tiny_set, tmp_path / "c", target=tiny_target, options=CPU)
    assert weights_hash(alone.folder) == weights_hash(anew.folder / "source")
    assert weights_hash(alone.folder) != weights_hash(anew.folder)


def test_averaged_weights_are_what_is_kept(tiny_set, tiny_recipe, tmp_path):
    # One epoch: the steps are the same, and the mean is not where they end.
    recipe = tiny_recipe.replaced(training__epochs=1)
    plain = train(recipe, tiny_set, tmp_path / "a", options=CPU)
    mean = train(recipe.replaced(training__average=0.9), tiny_set, tmp_path / "b", options=CPU)
    assert plain.history["train_loss"].equals(mean.history["train_loss"])
    assert not plain.history["valid_loss"].equals(mean.history["valid_loss"])
    assert weights_hash(plain.folder) != weights_hash(mean.folder)


def test_a_run_with_another_target_is_not_gone_on_with(
    tiny_set, tiny_target, two_domains, tmp_path
):
    recipe = two_domains.replaced(training__epochs=1)
    train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=CPU)
    resume = TrainOptions(device="cpu", resume=True)
    train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=resume)
    with pytest.raises(OutputExistsError, match="another target_images"):
        train(recipe, tiny_set, tmp_path / "run", target=tiny_set, options=resume)


def test_start_from_another_run(tiny_set, tiny_recipe, tmp_path):
    first = train(tiny_recipe.replaced(training__epochs=2), tiny_set, tmp_path / "a", options=CPU)
    recipe = tiny_recipe.replaced(
        seed=8,
        training__epochs=1,
        transfer__freeze=["backbone.*"],
        transfer__normalisation="inherited",
    )
    run = train(recipe, tiny_set, tmp_path / "b", start=first.folder, options=CPU)
    before, after = (open_model(r.folder).network.state_dict() for r in (first, run))
    for name, tensor in before.items():
        # The frozen BatchNorm layers' statistics stay as well.
        assert torch.equal(tensor, after[name]) == name.startswith("backbone."), name
    assert run.card.input.mean == first.card.input.mean
    assert run.card.training.start == first.card.model_id
    assert run.environment["start_sha256"] == first.card.weights_sha256
    resume = TrainOptions(device="cpu", resume=True)
    with pytest.raises(OutputExistsError, match="another start"):
        train(recipe, tiny_set, tmp_path / "b", start=run.folder, options=resume)


def test_two_runs_on_one_folder_refuse(tiny_set, tiny_recipe, tmp_path):
    from toomre.output import output_lock

    resume = TrainOptions(device="cpu", resume=True)
    with output_lock(tmp_path / "run"), pytest.raises(OutputExistsError, match="Another run"):
        train(tiny_recipe, tiny_set, tmp_path / "run", options=resume)


@pytest.mark.parametrize("left", [[], ["environment.json"], ["environment.json", "recipe.toml"]])
def test_a_kill_while_the_folder_is_made_can_be_resumed(tiny_set, tiny_recipe, tmp_path, left):
    recipe = tiny_recipe.replaced(training__epochs=1)
    whole = train(recipe, tiny_set, tmp_path / "whole", options=CPU).folder
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / ".split.abcd.csv").write_text("half")
    for name in left:
        (tmp_path / "cut" / name).write_bytes((whole / name).read_bytes())
    resume = TrainOptions(device="cpu", resume=True)
    train(recipe, tiny_set, tmp_path / "cut", options=resume)
    assert weights_hash(tmp_path / "cut") == weights_hash(whole)


def test_a_recipe_that_cannot_be_built_claims_no_folder(tiny_set, tiny_recipe, tmp_path):
    for wrong in ({"backbone": {"name": "deepmerge3"}}, {"input__size": 18}):
        with pytest.raises(ArgumentError):
            train(tiny_recipe.replaced(**wrong), tiny_set, tmp_path / "run", options=CPU)
        assert not (tmp_path / "run").exists()


def test_resuming_uses_the_threads_of_the_start(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(training__epochs=2)
    whole = train(recipe, tiny_set, tmp_path / "a", options=CPU).folder

    class Stop(Exception):
        pass

    def stop(done, total):
        if done == 3:
            raise Stop

    options = TrainOptions(device="cpu", resume=True, checkpoint_seconds=0.0)
    with pytest.raises(Stop):
        train(recipe, tiny_set, tmp_path / "b", options=options, progress=stop)
    torch.set_num_threads(2)
    train(recipe, tiny_set, tmp_path / "b", options=options)
    assert torch.get_num_threads() == 2
    assert weights_hash(tmp_path / "b") == weights_hash(whole)


def test_a_purity_out_of_reach_is_noted_and_does_not_stop_the_training(
    tiny_set, tiny_recipe, tmp_path
):
    # A network that has learned nothing: a learning rate so small that nothing moves.
    recipe = tiny_recipe.replaced(
        training__epochs=1,
        optimizer__learning_rate=1e-12,
        calibration__threshold="purity:1.0",
    )
    labels = PreparedSet.open(tiny_set).catalog["label"]
    assert labels.nunique() == 2
    run = train(recipe, tiny_set, tmp_path / "run", options=CPU)
    noted = any("No threshold reaches purity:1.0" in text for text in run.card.known_failures)
    assert noted or run.card.metrics["validation"]["purity"][0] == 1.0
