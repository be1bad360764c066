"""The image file is what numpy would write, hashed on the way."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from toomre.errors import ArgumentError, OutputError
from toomre.preparation.image_file import ImageFile


def test_same_bytes_as_numpy(tmp_path: Path, rng: np.random.Generator) -> None:
    images = rng.normal(size=(5, 2, 8, 9)).astype("f4")
    np.save(tmp_path / "expected.npy", images)
    with ImageFile(tmp_path / "images.npy", (5, 2, 8, 9)) as file:
        for number, image in enumerate(images):
            # big-endian and transposed in memory: the values count
            odd = np.asfortranarray(image.astype(">f4")) if number % 2 else image
            file.append(odd)
    content = (tmp_path / "images.npy").read_bytes()
    assert content == (tmp_path / "expected.npy").read_bytes()
    assert file.sha256 == hashlib.sha256(content).hexdigest()


def test_wrong_shape_and_number(tmp_path: Path) -> None:
    with (
        pytest.raises(ArgumentError, match="pixels"),
        ImageFile(tmp_path / "a.npy", (1, 1, 8, 8)) as file,
    ):
        file.append(np.zeros((2, 8, 8), np.float32))
    with pytest.raises(ArgumentError, match="images"), ImageFile(tmp_path / "b.npy", (1, 1, 8, 8)):
        pass
    with ImageFile(tmp_path / "c.npy", (1, 1, 8, 8)) as file:
        file.append(None)
        with pytest.raises(ArgumentError, match="pixels"):
            file.append(None)


def test_e79_too_little_space_is_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OutputError, match=r"need 1\.2e-06 GB.*1e-06 GB free"):
        ImageFile(tmp_path / "a.npy", (3, 1, 10, 10))
    assert not (tmp_path / "a.npy").exists()
