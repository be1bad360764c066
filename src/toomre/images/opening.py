"""Read a regular file's bytes, and nothing else: no pipe, device, socket or folder."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError

__all__ = ["check_regular", "read_bytes", "shown_name"]

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def shown_name(path: Path) -> str:
    r"""Return a file's name in quotes and plain ASCII, whatever bytes it holds.

    Examples
    --------
    >>> print(shown_name(Path("folder/a\nb.fits")))
    'a\nb.fits'
    """
    return ascii(path.name)


def check_regular(path: Path) -> int:
    """Return the size of a regular file [bytes], or say why it cannot be opened.

    Raises
    ------
    BadInputError
        `Flag.MISSING_FILE` if it is not there, `Flag.UNREADABLE` if it is no regular file.

    Examples
    --------
    >>> check_regular(Path("."))
    Traceback (most recent call last):
    toomre.images.read_limits.BadInputError: '' is a folder, not a regular file
    """
    name = shown_name(path)
    try:
        status = os.stat(path)  # noqa: PTH116 - says what it is without opening it
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInputError(Flag.MISSING_FILE, f"{name} is not there") from error
    except OSError as error:
        loop = error.errno == errno.ELOOP
        reason = "is a loop of symbolic links" if loop else f"cannot be opened: {error.strerror}"
        raise BadInputError(Flag.UNREADABLE, f"{name} {reason}") from error
    except ValueError as error:  # a NUL in the name
        raise BadInputError(Flag.MISSING_FILE, f"{name} is no possible file name") from error
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise BadInputError(Flag.UNREADABLE, f"{name} is {kind}, not a regular file")
    return status.st_size


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Return the whole content of a regular file of at most `max_bytes` bytes.

    The content is a snapshot: a file that is cut or replaced later cannot harm the decoder.

    Raises
    ------
    BadInputError
        `Flag.MISSING_FILE`, `Flag.UNREADABLE`, or `Flag.SIZE` for a file that is too large.
    """
    size = check_regular(path)
    if size == 0:
        raise BadInputError(Flag.UNREADABLE, f"{shown_name(path)} is empty (0 bytes)")
    too_large = f"{shown_name(path)} is larger than {max_bytes} bytes"
    if size > max_bytes:
        raise BadInputError(Flag.SIZE, too_large)
    try:
        # Without waiting, in case the file became a pipe since it was looked at.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadInputError(Flag.UNREADABLE, f"{shown_name(path)} is no regular file")
            content = file.read(size + 1)
    except OSError as error:
        note = f"{shown_name(path)} cannot be read: {error.strerror}"
        raise BadInputError(Flag.UNREADABLE, note) from error
    return content[:size]
