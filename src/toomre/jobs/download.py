"""Download one large file over HTTP: resumed where it broke, retried, limited in size."""

from __future__ import annotations

import errno
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import requests

import toomre
from toomre.errors import CorruptFileError, OutputError
from toomre.jobs.answers import AgainError, DownloadError, check_answer, extent, patient, version_of
from toomre.storage import read_json, sha256_file, write_json

__all__ = ["DownloadLimits", "Downloader", "Progress"]

#: Called with the bytes that are there and those of the whole file, None if not known.
Progress = Callable[[int, int | None], None]

_BLOCK = 1 << 16


@dataclass(frozen=True)
class DownloadLimits:
    """How long to try, and how much to take.

    Attributes
    ----------
    attempts
        How often in a row it may fail without one new byte.
    timeout
        Longest silence of the server [s].
    first_pause, longest_pause
        Pause after the first failure, doubled after each other, and its limit [s].
    max_bytes
        Largest file.
    """

    attempts: int = 6
    timeout: float = 30.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    max_bytes: int = 20 * 10**9


class Downloader:
    """Download a URL into a file; the interface is that of a downloader of pooch.

    What has arrived stays in ``.NAME.partial`` beside the file, with a note of the version of
    the remote file, and the next call goes on there, in this process or another. A server that
    cannot resume, or has another version by then, sends the whole file again.

    Parameters
    ----------
    partial
        Where to keep what has arrived.
    sha256
        Leading digits of the SHA-256 that the file must have; may be empty.
    limits
        How long to try, and how much to take.
    progress
        Called as the file grows.

    Attributes
    ----------
    sha256
        SHA-256 of the file, once it is there.
    """

    def __init__(
        self,
        partial: Path,
        sha256: str = "",
        limits: DownloadLimits | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.sha256 = ""
        self._wanted = sha256.lower()
        self._partial = partial
        self._note = partial.with_name(f"{partial.name}.json")
        self._limits = limits or DownloadLimits()
        self._progress = progress

    def __call__(self, url: str, output_file: Path | str, pooch: Any = None) -> None:
        """Download, check, and move the file to its place.

        Raises
        ------
        DownloadError
            If the file is not there, too large, or the server or the network keeps failing.
        CorruptFileError
            If its SHA-256 is another; what was downloaded is removed.
        OutputError
            If the disk is full, or the file cannot be written.
        """
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        failures = 0
        while True:
            before = self._size()
            try:
                self._attempt(url)
                break
            except AgainError as error:
                failures = 1 if self._size() > before else failures + 1
                if failures >= self._limits.attempts:
                    raise DownloadError(_gave_up(url, failures, error)) from error
                time.sleep(self._pause(failures, error))
        self.sha256 = sha256_file(self._partial)
        if not self.sha256.startswith(self._wanted):
            self._forget()
            raise CorruptFileError(_wrong_hash(url, self._wanted, self.sha256))
        self._partial.replace(output_file)
        self._forget()

    def _pause(self, failures: int, error: AgainError) -> float:
        """Return the pause before the next attempt [s]: doubled, spread, or as the server asks."""
        spread = random.uniform(0.75, 1.25)  # nosec B311
        doubled: float = self._limits.first_pause * 2 ** (failures - 1) * spread
        return min(max(doubled, error.pause), self._limits.longest_pause)

    def _attempt(self, url: str) -> None:
        """Ask for what is missing and append it."""
        have, version = self._begun(url)
        headers = {"Accept-Encoding": "identity", "User-Agent": f"toomre/{toomre.__version__}"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": version}
        with patient("there is no connection"):
            # The connection and each read have to answer within the timeout.
            response = requests.get(url, headers=headers, stream=True, timeout=self._limits.timeout)
        with response:
            check_answer(url, response)
            start, total = extent(response)
            if response.status_code == 416 and total == have > 0:
                return  # all of this version had arrived
            if response.status_code == 416 or start not in (0, have):
                self._forget()
                raise AgainError("the server cannot go on where the last attempt ended")
            self._check_size(url, start, total)
            write_json(self._note, {"url": url, "version": version_of(response)})
            self._receive(response, start, total)
        if total is not None and self._size() != total:
            raise AgainError(f"the answer ended after {self._size()} of {total} bytes")

    def _begun(self, url: str) -> tuple[int, str]:
        """Return how many bytes of which version are there; none without a version to ask for."""
        if not self._partial.is_file() or not self._note.is_file():
            return 0, ""
        note = read_json(self._note)
        version = note.get("version", "") if note.get("url") == url else ""
        return (self._size(), version) if version else (0, "")

    def _receive(self, response: requests.Response, start: int, total: int | None) -> None:
        with _writing(self._partial):
            file = self._partial.open("r+b" if start else "wb")
        with file:
            file.seek(start)
            done = start
            for block in _blocks(response):
                done += len(block)
                if done > self._limits.max_bytes:
                    self._too_large(response.url)
                with _writing(self._partial):
                    file.write(block)
                if self._progress is not None:
                    self._progress(done, total)
            with _writing(self._partial):
                _sync(file)

    def _check_size(self, url: str, start: int, total: int | None) -> None:
        if total is None:
            return
        if total > self._limits.max_bytes:
            self._too_large(url)
        free = shutil.disk_usage(self._partial.parent).free
        if total - start > free:
            raise OutputError(
                f"{_name(url)} needs {(total - start) / 1e9:.3g} GB more, but "
                f"{self._partial.parent} has only {free / 1e9:.3g} GB free. Free some space or "
                "choose another folder (--to); what has arrived is kept."
            )

    def _too_large(self, url: str) -> None:
        self._forget()
        raise DownloadError(
            f"{url} is larger than {self._limits.max_bytes / 1e9:.3g} GB and cannot be the "
            "published file."
        )

    def _size(self) -> int:
        return self._partial.stat().st_size if self._partial.is_file() else 0

    def _forget(self) -> None:
        self._partial.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def _wrong_hash(url: str, wanted: str, found: str) -> str:
    """Return the sentence about a file whose SHA-256 is another."""
    return (
        f"{url} has SHA-256 {found}, but {wanted} is expected: it was damaged on the way, or "
        "replaced by its publisher. It was not kept. Fetch it again; if the same comes, do not "
        "trust it before you know why it changed."
    )


def _blocks(response: requests.Response) -> Iterator[bytes]:
    with patient("the connection broke or fell silent"):
        yield from response.iter_content(_BLOCK)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say what to do if the disk is full."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else error.strerror or str(error)
        raise OutputError(
            f"{path.parent} cannot be written: {reason}. Free some space or choose another "
            "folder (--to); what has arrived is kept, and the next run goes on there."
        ) from error


def _gave_up(url: str, failures: int, error: AgainError) -> str:
    return (
        f"{url} cannot be downloaded: {error}, {failures} times in a row. Is there a network? "
        "What has arrived is kept, and the next run goes on there."
    )


def _name(url: str) -> str:
    return urlsplit(url).path.rsplit("/", 1)[-1]


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
