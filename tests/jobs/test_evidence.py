"""What a report shows: each thing is made once, of the right run, and a stopped call goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.jobs import evidence as module
from toomre.jobs.evidence import Evidence, gather_evidence
from toomre.jobs.report import report
from toomre.storage import read_json


@pytest.fixture(scope="module")
def runs(tiny_recipe, tiny_set, tiny_target, tmp_path_factory):
    """A training on the source alone, and one with a target."""
    place, options = tmp_path_factory.mktemp("runs"), toomre.TrainOptions(device="cpu")
    plain = tiny_recipe.replaced(training__epochs=1)
    adapted = plain.replaced(loss=[{"name": "cross_entropy"}, {"name": "mmd", "weight": 0.1}])
    toomre.train(plain, tiny_set, place / "plain", options=options)
    toomre.train(adapted, tiny_set, place / "adapted", target=tiny_target, options=options)
    return [place / name for name in ("plain", "adapted")]


@pytest.fixture
def calls(monkeypatch):
    """What is called, in place of the work, which only makes its folder."""
    made = []

    def stand_in(name):
        def work(*given, **options):
            made.append((name, given, options))
            if name not in ("evaluate", "audit"):
                next(each for each in given[1:] if isinstance(each, Path)).mkdir()
            return type("Found", (), {"to_dict": staticmethod(lambda: {"passed": True})})

        return work

    for name in ("evaluate", "audit", "explain", "embed", "measure", "bias", "lr_scan"):
        monkeypatch.setattr(module, name, stand_in(name))
    return made


def test_the_adapted_run_is_looked_at_beside_the_plain_one(runs, calls, tmp_path):
    evidence = Evidence(runs, tmp_path / "evidence", images=30)
    done = {}
    places = gather_evidence(
        evidence, workers=1, stage=lambda name: lambda *numbers: done.update({name: numbers})
    )
    assert done == {"Judging the networks": (4, 4), "Looking for reasons": (500, 500)}
    # Of the target nothing is known beside the labels.
    names = {path.name for path in places}
    assert names == {"audit", "bias", "explained", "embedded", "rates"}

    found = [name for name, _, _ in calls]
    rest = ["measure", "bias", "embed", "audit", "explain", "lr_scan"]
    assert found == [*["evaluate"] * 4, *rest]
    judged = [(g[0].folder.name, g[1].folder.name, told["part"]) for _, g, told in calls[:4]]
    assert judged == [
        ("plain", "tiny", "test"),
        ("plain", "tiny-target", "all"),  # no galaxy of it was seen in training
        ("adapted", "tiny", "test"),
        ("adapted", "tiny-target", "test"),
    ]
    by_name = {name: (given, options) for name, given, options in calls}
    given, options = by_name["explain"]
    assert (given[0].folder.name, options["against"].folder.name) == ("adapted", "plain")
    assert by_name["measure"][1]["at_most"] == {"train": 0, "valid": 0, "test": 30}
    assert by_name["bias"][1]["table"] == evidence.folder / "measured" / "measurements.parquet"
    assert by_name["lr_scan"][1]["target"].folder.name == "tiny-target"


def test_what_is_there_is_not_made_again(runs, calls, tmp_path):
    evidence = Evidence(runs, tmp_path / "evidence", images=0)
    first = gather_evidence(evidence, workers=1)
    (tmp_path / "evidence" / "rates").rmdir()
    calls.clear()
    assert gather_evidence(evidence, workers=1) == first
    # The stand-in for an evaluation writes nothing, so that it is asked for again.
    assert [name for name, _, _ in calls] == ["evaluate"] * 4 + ["lr_scan"]


def test_of_one_run_without_a_target_there_is_less(runs, calls, tmp_path):
    places = gather_evidence(Evidence(runs[:1], tmp_path / "evidence", images=0), workers=1)
    assert {path.name for path in places} == {"audit", "explained", "rates"}
    assert {name: options for name, _, options in calls}["explain"]["against"] is None


def test_evidence_of_other_runs_and_other_folders_are_refused(runs, calls, tmp_path):
    gather_evidence(Evidence(runs, tmp_path / "evidence", images=0), workers=1)
    with pytest.raises(OutputExistsError, match="the evidence of other runs .*another folder"):
        gather_evidence(Evidence(runs[:1], tmp_path / "evidence", images=0), workers=1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "text").write_text("mine")
    with pytest.raises(OutputExistsError, match="holds something else"):
        gather_evidence(Evidence(runs, tmp_path / "mine"), workers=1)
    with pytest.raises(ArgumentError, match="one run or more"):
        Evidence([], tmp_path)


@pytest.mark.slow
def test_all_of_it_comes_onto_the_page(runs, tmp_path):
    places = gather_evidence(Evidence(runs, tmp_path / "evidence", images=6, epochs=2), workers=2)
    done = report(runs, tmp_path / "report", also=places)
    names = {path.stem for path in done.figures}
    wanted = {"lr_scan_1_gradient_flow", "explain_1_layers", "embedding_1_embedding"}
    assert wanted | {"bias_1_by_m20", "bias_1_plane_concentration"} <= names
    text = done.page.read_text()
    assert "Leak audit passed" in text
    assert read_json(done.folder / "report.json")["figures"] == [p.stem for p in done.figures]
