"""What a result needs so that it can be made again: versions, hashes, command and time."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import toomre
from toomre.errors import OutputExistsError
from toomre.mosaics.opening import SkippedMosaic
from toomre.preparation.inputs import escape_name
from toomre.storage import read_json

__all__ = ["check_identity", "command_line", "environment", "now", "recorded_mosaics"]

_LIBRARIES = ("numpy", "scipy", "pandas", "astropy", "pillow", "torch")


def now() -> str:
    """Return the UTC time to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def command_line() -> str:
    """Return the command that runs, as one would type it."""
    name = Path(sys.argv[0]).name
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


def recorded_mosaics(skipped: Iterable[SkippedMosaic]) -> list[dict[str, str]]:
    """Return the mosaics that were passed over, as a record has them.

    Examples
    --------
    >>> recorded_mosaics([SkippedMosaic("g", "m/g1.fits", "wcs: none")])
    [{'band': 'g', 'file': 'm/g1.fits', 'why': 'wcs: none'}]
    """
    return [
        {name: escape_name(value) for name, value in each._asdict().items()} for each in skipped
    ]


def check_identity(path: Path, wanted: Mapping[str, object]) -> None:
    """Refuse to go on in a folder whose record in `path` differs from what is wanted.

    Such a folder holds its own ``recipe.toml``, which the message points to.

    Raises
    ------
    OutputExistsError
        Naming the first entry that differs.
    """
    found = read_json(path)
    for key, value in wanted.items():
        if found.get(key) != value:
            raise OutputExistsError(
                f"{path.parent} holds a result with another {key.removesuffix('_sha256')} "
                f"({str(found.get(key))[:12]} instead of {str(value)[:12]}). Give another "
                f"folder, or go on with what stands there ({path.parent / 'recipe.toml'})."
            )
