from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from toomre.build import initial_network
from toomre.datasets.unlabelled import UnlabelledImages
from toomre.errors import ArgumentError
from toomre.inference.store import open_model
from toomre.jobs.planning import Plan
from toomre.jobs.run import Run
from toomre.jobs.stages import Reports, fit_stages
from toomre.jobs.train import TrainOptions, train
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.recipe import Recipe
from toomre.training.checkpoint import read_weights

CPU = torch.device("cpu")
ON_CPU = TrainOptions(device="cpu")
HEAD = {"name": "head", "epochs": 2, "freeze": ["backbone.*"]}
WHOLE = {"name": "whole", "epochs": 3, "optimizer": {"name": "sgd", "learning_rate": 0.01}}


@pytest.fixture
def staged(tiny_recipe) -> Recipe:
    """The tiny recipe with a head to be trained first; its schedule is the recipe's."""
    return tiny_recipe.replaced(stage=[HEAD, WHOLE])


def make(recipe, folder) -> Plan:
    prepared = PreparedSet.open(folder)
    return Plan.make(recipe, prepared, prepared.own_split(), CPU)


def test_the_history_says_the_stage_and_counts_on(tiny_set, staged, tmp_path):
    rows, steps = [], []
    run = train(
        staged,
        tiny_set,
        tmp_path / "run",
        options=ON_CPU,
        listeners=[rows.append],
        progress=lambda done, total: steps.append((done, total)),
    )
    assert run.history["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert run.history["stage"].tolist() == [1, 1, 2, 2, 2]
    assert [(row["epoch"], row["stage"]) for row in rows] == [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 2),
    ]
    assert 3 <= run.card.training.epoch <= 5
    assert steps == sorted(steps)
    assert {total for _, total in steps} == {5 * 6}
    assert Run.open(run.folder).recipe == staged
    # One-cycle starts anew in each stage.
    peak = [run.history.loc[run.history["stage"] == n, "learning_rate"].max() for n in (1, 2)]
    assert peak[0] <= 0.003 < peak[1] <= 0.01


def test_the_head_learns_on_a_base_that_rests(tiny_set, staged, tmp_path):
    recipe = staged.replaced(stage=[HEAD])
    torch.manual_seed(recipe.seed)
    before = initial_network(recipe, bands=3).state_dict()
    run = train(recipe, tiny_set, tmp_path / "run", options=ON_CPU)
    after = open_model(run.folder).network.state_dict()
    assert any("running_mean" in name for name in before)
    for name, tensor in before.items():
        # The frozen BatchNorm layers' running statistics as well.
        assert torch.equal(tensor, after[name]) == name.startswith("backbone."), name


def test_a_stage_starts_from_the_best_weights_and_not_from_the_last(tiny_set, staged, tmp_path):
    losses = iter([0.3, 0.5, 0.9, 0.8])
    seen = []

    def validate(network):
        seen.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
        return {"loss": next(losses)}

    still = {"name": "sgd", "learning_rate": 1e-30, "momentum": 0.0}
    whole = {**WHOLE, "epochs": 2, "optimizer": still, "freeze": ["backbone.*"]}
    plan = make(staged.replaced(stage=[HEAD, whole]), tiny_set)
    experiment = replace(plan.experiment, validate=validate)
    fitted = fit_stages(experiment, plan.recipe, tmp_path, Reports())
    first, last, *second = seen
    assert not all(torch.equal(first[name], last[name]) for name in first)
    for state in second:
        assert all(torch.equal(first[name], state[name]) for name in first)
    assert fitted.best_epoch == 4  # counted on; of the last stage
    assert len(fitted.history) == 4


def test_stages_go_on_drawing_where_the_others_stopped(tiny_set, staged, tmp_path):
    asked = []
    plan = make(staged, tiny_set)
    draw = plan.experiment.source.batch

    class Source:
        steps = plan.experiment.source.steps

        def batch(self, epoch, step):
            asked.append((epoch, step))
            return draw(epoch, step)

    fit_stages(replace(plan.experiment, source=Source()), plan.recipe, tmp_path, Reports())
    assert asked == [(epoch, step) for epoch in range(5) for step in range(6)]


class Stop(Exception):
    pass


@pytest.mark.parametrize("when", [1, 11, 12, 13, 18, 29])
def test_resume_in_any_stage_gives_the_same_bytes(tiny_set, staged, tmp_path, when):
    recipe = staged.replaced(loss=[{"name": "cross_entropy"}], augmentation__rotation=True)
    whole = make(recipe, tiny_set)
    wanted = fit_stages(whole.experiment, recipe, tmp_path / "a", Reports())

    def interrupt(done, total):
        if done == when:
            raise Stop

    with pytest.raises(Stop):
        reports = Reports(interrupt, checkpoint_seconds=0.0)
        fit_stages(make(recipe, tiny_set).experiment, recipe, tmp_path / "b", reports)
    again = fit_stages(make(recipe, tiny_set).experiment, recipe, tmp_path / "b", Reports())
    assert again.weights_sha256 == wanted.weights_sha256
    assert again.best_epoch == wanted.best_epoch
    for row, other in zip(again.history, wanted.history, strict=True):
        times = {"seconds": 0, "cpu_seconds": 0}
        assert {**row, **times} == {**other, **times}


