"""The drawn inputs are such that a model can use each of them."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.inference.store import open_model
from toomre.jobs.bench_inputs import draw_samples

KINDS = {"packed .npy": 16, "FITS, a file a band": 2, "JPEG": 4, "stamps from mosaics": 4}


@pytest.mark.parametrize("encoding", ["linear", "display"])
def test_all_are_read_and_fit(make_model, tmp_path, encoding):
    card = open_model(make_model(encoding=encoding)).card
    (tmp_path / "in").mkdir()
    samples = draw_samples(card, tmp_path / "in", 16)
    assert {kind: sample.count for kind, sample in samples.items()} == KINDS
    for kind, sample in samples.items():
        readings = sample.read()
        assert len(readings) == sample.count
        for reading in readings:
            assert reading.cutout.pixels is not None, (kind, reading.cutout.reason)
            assert reading.cutout.pixels.shape == (3, 32, 32)
            assert np.isfinite(reading.cutout.pixels).all()


def test_two_bands_are_no_picture(make_model, tmp_path):
    card = open_model(make_model(bands=("g", "r"))).card
    assert "JPEG" not in draw_samples(card, tmp_path, 8)
