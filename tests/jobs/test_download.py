"""`Downloader` against a server on this machine that breaks off, stalls, refuses and lies."""

from __future__ import annotations

import errno
import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from toomre.errors import CorruptFileError, OutputError
from toomre.jobs import download
from toomre.jobs.answers import DownloadError
from toomre.jobs.download import Downloader, DownloadLimits

CONTENT = bytes(range(256)) * 4000  # 1 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = DownloadLimits(attempts=3, timeout=5, first_pause=0.001, longest_pause=0.002)


def _blocks(size: int) -> int:
    """How many bytes of an answer that breaks after some are kept: whole blocks of 64 KiB."""
    return size // 65536 * 65536


@dataclass
class Server:
    """What the server does with each request in turn, and what it was asked."""

    content: bytes = CONTENT
    faults: list[str | int] = field(default_factory=list)
    tag: str = '"one"'
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range", "")
        self.asked.append(asked)
        fault = self.faults.pop(0) if self.faults else ""
        if isinstance(fault, int):
            handler.send_response(fault)
            handler.send_header("Retry-After", "0")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if not self.ranges or handler.headers.get("If-Range", self.tag) != self.tag:
            start = 0
        size = len(self.content)
        if asked and start == size > 0:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{size}")
            handler.end_headers()
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if self.tag:
            handler.send_header("ETag", self.tag)
        if fault != "no length":
            handler.send_header("Content-Length", str(size - start))
        handler.end_headers()
        body = self.content[start:]
        if fault in ("cut", "stall"):
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            if fault == "stall":
                time.sleep(1.5)
            return
        handler.wfile.write(body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on a free port of this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                state.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                return

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}/data/a.npy"
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def get(server: Server, tmp_path: Path) -> Callable[..., Path]:
    """Download the server's file as a.npy."""

    def run(sha256: str = "", limits: DownloadLimits = QUICK, **options: object) -> Path:
        loader = Downloader(tmp_path / ".a.npy.partial", sha256, limits, **options)
        loader(server.url, tmp_path / "a.npy")
        assert loader.sha256 == hashlib.sha256((tmp_path / "a.npy").read_bytes()).hexdigest()
        return tmp_path / "a.npy"

    return run


def test_whole_file_with_progress(get, server, tmp_path):
    told = []
    path = get(SHA256[:8], progress=lambda done, total: told.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]
    assert server.asked == [""]


def test_a_broken_answer_is_resumed_where_it_ended(get, server):
    server.faults = ["cut", "cut"]
    assert get(SHA256).read_bytes() == CONTENT
    first = _blocks(len(CONTENT) // 2)
    second = first + _blocks((len(CONTENT) - first) // 2)
    assert server.asked == ["", f"bytes={first}-", f"bytes={second}-"]


def test_another_process_goes_on(get, server, tmp_path):
    server.faults = ["cut", 500, 500]
    with pytest.raises(DownloadError, match=r"server answers 500, 3 times in a row.*goes on"):
        get()
    half = _blocks(len(CONTENT) // 2)
    assert (tmp_path / ".a.npy.partial").stat().st_size == half
    assert not (tmp_path / "a.npy").exists()
    server.asked.clear()
    assert get(SHA256).read_bytes() == CONTENT
    assert server.asked == [f"bytes={half}-"]


def test_a_complete_partial_file_is_used(get, server, tmp_path, monkeypatch):
    def die(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download, "sha256_file", die)
        with pytest.raises(KeyboardInterrupt):
            get()
    assert get(SHA256).read_bytes() == CONTENT
    assert server.asked == ["", f"bytes={len(CONTENT)}-"]


@pytest.mark.parametrize("change", ["content", "no range", "no tag", "other url"])
def test_old_bytes_are_never_mixed_with_new_ones(get, server, tmp_path, change):
    server.faults = ["cut", 404]
    with pytest.raises(DownloadError):
        get()
    if change == "content":
        server.content, server.tag = CONTENT[::-1], '"two"'
    elif change == "no range":
        server.ranges = False
    elif change == "no tag":
        (tmp_path / ".a.npy.partial.json").unlink()
    else:
        server.url = server.url.replace("/data/", "/other/")
    assert get().read_bytes() == server.content


def test_busy_twice_then_fine(get, server):
    server.faults = [503, 429]
    assert get(SHA256).read_bytes() == CONTENT
    assert len(server.asked) == 3


def test_pauses_double_and_obey_the_server(server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(download.time, "sleep", pauses.append)
    server.faults = [503] * 5
    limits = DownloadLimits(attempts=6, first_pause=1, longest_pause=6)
    Downloader(tmp_path / "p", "", limits)(server.url, tmp_path / "a")
    expected = [1, 2, 4, 6, 6]
    for pause, middle in zip(pauses, expected, strict=True):
        assert 0.75 * middle <= pause <= min(1.25 * middle, 6)


def test_a_silent_server_is_asked_again(get, server):
    server.faults = ["stall"]
    limits = DownloadLimits(attempts=2, timeout=0.3, first_pause=0.001)
    assert get(SHA256, limits).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_wrong_hash_names_both_and_keeps_nothing(get, server, tmp_path):
    server.content = CONTENT[::-1]
    found = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(CorruptFileError, match=f"SHA-256 {found}, but {SHA256} is expected"):
        get(SHA256)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [(404, r"is not there \(the server answers 404\)"), (403, "cannot be had.*answers 403")],
)
def test_refusals_are_not_tried_again(get, server, code, text):
    server.faults = [code]
    with pytest.raises(DownloadError, match=text):
        get()
    assert len(server.asked) == 1


def test_no_network(tmp_path):
    loader = Downloader(tmp_path / "p", "", QUICK)
    with pytest.raises(DownloadError, match=r"no connection.*3 times in a row. Is there a network"):
        loader("http://127.0.0.1:9/a.npy", tmp_path / "a")


@pytest.mark.parametrize("fault", ["", "no length"])
def test_too_large(get, server, tmp_path, fault):
    server.faults = [fault]
    limits = DownloadLimits(attempts=1, max_bytes=len(CONTENT) - 1)
    with pytest.raises(DownloadError, match="larger than 0.00102 GB"):
        get("", limits)
    assert not (tmp_path / ".a.npy.partial").exists()


def test_no_room(get, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(OutputError, match="needs 0.00102 GB more, but .* has only 1e-06 GB free"):
        get()


def test_a_disk_that_fills_up(get, server, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(download.os, "fsync", full)
        patch.setattr(download, "write_json", lambda *_: None)
        with pytest.raises(OutputError, match="the disk is full. Free some space"):
            get()
    assert get(SHA256).read_bytes() == CONTENT


def test_an_encrypted_address_must_stay_so(monkeypatch, tmp_path):
    class Answer(SimpleNamespace):
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    given = Answer(url="http://elsewhere/a", status_code=200, headers={})
    monkeypatch.setattr(download.requests, "get", lambda *_, **__: given)
    with pytest.raises(DownloadError, match="leads to http://elsewhere/a, which is not encrypted"):
        Downloader(tmp_path / "p", "", QUICK)("https://here/a", tmp_path / "a")


def test_a_weak_tag_names_no_version(get, server, tmp_path):
    server.tag = 'W/"one"'
    server.faults = ["cut", 404]
    with pytest.raises(DownloadError):
        get()
    assert get(SHA256).read_bytes() == CONTENT
    assert server.asked == ["", "", ""]  # never a range: the versions could differ
