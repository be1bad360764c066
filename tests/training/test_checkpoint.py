from __future__ import annotations

import pickle
import time

import numpy as np
import pytest
import torch

from toomre.errors import CorruptFileError, MissingFileError
from toomre.training.checkpoint import Checkpoint, CheckpointFolder, read_weights, write_weights


def checkpoint(step: int) -> Checkpoint:
    model = torch.nn.Linear(6, 4)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 6)).sum().backward()
    optimizer.step()
    return Checkpoint(step, model.state_dict(), optimizer.state_dict(), {"epoch": step})


def test_round_trip_and_only_two_are_kept(tmp_path):
    folder = CheckpointFolder(tmp_path)
    assert folder.load() is None
    written = [checkpoint(step) for step in (1, 2, 10)]
    for one in written:
        folder.save(one)
    found = folder.load()
    assert found.step == 10
    assert found.progress == {"epoch": 10}
    for name, tensor in written[-1].weights.items():
        assert torch.equal(found.weights[name], tensor)
    moments = found.optimizer["state"][0]["exp_avg"]
    assert torch.equal(moments, written[-1].optimizer["state"][0]["exp_avg"])
    assert len(list(tmp_path.iterdir())) == 6
    folder.clear()
    assert not list(tmp_path.iterdir())


def test_damage_is_found_and_the_previous_good_one_is_named(tmp_path):
    """1,000 single flipped bits and 100 truncations: all 1,100 refused."""
    folder = CheckpointFolder(tmp_path)
    folder.save(checkpoint(1))
    folder.save(checkpoint(2))
    rng = np.random.default_rng(4)
    files = [tmp_path / f"step-000000002.{ending}" for ending in ("safetensors", "pt")]
    refused = 0
    for k in range(1100):
        path = files[k % 2]
        whole = path.read_bytes()
        if k < 1000:
            damaged = bytearray(whole)
            damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        else:
            damaged = whole[: rng.integers(len(whole))]
        path.write_bytes(bytes(damaged))
        with pytest.raises(CorruptFileError, match="step-000000001.json"):
            folder.load()
        refused += 1
        path.write_bytes(whole)
    assert refused == 1100
    assert folder.load().step == 2


def test_no_good_checkpoint_says_start_again(tmp_path):
    folder = CheckpointFolder(tmp_path)
    folder.save(checkpoint(1))
    (tmp_path / "step-000000001.pt").unlink()
    with pytest.raises(CorruptFileError, match="start the training again"):
        folder.load()


class Canary:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_pickle_in_place_of_the_optimiser_runs_no_code(tmp_path):
    from toomre.storage import read_json, sha256_file, write_json

    folder = CheckpointFolder(tmp_path)
    folder.save(checkpoint(1))
    canary = tmp_path / "canary"
    state = tmp_path / "step-000000001.pt"
    with state.open("wb") as file:
        pickle.dump(Canary(canary), file, protocol=2)
    manifest = read_json(tmp_path / "step-000000001.json")
    manifest["sha256"][state.name] = sha256_file(state)
    write_json(tmp_path / "step-000000001.json", manifest)
    with pytest.raises(CorruptFileError):
        folder.load()
    assert not canary.exists()


def test_weights_of_another_hash_or_no_safetensors_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    digest = write_weights(path, {"a": torch.arange(3)})
    assert torch.equal(read_weights(path, digest)["a"], torch.arange(3))
    with pytest.raises(CorruptFileError, match="is recorded"):
        read_weights(path, "0" * 64)
    with pytest.raises(MissingFileError, match="no weights"):
        read_weights(tmp_path / "none", digest)
    from toomre.storage import sha256_file

    hostile = tmp_path / "terabyte.safetensors"
    hostile.write_bytes((1 << 40).to_bytes(8, "little") + b"{}")
    start = time.process_time()
    with pytest.raises(CorruptFileError, match="not a safetensors file"):
        read_weights(hostile, sha256_file(hostile))
    assert time.process_time() - start < 1
