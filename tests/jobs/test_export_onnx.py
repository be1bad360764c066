"""A reader who has numpy, ONNX Runtime and the two files gets the scores of toomre."""

from __future__ import annotations

import json

import numpy as np
import pytest

from toomre.build import build_network
from toomre.errors import ArgumentError, CorruptFileError, MissingFileError, OutputExistsError
from toomre.inference.onnx_card import read_onnx_card
from toomre.inference.predictor import Predictor
from toomre.inference.store import Model, open_model
from toomre.jobs import export_onnx as job
from toomre.jobs.export_onnx import export_onnx

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def answers(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    views = [np.rot90(v, k, (2, 3)) for v in (images, images[..., ::-1]) for k in range(4)]
    found = [session.run(None, {"images": np.ascontiguousarray(view)})[0] for view in views]
    return np.stack(found, axis=1)


@pytest.mark.parametrize("changes", [{}, {"stretch": "asinh"}, {"encoding": "display"}])
def test_numpy_and_the_card_give_the_scores(make_model, galaxies, rng, tmp_path, changes):
    model = open_model(make_model(**changes))
    out = tmp_path / "new" / "tiny.onnx"
    written = export_onnx(model, out)
    assert written.largest_difference < 1e-5
    assert sorted(path.name for path in out.parent.iterdir()) == ["tiny.onnx", "tiny.onnx.json"]
    images = galaxies(7, 32, rng)
    if changes.get("encoding") == "display":
        images = np.clip(20 + 3 * images, 0, 255)
    card = json.loads((tmp_path / "new" / "tiny.onnx.json").read_text())
    calibration = card["card"]["calibration"]
    logits = (answers(out, images) + calibration["bias"]) / calibration["temperature"]
    p = (1 / (1 + np.exp(-logits))).mean(axis=1)
    expected = Predictor(model).scores(images).p
    np.testing.assert_allclose(p, expected, atol=1e-5)
    assert np.ptp(expected) > 0.1  # else the test could not fail
    assert card["inputs"] == {"images": ["n", 3, 32, 32]}
    loaded = onnx.load(out)
    assert [each.version for each in loaded.opset_import] == [card["opset"]]
    assert not [node for node in loaded.graph.node if node.op_type == "BatchNormalization"]


def test_votes_come_as_they_are(make_model, rng, tmp_path):
    card = open_model(make_model()).card
    plan = card.architecture.model_copy(update={"head": "votes"})
    network = build_network(plan, bands=3, size=32).eval()
    model = Model(card.model_copy(update={"architecture": plan}), network)
    assert export_onnx(model, tmp_path / "votes.onnx").output == "votes"
    images = rng.normal(size=(3, 3, 32, 32)).astype(np.float32)
    found = answers(tmp_path / "votes.onnx", images).mean(axis=1)
    np.testing.assert_allclose(found, Predictor(model).votes(images), atol=1e-5)


def test_another_answer_is_not_kept(make_model, tmp_path, monkeypatch):
    real = job.FromPixels

    def shifted(model):
        module = real(model)
        module.mean += 0.1
        return module

    monkeypatch.setattr(job, "FromPixels", shifted)
    with pytest.raises(ArgumentError, match=r"an answer differs from torch's by .* Use torch\."):
        export_onnx(make_model(), tmp_path / "a.onnx")
    assert not list(tmp_path.glob("*.onnx*"))


def test_what_is_there_stays_and_damage_is_seen(make_model, tmp_path):
    folder = make_model()
    with pytest.raises(ArgumentError, match=r"`out` to be a file that ends in .onnx, but got 'a'"):
        export_onnx(folder, tmp_path / "a")
    path = tmp_path / "a.onnx"
    export_onnx(folder, path)
    with pytest.raises(OutputExistsError, match="or its card is there already"):
        export_onnx(folder, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CorruptFileError, match="the file is damaged or was changed"):
        read_onnx_card(path)
    (tmp_path / "a.onnx.json").write_text("{}")
    with pytest.raises(CorruptFileError, match="is not a valid card of an ONNX file"):
        read_onnx_card(path)
    (tmp_path / "a.onnx.json").unlink()
    with pytest.raises(MissingFileError):
        read_onnx_card(path)
