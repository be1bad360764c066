"""One shard: as one piece or in the smallest, in this process or another, the same rows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from toomre.engines.engine import no_report
from toomre.errors import ArgumentError, CorruptFileError, OutputError
from toomre.inference.store import Model, open_model
from toomre.jobs import classify_shard as module
from toomre.jobs.classify_files import read_shard, shard_path
from toomre.jobs.classify_journal import Suspects
from toomre.jobs.classify_opened import open_classification
from toomre.jobs.classify_options import ClassifyOptions
from toomre.jobs.classify_plan import make_plan
from toomre.jobs.classify_shard import classify_shard, forget_models, remember_models
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source
from toomre.storage import write_json


@pytest.fixture
def model(make_model):
    return make_model(grid={"size": 17, "crop": 17, "native_pixel_scale": 0.4})


@pytest.fixture
def shard(galaxies, rng, tmp_path, model):
    np.save(tmp_path / "s.npy", galaxies(40, 21, rng))
    options = ClassifyOptions(bands=("g", "r", "i"), pixel_scale=0.4, chunk_size=32)
    given = None, Columns()
    opened = open_classification(Source(tmp_path / "s.npy"), model, given, options, None)
    yield make_plan(opened.job(tmp_path / "w"), opened.inputs).shard(0)
    forget_models()


def bytes_of(shard) -> bytes:
    path = shard_path(shard.job.folder, shard.key)
    content = path.read_bytes()
    path.unlink()
    return content


def test_a_shard_that_is_there_is_not_done(shard, monkeypatch):
    assert classify_shard(shard, no_report) == 40
    rows = read_shard(shard_path(shard.job.folder, shard.key), shard.key, 40)
    assert rows["image_id"].to_pylist() == [str(row) for row in range(40)]
    monkeypatch.setattr(module, "write_shard", lambda *_: pytest.fail("written again"))
    assert classify_shard(shard, no_report) == 40


def test_suspects_make_the_pieces_small_and_change_no_byte(shard, monkeypatch):
    classify_shard(shard, no_report)
    whole = bytes_of(shard)
    sizes = []

    def score(chunk, predictor, threshold):
        sizes.append(len(chunk))
        return real(chunk, predictor, threshold)

    real = module.score_chunk
    monkeypatch.setattr(module, "score_chunk", score)
    for suspects, expected in (
        ([], [32, 8]),
        ([(0, 32)], [2] * 16 + [8]),
        ([(0, 32), (2, 4)], [2, 1, 1] + [2] * 14 + [8]),
    ):
        sizes.clear()
        known = vars(Suspects(suspects))
        write_json(shard.job.folder / "suspects" / f"{shard.key}.json", known)
        classify_shard(shard, no_report)
        assert sizes == expected
        assert bytes_of(shard) == whole
    assert list((shard.job.folder / "suspects").iterdir()) == []
    assert list((shard.job.folder / "journals").iterdir()) == []


def test_one_thread_at_work_and_as_before_afterwards(shard, monkeypatch):
    seen = []

    def score(*given):
        seen.append(torch.get_num_threads())
        return real(*given)

    real = module.score_chunk
    monkeypatch.setattr(module, "score_chunk", score)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        classify_shard(shard, no_report)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}


def test_a_model_that_has_no_folder_is_known_here_only(shard, model):
    lost = replace(shard, job=replace(shard.job, models=()))
    with pytest.raises(ArgumentError, match="Expected `model` to be a name or a folder, which"):
        classify_shard(lost, no_report)
    assert not shard_path(shard.job.folder, shard.key).exists()
    known = open_model(model)
    remember_models(shard.job.key, [Model(known.card, known.network)])
    assert classify_shard(lost, no_report) == 40


def test_a_model_that_was_changed_is_noticed(shard, model):
    card = (model / "model.json").read_text()
    (model / "model.json").write_text(card.replace('"threshold": 0.4', '"threshold": 0.5'))
    with pytest.raises(CorruptFileError, match="was changed while it was in use"):
        classify_shard(shard, no_report)


def test_a_disk_that_is_full_is_told(shard, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_shard", fail)
    with pytest.raises(OutputError, match="No space left on device. Free some space and run again"):
        classify_shard(shard, no_report)
    assert {path.name for path in Path(shard.job.folder).rglob("*") if path.is_file()} == set()
    shutil.rmtree(shard.job.folder)
