"""Two processes do what one does: each scenario runs once by two and once by one, the judge."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from toomre.build import build_batch_norm, build_loss
from toomre.datasets.batches import EvaluationBatches, TrainingBatches, View
from toomre.datasets.normalisation import Normalisation
from toomre.errors import ArgumentError, TrainingError
from toomre.losses.domain_batch import DomainBatch
from toomre.losses.mmd import MaximumMeanDiscrepancy
from toomre.networks.network import Network
from toomre.recipe import Augmentation, LossTerm
from toomre.training import distributed
from toomre.training.averaging import WeightAverage
from toomre.training.distributed import ManyProcesses, OneProcess, processes
from toomre.training.experiment import Experiment
from toomre.training.selection import Selector
from toomre.training.trainer import Trainer

PROCESSES = 2


class Backbone(nn.Module):
    """Two convolutions with BatchNorm; the first is before a dropout."""

    num_features = 6

    def __init__(self, dropout: float):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, 4, 3, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv2d(4, 6, 3, bias=False),
            nn.BatchNorm2d(6),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )

    def forward(self, images):
        return self.layers(images)


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 2)

    def forward(self, features):
        return self.layer(features)

    def penalty(self):
        return 0.1 * self.layer.weight.square().sum()


def images_of(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (seed + rng.normal(size=(count, 2, 9, 9))).astype(np.float32)


def batches(seed: int, count: int, labelled: bool) -> TrainingBatches:
    labels = np.arange(count) % 2 if labelled else None
    images = images_of(seed, count)
    if labelled:
        images[1::2] *= 2
    view = View(7, Normalisation((0.0, 0.0), (1.0, 1.0)))
    plan = Augmentation(rotation=True, appearance=0.0)
    return TrainingBatches(images, np.arange(count), labels, view, plan, 8, seed)


def experiment(group, terms, kind="concatenated", dropout=0.0, with_target=True):
    torch.manual_seed(0)
    network = Network(Backbone(dropout), Head()).to(memory_format=torch.channels_last)
    loss = build_loss(tuple(LossTerm(**term) for term in terms), 6)
    view = View(7, Normalisation((0.0, 0.0), (1.0, 1.0)))
    # The target's batches, of 6, are smaller than the source's.
    target_images = EvaluationBatches(images_of(2, 6), np.arange(6), view, batch_size=4)
    cpu = torch.device("cpu")

    def validate(network):
        batch_norm = build.batch_norm
        with batch_norm.on(network, "target"):
            logits = torch.cat([network(images)[1] for images in target_images])
        return {"loss": float(logits.square().mean())}

    build = Experiment(
        network=network,
        loss=loss,
        optimizer=torch.optim.SGD([*network.parameters(), *loss.parameters()], 0.1, momentum=0.9),
        learning_rate=lambda progress: 0.1,
        source=batches(1, 27, labelled=True),
        target=batches(2, 6, labelled=False) if with_target else None,
        validate=validate,
        epochs=2,
        seed=4,
        device=cpu,
        batch_norm=build_batch_norm(kind, network, target_images, cpu),
        average=None if kind == "per_domain" else WeightAverage(network, 0.9),
    )
    return build.divided(group)


def trained(folder, group, **options):
    losses = []
    made = experiment(group, **options)
    fitted = Trainer(
        made, folder, Selector("loss"), step_listeners=[losses.append], checkpoint_seconds=0.0
    ).fit()
    weights = {**made.network.state_dict(), **made.loss.state_dict(), **made.batch_norm.state()}
    rows = [{**row, "seconds": 0.0, "cpu_seconds": 0.0} for row in fitted.history]
    return {"losses": losses, "weights": weights, "best": fitted.best_epoch, "history": rows}


def gathered(folder, group):
    """MMD of outputs in double precision, and its gradient with respect to this part."""
    generator = torch.Generator().manual_seed(6)
    whole = torch.randn(2, 8, 3, dtype=torch.float64, generator=generator)
    count = 8 // group.size
    part = whole[:, group.rank * count :][:, :count].clone().requires_grad_()
    source, target = (group.gather(each) for each in part)
    labels = group.gather(torch.arange(count) + group.rank * count)
    batch = DomainBatch(source, source, labels, target + 1, target)
    loss = MaximumMeanDiscrepancy(bandwidths=[0.5, 2.0])(batch)
    loss.backward()
    found = group.gather(part.grad.transpose(0, 1) / group.size)
    return {"loss": loss.detach(), "gradient": found, "labels": labels}


def dropped(folder, group):
    """One step's loss with dropout in the network and in the classifier of the domains."""
    terms = [{"name": "cross_entropy"}, {"name": "adversarial"}]
    return trained(folder, group, terms=terms, dropout=0.5)


def told(folder, group):
    value = {"first": group.rank, "x": 0.1 + 0.2, "none": None, "name": "\u00e9"}
    return {"value": group.agreed(lambda: value)}