def test_early_stopping_ends_a_stage_and_not_the_training(tiny_set, staged, tmp_path):
    patient = {"metric": "loss", "patience": 1, "first_epoch": 2}
    plan = make(staged.replaced(stage=[{**HEAD, "epochs": 5}, WHOLE], selection=patient), tiny_set)
    experiment = replace(plan.experiment, validate=lambda network: {"loss": 1.0})
    fitted = fit_stages(experiment, plan.recipe, tmp_path, Reports())
    # The second epoch of each stage is its first that counts; the third is no better.
    assert [row["stage"] for row in fitted.history] == [1, 1, 1, 2, 2, 2]
    assert fitted.best_epoch == 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"freeze": ["body.*"]}, "transfer.freeze"),
        ({"optimizer": {"factors": {"tail": 2.0}}}, "optimizer.factors"),
        ({"schedule": {"name": "constant", "momentum": [0.8, 0.9]}}, "schedule.momentum"),
    ],
)
def test_mistakes_of_a_later_stage_show_before_the_first(tiny_set, staged, tmp_path, change, words):
    recipe = staged.replaced(stage=[HEAD, {**WHOLE, **change}])
    with pytest.raises(ArgumentError, match=words):
        train(recipe, tiny_set, tmp_path / "run", options=ON_CPU)
    assert not (tmp_path / "run").exists()


def test_what_the_first_stage_froze_learns_in_the_second(tiny_set, staged):
    plan = make(staged, tiny_set)
    frozen = {n for n, p in plan.experiment.network.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, _ in plan.experiment.network.named_parameters() if "backbone" in n}
    parameters = sum(len(group["params"]) for group in plan.experiment.optimizer.param_groups)
    assert parameters == len(list(plan.experiment.network.parameters())) - len(frozen)


def test_statistics_of_each_domain_and_stages_do_not_go_together(
    tiny_set, tiny_target, two_domains, tmp_path
):
    recipe = two_domains.replaced(stage=[HEAD, WHOLE], adaptation__batch_norm="per_domain")
    with pytest.raises(ArgumentError, match="another one for a training in stages"):
        train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=ON_CPU)


def test_stages_with_a_target(tiny_set, tiny_target, two_domains, tmp_path):
    recipe = two_domains.replaced(stage=[HEAD, WHOLE])
    run = train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=ON_CPU)
    assert run.history["stage"].tolist() == [1, 1, 2, 2, 2]
    assert {"mmd", "valid_target_entropy"} <= set(run.history)


def judged_by(metric) -> list[dict]:
    """Two stages, the second of which alone goes by a metric."""
    return [HEAD, {**WHOLE, "selection": {"metric": metric}}]


def test_a_later_stage_may_go_by_a_label_free_score(tiny_set, tiny_target, two_domains, tmp_path):
    recipe = two_domains.replaced(stage=judged_by("target_snd"))
    run = train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=ON_CPU)
    second = run.history[run.history["stage"] == 2].set_index("epoch")
    assert run.card.training.epoch == second["valid_target_snd"].idxmax()


def test_a_plateau_of_a_later_stage_may_go_by_a_label_free_score(
    tiny_set, tiny_target, two_domains
):
    schedule = {"name": "plateau", "plateau": {"metric": "target_dev", "patience": 1}}
    recipe = two_domains.replaced(stage=[HEAD, {**WHOLE, "schedule": schedule}])
    prepared = PreparedSet.open(tiny_set)
    target = UnlabelledImages.of(PreparedSet.open(tiny_target), "train", seed=1)
    plan = Plan.make(recipe, prepared, prepared.own_split(), CPU, target=target)
    plan.experiment.network.eval()
    with torch.inference_mode():
        assert "target_dev" in plan.experiment.validate(plan.experiment.network)


@pytest.mark.parametrize("metric", ["target_snd", "rmse"])
def test_a_metric_that_a_later_stage_cannot_have_shows_before_the_first(
    tiny_set, staged, tmp_path, metric
):
    recipe = staged.replaced(stage=judged_by(metric))
    with pytest.raises(ArgumentError, match=metric):
        train(recipe, tiny_set, tmp_path / "run", options=ON_CPU)
    assert not (tmp_path / "run").exists()


def test_class_weights_come_from_the_training_labels_alone(tiny_set, tiny_recipe, tmp_path):
    prepared = PreparedSet.open(tiny_set)
    table = prepared.own_split().table
    label = prepared.catalog["label"].to_numpy()
    # Most mergers of the training part are moved to the test part.
    moved = (table["part"] == "train") & (label == 1) & (np.arange(len(table)) % 8 < 6)
    split = Split(table.assign(part=table["part"].mask(moved, "test")))
    options = {"class_weights": "balanced"}
    recipe = tiny_recipe.replaced(
        training__epochs=1, loss=[{"name": "cross_entropy", "options": options}]
    )
    run = train(recipe, tiny_set, tmp_path / "run", split=split, options=ON_CPU)
    own = pd.Series(label)[(split.table["part"] == "train").to_numpy()].to_numpy(np.int64)
    assert own.mean() < 0.3
    wanted = compute_class_weight("balanced", classes=np.array([0, 1]), y=own)
    assert run.environment["class_weights"]["cross_entropy"] == pytest.approx(wanted)
    assert run.recipe.loss[0].options == options
    plan = Plan.make(recipe, prepared, split, CPU)
    weights = plan.experiment.loss.losses["cross_entropy"].class_weights
    torch.testing.assert_close(weights, torch.tensor(wanted, dtype=torch.float32))


def test_a_finished_stages_weights_are_those_that_were_written(tiny_set, staged, tmp_path):
    plan = make(staged, tiny_set)
    fitted = fit_stages(plan.experiment, staged, tmp_path, Reports())
    assert fitted.weights.parent == tmp_path / "2-whole"
    weights = read_weights(fitted.weights, fitted.weights_sha256)
    network = plan.experiment.network.state_dict()
    assert all(torch.equal(network[name], weights[name]) for name in network)
