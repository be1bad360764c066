"""Dask with two workers, of which one is killed: finished, and the same bytes."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from toomre.engines.dask import DaskEngine
from toomre.inference.manifest import sidecar_of
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.storage import read_json


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own, of sockets that a kill leaves open
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_worker_that_is_killed_changes_nothing(galaxies, rng, make_model, tmp_path):
    pytest.importorskip("distributed")
    psutil = pytest.importorskip("psutil")
    np.save(tmp_path / "stack.npy", galaxies(2100, 17, rng))
    model = make_model(grid={"size": 17, "crop": 17, "native_pixel_scale": 0.4})
    stated = {"bands": ("g", "r", "i"), "pixel_scale": 0.4, "device": "cpu", "chunk_size": 64}
    whole = classify(
        tmp_path / "stack.npy", model, tmp_path / "1.parquet", options=ClassifyOptions(**stated)
    )
    killed = []

    def progress(done: int, total: int) -> None:
        if not killed and 0 < done < total:
            workers = [
                child
                for child in psutil.Process().children(recursive=True)
                if "spawn_main" in " ".join(child.cmdline())
            ]
            assert len(workers) == 2
            workers[0].send_signal(signal.SIGKILL)
            killed.append(workers[0])

    engine = DaskEngine(2)
    out = tmp_path / "2.parquet"
    options = ClassifyOptions(**stated, engine=engine)
    found = classify(tmp_path / "stack.npy", model, out, options=options, progress=progress)
    assert killed
    assert len(found) == 2100
    assert out.read_bytes() == whole.path.read_bytes()
    manifest = read_json(sidecar_of(out))["manifest"]
    assert (manifest["engine"], manifest["workers"]) == ("dask", 2)
