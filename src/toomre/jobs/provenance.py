"""What a result needs so that it can be made again: versions, hashes, command and time."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import toomre

__all__ = ["command_line", "environment", "now"]

_LIBRARIES = ("numpy", "scipy", "pandas", "astropy", "pillow", "scikit-learn", "torch")


def now() -> str:
    """Return the UTC time to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def command_line() -> str:
    """Return the command that runs, as one would type it."""
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 - only a name is wanted
    return shlex.join([name, *sys.argv[1:]])


def environment() -> dict[str, Any]:
    """Return versions of Python and of the libraries, the platform, command and time."""
    libraries = {}
    for library in _LIBRARIES:
        try:
            libraries[library] = version(library)
        except PackageNotFoundError:  # pragma: no cover - all are required
            continue
    return {
        "toomre": toomre.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": libraries,
        "command": command_line(),
        "created": now(),
    }
