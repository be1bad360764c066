from __future__ import annotations

import shutil

import pytest
import torch

import toomre
from toomre.errors import ArgumentError, MissingFileError
from toomre.inference.store import open_model
from toomre.jobs.epochs import chosen_epochs, models_of
from toomre.jobs.run import Run
from toomre.storage import read_json, write_json


def weights(model):
    return model.network.state_dict()


def same(first, second):
    return all(torch.equal(tensor, second[name]) for name, tensor in first.items())


@pytest.fixture(scope="module")
def recipe():
    return toomre.Recipe.parse(
        """
        name = "tiny"
        seed = 3
        input.size = 17
        backbone.name = "deepmerge2"
        head.name = "deepmerge2"
        optimizer = { learning_rate = 0.003 }
        training = { epochs = 4, batch_size = 12 }
        adaptation = { batch_norm = "per_domain" }
        selection.metric = "last"
        loss = [{ name = "cross_entropy" }, { name = "mmd", weight = 0.1 }]
        """
    )


@pytest.fixture(scope="module")
def runs(recipe, tiny_set, tiny_target, tmp_path_factory):
    """The same training with and without keeping epochs."""
    folder = tmp_path_factory.mktemp("epochs")
    return [
        toomre.train(
            recipe,
            tiny_set,
            folder / f"every-{every}",
            target=tiny_target,
            options=toomre.TrainOptions(device="cpu", keep_every=every),
        )
        for every in (0, 2)
    ]


def test_keeping_epochs_changes_nothing(runs):
    plain, kept = (open_model(run.folder) for run in runs)
    assert plain.card.weights_sha256 == kept.card.weights_sha256
    assert not (runs[0].folder / "epochs").exists()


def test_the_moments_of_a_run(runs):
    plain, kept = runs
    assert [moment.epoch for moment in chosen_epochs(plain, None)] == [0, 4]
    names = [moment.name for moment in chosen_epochs(kept, None)]
    assert names == ["before training", "epoch 2", "epoch 4, the model"]
    assert [moment.epoch for moment in chosen_epochs(kept, [2, 4])] == [2, 4]
    assert [moment.epoch for moment in chosen_epochs(kept, [])] == [4]
    with pytest.raises(MissingFileError, match="epoch 3 were not kept.*there are: 0, 2, 4, and"):
        chosen_epochs(kept, [3])
    with pytest.raises(ArgumentError, match="0 or more"):
        chosen_epochs(kept, [-1])


def test_the_weights_before_the_training_follow_from_the_recipe(runs):
    plain, kept = (
        models_of(run, chosen_epochs(run, [0])[0])["target"].network.state_dict() for run in runs
    )
    assert same(plain, kept)
    final = open_model(runs[0].folder).network.state_dict()
    assert not same(plain, final)


def test_a_kept_epoch_is_the_model_of_that_epoch_in_both_domains(runs, tmp_path):
    kept = runs[1]
    folder = tmp_path / "run"
    shutil.copytree(kept.folder, folder)
    (_, moment, _) = chosen_epochs(kept, None)
    last = moment._replace(epoch=4)  # as it was kept, not as the run's model
    for domain, model in models_of(kept, last).items():
        assert same(weights(model), weights(open_model(kept.folder, domain)))
    found = models_of(kept, moment)
    assert not same(weights(found["source"]), weights(found["target"]))
    assert found["source"].card.input.mean == open_model(kept.folder, "source").card.input.mean


def test_a_run_from_another_model_has_no_weights_before_the_training(runs, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(runs[0].folder, folder)
    record = read_json(folder / "environment.json")
    write_json(folder / "environment.json", {**record, "start": "other-model"})
    run = Run.open(folder)
    assert [moment.epoch for moment in chosen_epochs(run, None)] == [4]
    with pytest.raises(MissingFileError, match="there are: none"):
        chosen_epochs(run, [0])
