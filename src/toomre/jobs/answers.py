"""What the answer of a web server means for a download: go on, try again, or give up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
from requests.exceptions import RequestException

from toomre.errors import ToomreError

__all__ = ["AgainError", "DownloadError", "check_answer", "extent", "patient", "version_of"]

# The server is busy or failed for the moment.
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


class DownloadError(ToomreError, OSError):
    """A file cannot be downloaded: no network, not there, or the server keeps failing."""


class AgainError(Exception):
    """An attempt failed, another may not."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


@contextmanager
def patient(reason: str) -> Iterator[None]:
    """Turn what may pass, as a lost connection, into a reason to try again."""
    try:
        yield
    except RequestException as error:
        raise AgainError(f"{reason} ({type(error).__name__})") from error


def check_answer(url: str, response: requests.Response) -> None:
    """Raise unless the answer holds the file, or part of it."""
    if urlsplit(url).scheme == "https" and urlsplit(response.url).scheme != "https":
        raise DownloadError(f"{url} leads to {response.url}, which is not encrypted.")
    code = response.status_code
    if code in (200, 206, 416):
        return
    if code in _AGAIN:
        asked = response.headers.get("Retry-After", "")
        raise AgainError(f"the server answers {code}", float(asked) if asked.isdigit() else 0.0)
    if code in (404, 410):
        raise DownloadError(
            f"{url} is not there (the server answers {code}). Its publisher may have moved it; "
            "look at the page of the data set, and put the file into the folder by hand."
        )
    raise DownloadError(f"{url} cannot be had: the server answers {code} {response.reason}.")


def extent(response: requests.Response) -> tuple[int, int | None]:
    """Return where the answer begins, and the size of the whole file if it says so."""
    if response.status_code in (206, 416):
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None:
            return -1, None
        return int(match[1] or -1), None if match[2] == "*" else int(match[2])
    length = response.headers.get("Content-Length", "")
    plain = response.headers.get("Content-Encoding", "identity") == "identity"
    return 0, int(length) if length.isdigit() and plain else None


def version_of(response: requests.Response) -> str:
    """Return what names this version of the file for ``If-Range``; weak tags do not count."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
