"""Finding models, and refusing hostile and damaged ones before anything of them runs."""

from __future__ import annotations

import json
import os
import pickle
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.inference.store import open_model, shipped_models
from toomre.storage import sha256_bytes

LIMIT = 1.0  # second


class Canary:
    """Whoever unpickles this writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture
def canary(tmp_path):
    path = tmp_path / "canary"
    pickle.loads(pickle.dumps(Canary(path)))
    assert path.exists(), "the canary must be able to sing"
    path.unlink()
    yield Canary(path)
    assert not path.exists()


def refused(folder: Path, match: str) -> None:
    start = time.process_time()
    with pytest.raises(CorruptFileError, match=match):
        open_model(folder)
    assert time.process_time() - start < LIMIT


def replace_weights(folder: Path, content: bytes, *, signed: bool) -> None:
    """Replace the weights; `signed` also writes their hash into the card, as a villain would."""
    (folder / "model.safetensors").write_bytes(content)
    if signed:
        change_card(folder, weights_sha256=sha256_bytes(content))


def change_card(folder: Path, **changes: object) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_folder_is_opened_in_evaluation_mode(make_model):
    model = open_model(make_model())
    assert model.card.name == "tiny"
    assert not model.network.training


def test_shipped_models_open_and_bear_their_folders_name():
    for name in shipped_models():
        assert open_model(name).card.name == name


def test_what_a_card_says_of_its_galaxies_is_what_it_counts():
    card = open_model("gz2-transfer").card
    (said,) = [text for text in card.known_failures if "trained on" in text]
    assert f"trained on {card.training.images} bright galaxies" in said


def test_unknown_names_are_refused_with_the_list():
    with pytest.raises(
        ArgumentError, match=r"Expected `model \(a name or a folder\)` to be one of"
    ):
        open_model("no-such-model")


def test_an_unfinished_run_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="has no model.json: it is no model"):
        open_model(tmp_path)


def test_missing_weights_are_refused(make_model):
    folder = make_model()
    (folder / "model.safetensors").unlink()
    with pytest.raises(MissingFileError, match="There are no weights at"):
        open_model(folder)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("kind", ["pkl", "pt", "jit"])
def test_d67_pickles_under_the_name_of_weights_are_refused(
    make_model, canary, tmp_path, kind, signed
):
    folder = make_model()
    path = tmp_path / f"evil.{kind}"
    if kind == "pkl":
        path.write_bytes(pickle.dumps(canary))
    elif kind == "pt":
        torch.save({"weight": canary}, path)
    else:
        torch.save({"weight": canary}, path, _use_new_zipfile_serialization=False)
    replace_weights(folder, path.read_bytes(), signed=signed)
    refused(folder, "is not a safetensors file" if signed else "weights are damaged")


def test_d67_a_card_that_is_a_pickle_is_refused(make_model, canary):
    folder = make_model()
    (folder / "model.json").write_bytes(pickle.dumps(canary))
    refused(folder, "is not readable JSON")


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"{}", b'{"format": 1e999}', b"[" * 100_000, b"\xff\xfe"]
)
def test_d67_a_card_that_is_none_is_refused(make_model, content):
    folder = make_model()
    (folder / "model.json").write_bytes(content)
    refused(folder, "is not readable JSON|is not a valid model card")


@pytest.mark.parametrize("signed", [False, True])
def test_d68_half_a_file_is_refused(make_model, signed):
    folder = make_model()
    content = (folder / "model.safetensors").read_bytes()
    replace_weights(folder, content[: len(content) // 2], signed=signed)
    refused(folder, "is not a safetensors file" if signed else "weights are damaged")


def test_d68_every_flipped_bit_is_refused(make_model, rng):
    folder = make_model()
    good = (folder / "model.safetensors").read_bytes()
    for place in rng.integers(0, len(good), 50).tolist():
        content = bytearray(good)
        content[place] ^= 1 << int(rng.integers(8))
        replace_weights(folder, bytes(content), signed=False)
        refused(folder, "has SHA-256 .* is recorded: the weights are damaged")
    replace_weights(folder, good, signed=False)
    open_model(folder)


@pytest.mark.parametrize("length", [1 << 40, (1 << 64) - 1, 10, 0])
def test_d68_a_header_of_a_terabyte_is_refused(make_model, length):
    folder = make_model()
    content = (folder / "model.safetensors").read_bytes()
    replace_weights(folder, length.to_bytes(8, "little") + content[8:], signed=True)
    refused(folder, "is not a safetensors file")


def test_d69_another_architecture_is_refused(make_model):
    folder = make_model()
    change_card(folder, architecture={"backbone": "vgg_small", "head": "linear"})
    refused(folder, "do not fit their card: .* is missing; .* is missing; .* is missing and more")


def test_d69_an_architecture_that_nobody_knows_is_refused(make_model):
    folder = make_model()
    change_card(folder, architecture={"backbone": "os.system", "head": "linear"})
    with pytest.raises(ArgumentError, match=r"Expected `backbone.name` to be one of"):
        open_model(folder)


def test_d69_another_number_of_bands_is_refused(make_model):
    folder = make_model()
    card = json.loads((folder / "model.json").read_text())["input"]
    two = {key: card[key][:2] for key in ("bands", "mean", "std")}
    change_card(folder, input={**card, **two})
    refused(folder, r"layers.0.weight has shape \(8, 3, 5, 5\) instead of \(8, 2, 5, 5\)")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_d69_weights_that_are_no_numbers_are_refused(make_model, value):
    folder = make_model()
    weights = load_file(folder / "model.safetensors")
    weights["head.layers.0.weight"][0, 0] = value
    replace_weights(folder, save(weights), signed=True)
    refused(folder, "head.layers.0.weight holds values that are not finite")


def test_d69_the_first_three_differing_keys_are_named(make_model):
    folder = make_model()
    weights = load_file(folder / "model.safetensors")
    extra = {f"extra.{i}": torch.zeros(1) for i in range(5)}
    replace_weights(folder, save({**weights, **extra}), signed=True)
    refused(
        folder,
        "extra.0 is not expected; extra.1 is not expected; extra.2 is not expected and more",
    )


def test_d69_a_network_of_unlikely_size_is_refused(make_model):
    folder = make_model()
    card = json.loads((folder / "model.json").read_text())["input"]
    change_card(folder, input={**card, "grid": {"size": 64}})
    refused(folder, "head.layers.0.weight has shape")
