"""Files that are whole or absent: atomic writing, SHA-256 and canonical JSON."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toomre.errors import CorruptFileError, MissingFileError

__all__ = [
    "atomic_path",
    "cache_folder",
    "read_json",
    "sha256_bytes",
    "sha256_file",
    "write_json",
    "write_text",
]

_BLOCK = 1 << 20


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and rename it into place if the block succeeds.

    The file's content and its folder entry are on disk before the context ends, so after a
    crash at any moment a reader sees the old file or the new one, never a part of it.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays, for writers such as astropy tables choose the format by it.
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def cache_folder() -> Path:
    """Return the folder for what is downloaded once and kept; it need not be there yet.

    It is ``$TOOMRE_CACHE``, else ``$XDG_CACHE_HOME/toomre``, else ``~/.cache/toomre``. A
    relative path in ``XDG_CACHE_HOME`` does not count, as its specification says.

    Examples
    --------
    >>> cache_folder().name  # doctest: +SKIP
    'toomre'
    """
    if own := os.environ.get("TOOMRE_CACHE"):
        return Path(own).expanduser().absolute()
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "toomre"


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically, with the line ends as given."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically: sorted keys, two spaces, no NaN.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.json"
    >>> write_json(path, {"b": 1, "a": [1, 2]})
    >>> read_json(path)
    {'a': [1, 2], 'b': 1}
    """
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    MissingFileError
        If the file is not there.
    CorruptFileError
        If it is not JSON.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except FileNotFoundError as error:
        raise MissingFileError(f"Expected the file {path}, but it is not there.") from error
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(f"{path} is not readable JSON: {error}.") from error


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits, in bounded memory."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def sha256_bytes(content: bytes) -> str:
    """Return the SHA-256 of some bytes as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
