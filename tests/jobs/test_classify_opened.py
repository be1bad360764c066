"""What is opened first says what the catalogue will hold, and nothing that a second run changes."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.inference.manifest import RUN_FACTS
from toomre.inference.store import Model, open_model
from toomre.jobs.classify_opened import open_classification
from toomre.jobs.classify_options import ClassifyOptions
from toomre.mosaics.patterns import MosaicSource
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source

OPTIONS = ClassifyOptions(bands=("g", "r", "i"), pixel_scale=0.4)


@pytest.fixture
def source(galaxies, rng, tmp_path):
    np.save(tmp_path / "s.npy", galaxies(5, 64, rng))
    return Source(tmp_path / "s.npy")


def opened(source, model, options=OPTIONS):
    return open_classification(source, model, (None, Columns()), options, Path("o.csv"))


def test_the_provenance_is_the_same_for_each_run(source, make_model, monkeypatch):
    model = make_model()
    first = opened(source, model)
    assert set(first.provenance).isdisjoint(RUN_FACTS)
    monkeypatch.setattr("sys.argv", ["other"])
    monkeypatch.setattr("toomre.jobs.provenance.now", lambda: "later")
    second = opened(source, model, ClassifyOptions(**{**vars(OPTIONS), "overwrite": True}))
    assert json.dumps(first.provenance) == json.dumps(second.provenance)
    jobs = first.job(Path("w")), second.job(Path("w"))
    assert jobs[0].key == jobs[1].key == first.provenance["job_sha256"]
    assert jobs[0].run != jobs[1].run
    assert jobs[0].folder.is_absolute()


def test_other_processes_find_the_model_where_it_was_read(source, make_model, monkeypatch):
    folder = make_model()
    monkeypatch.chdir(folder.parent)
    by_name = opened(source, folder.name).job(Path("w"))
    assert by_name.models == (folder,)
    model = open_model(folder)
    unknown = opened(source, Model(model.card, model.network)).job(Path("w"))
    assert unknown.models == ()
    assert unknown.key == by_name.key


def test_each_way_of_scoring_is_another_job(source, make_model):
    model = make_model()
    plain = opened(source, model).job(Path("w"))
    for changes in ({"threshold": 0.3}, {"batch_size": 4}, {"precision": "bfloat16"}):
        options = ClassifyOptions(**{**vars(OPTIONS), **changes})
        assert opened(source, model, options).job(Path("w")).key != plain.key, changes
    two = opened(source, [model, rename(make_model("b"))])
    assert two.job(Path("w")).key != plain.key
    assert len(two.provenance["members"]) == 2
    assert two.schema.names[-1] == "p_spread"


def test_the_packages_in_use_are_recorded_and_another_version_is_another_job(
    source, make_model, tmp_path, monkeypatch
):
    model, table = make_model(), tmp_path / "t.csv"
    table.write_text("image_id,ra,dec\n0,1,2\n")
    asked = {
        "torch": set(),
        "onnx": {"onnx", "onnxruntime"},
        "openvino": {"onnx", "openvino"},
    }
    for runtime, packages in asked.items():
        options = replace(OPTIONS, runtime=runtime)
        found = open_classification(source, model, (table, Columns()), options, Path("o.hats"))
        assert set(found.packages) == {*packages, "hats"}
    assert found.provenance["libraries"]["pyarrow"] == version("pyarrow")
    assert found.provenance["libraries"]["openvino"] == version("openvino")
    assert opened(source, model).packages == ()
    before, unused = found.job(Path("w")).key, opened(source, model).job(Path("w")).key
    monkeypatch.setattr(
        "toomre.jobs.provenance.version", lambda name: "9" if name == "openvino" else version(name)
    )
    again = open_classification(source, model, (table, Columns()), options, Path("o.hats"))
    assert again.job(Path("w")).key != before
    assert opened(source, model).job(Path("w")).key == unused


def rename(folder: Path) -> Model:
    """Return a model with the weights of another one, as it seems."""
    model = open_model(folder)
    return Model(model.card.model_copy(update={"weights_sha256": "1" * 64}), model.network)


def test_mosaics_need_a_table(make_model):
    with pytest.raises(ArgumentError, match="`catalog` to be a table with ra and dec"):
        opened(MosaicSource({"g": "x.fits"}), make_model())
