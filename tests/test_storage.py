from __future__ import annotations

import hashlib

import pytest

from toomre.errors import CorruptFileError, MissingFileError
from toomre.storage import atomic_path, cache_folder, read_json, sha256_file, write_json


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="half way"), atomic_path(path) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("half way")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_sha256_is_that_of_hashlib(tmp_path):
    content = bytes(range(256)) * 9000
    (tmp_path / "b").write_bytes(content)
    assert sha256_file(tmp_path / "b") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_damaged_json(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(CorruptFileError, match="not readable JSON"):
        read_json(tmp_path / "x.json")


def test_missing_json(tmp_path):
    with pytest.raises(MissingFileError, match="x.json"):
        read_json(tmp_path / "x.json")


def test_nan_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", float("nan"))
    assert not list(tmp_path.iterdir())


def test_cache_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("TOOMRE_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "toomre"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "toomre"
    monkeypatch.setenv("TOOMRE_CACHE", "~/own")
    assert cache_folder() == tmp_path / "own"
