from __future__ import annotations

from pathlib import Path

import pytest

from toomre.errors import CorruptFileError
from toomre.inference.manifest import (
    MANIFEST,
    check_manifest,
    read_manifest,
    sidecar_of,
    work_folder,
)
from toomre.storage import sha256_bytes, write_json


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "o.fits"
    path.write_bytes(b"rows")
    return path


@pytest.mark.parametrize("content", [None, "no json", "[1]", "{}", '{"manifest": 3}'])
def test_without_a_manifest_nothing_is_known(catalogue, content):
    if content is not None:
        sidecar_of(catalogue).write_text(content)
    assert read_manifest(catalogue) is None
    check_manifest(catalogue)


def test_the_bytes_must_be_those_of_the_manifest(catalogue):
    write_json(sidecar_of(catalogue), {MANIFEST: {"sha256": sha256_bytes(b"rows")}})
    check_manifest(catalogue)
    catalogue.write_bytes(b"rowt")
    with pytest.raises(CorruptFileError, match=r"o\.fits\.json says .* damaged or changed"):
        check_manifest(catalogue)


def test_a_part_of_a_run_is_no_catalogue(tmp_path, monkeypatch):
    folder = work_folder(tmp_path / "o.fits")
    folder.mkdir()
    with pytest.raises(CorruptFileError, match="a part of a run that has not finished"):
        check_manifest(folder / "k.parquet")
    monkeypatch.chdir(folder)
    with pytest.raises(CorruptFileError, match="goes on with what is done"):
        check_manifest(Path("k.parquet"))