MMD = [{"name": "cross_entropy"}, {"name": "mmd", "weight": 0.5}]
LEARNED = [
    {"name": "cross_entropy", "options": {"class_weights": [0.7, 1.8]}},
    {"name": "adversarial", "options": {"dropout": 0.0}},
    {"name": "fisher", "weight": 0.1, "options": {"centres": "learned", "reduce": "sum"}},
    {"name": "coral"},
]
TRAININGS = {
    "mmd": {"terms": MMD},
    "shared": {"terms": MMD, "kind": "shared"},
    "per_domain": {"terms": MMD, "kind": "per_domain"},
    "re_estimated": {"terms": MMD, "kind": "re_estimated"},
    "learned": {"terms": LEARNED},
    "source_alone": {"terms": [{"name": "cross_entropy"}], "with_target": False},
}
SCENARIOS = {
    **{name: partial(trained, **options) for name, options in TRAININGS.items()},
    "dropped": dropped,
    "gathered": gathered,
    "told": told,
}


def member(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    place = Path(folder)
    dist.init_process_group(
        "gloo", init_method=f"file://{place / 'meeting'}", rank=rank, world_size=PROCESSES
    )
    with processes() as group:
        assert isinstance(group, ManyProcesses)
        found = {name: run(place / name, group) for name, run in SCENARIOS.items()}
    torch.save(found, place / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def by_two(tmp_path_factory):
    """What each process found."""
    folder = tmp_path_factory.mktemp("two")
    mp.spawn(member, (str(folder),), nprocs=PROCESSES)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(PROCESSES)]


@pytest.fixture
def by_one(tmp_path):
    """Run a scenario by one process."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield lambda name: SCENARIOS[name](tmp_path / name, OneProcess())
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TRAININGS, "dropped"])
def test_two_processes_train_as_one(by_two, by_one, name):
    first, second = (found[name] for found in by_two)
    judge = by_one(name)
    assert len(judge["losses"]) == 6
    for found, other, wanted in zip(
        first["losses"], second["losses"], judge["losses"], strict=True
    ):
        assert found == other
        assert found == pytest.approx(wanted, abs=1e-5)
    for key, wanted in judge["weights"].items():
        assert torch.equal(first["weights"][key], second["weights"][key])
        torch.testing.assert_close(first["weights"][key], wanted, rtol=1e-5, atol=1e-5)
    assert first["best"] == second["best"] == judge["best"]
    assert first["history"] == second["history"]
    for found, wanted in zip(first["history"], judge["history"], strict=True):
        assert found == pytest.approx(wanted, rel=1e-5, abs=1e-5)


@pytest.mark.slow
def test_the_gradient_through_gather_is_that_of_one_process(by_two, by_one):
    first, second = (found["gathered"] for found in by_two)
    judge = by_one("gathered")
    for found in (first, second):
        for key, wanted in judge.items():
            torch.testing.assert_close(found[key], wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.slow
def test_what_the_first_says_all_hear(by_two):
    assert by_two[0]["told"] == by_two[1]["told"]
    assert by_two[1]["told"]["value"] == {
        "first": 0,
        "x": 0.1 + 0.2,
        "none": None,
        "name": "\u00e9",
    }


def test_parts_make_the_whole():
    whole = batches(1, 27, labelled=True)
    parts = [whole.share(rank, 4).batch(1, 2) for rank in range(4)]
    images, labels = whole.batch(1, 2)
    assert torch.equal(torch.cat([part[0] for part in parts]), images)
    assert torch.equal(torch.cat([part[1] for part in parts]), labels)


def test_a_batch_that_cannot_be_divided_is_refused():
    with pytest.raises(ArgumentError, match="a multiple of 3, the number of processes, but got 8"):
        batches(1, 27, labelled=True).share(0, 3)


def test_one_process_is_left_as_it_is(tmp_path):
    made = experiment(OneProcess(), MMD)
    assert made.group == OneProcess()
    with processes() as group:
        assert group == OneProcess()
        assert group.agreed(lambda: "x") == "x"
        assert group.place(torch.device("cuda:3")) == torch.device("cuda:3")
        assert made.divided(group) is made


def test_each_process_has_its_own_gpu(monkeypatch):
    group = ManyProcesses(3, 4)
    chosen = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert group.place(torch.device("cpu")) == torch.device("cpu")
    assert group.place(torch.device("cuda")) == torch.device("cuda:1")
    assert chosen == [1]
    with pytest.raises(ArgumentError, match="Each process takes a GPU of its own"):
        group.place(torch.device("cuda:0"))
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ArgumentError, match="at most 2, the GPUs of this machine"):
        group.place(torch.device("cuda"))


class Elsewhere(OneProcess):
    """A process whose first one is at step 7."""

    def agreed(self, find):
        return 7


def test_processes_that_see_different_checkpoints_are_stopped(tmp_path):
    made = replace(experiment(OneProcess(), MMD), group=Elsewhere())
    with pytest.raises(TrainingError, match="from step 7, but process 0 from step 0"):
        Trainer(made, tmp_path, Selector("last")).fit()


def test_a_lost_process_is_named_as_the_cause(monkeypatch):
    def lost(*args):
        raise RuntimeError("Connection closed by peer")

    monkeypatch.setattr(distributed.dist, "all_reduce", lost)
    with pytest.raises(TrainingError, match=r"Another process .*closed by peer.*--resume"):
        ManyProcesses(0, 2).total(torch.ones(1))
