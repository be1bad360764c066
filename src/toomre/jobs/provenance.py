"""What a result needs so that it can be made again: versions, hashes, command and time."""

from __future__ import annotations

import platform
import shlex
import shutil
import subprocess  # nosec B404
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import toomre
from toomre.errors import OutputExistsError
from toomre.mosaics.opening import SkippedMosaic
from toomre.preparation.inputs import escape_name
from toomre.storage import read_json

__all__ = [
    "check_identity",
    "command_line",
    "commit",
    "differences",
    "environment",
    "now",
    "recorded_mosaics",
]

_LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "astropy", "pillow", "torch")


def now() -> str:
    """Return the UTC time to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def command_line() -> str:
    """Return the command that runs, as one would type it."""
    name = Path(sys.argv[0]).name
    return shlex.join([name, *sys.argv[1:]])


@cache
def commit(root: Path) -> str | None:
    """Return the commit of a checkout of this project; with changes it ends in ``-dirty``.

    Parameters
    ----------
    root
        The folder that would hold ``pyproject.toml`` and ``.git``, were it one. Anything else,
        such as an installation within another project's checkout, has none.

    Examples
    --------
    >>> commit(Path("nowhere")) is None
    True
    """
    git = shutil.which("git")
    if git is None or not ((root / ".git").exists() and (root / "pyproject.toml").is_file()):
        return None
    words = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(  # noqa: S603  # nosec B603
        [git, "-C", str(root), *words], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None


def environment(also: Iterable[str] = ()) -> dict[str, Any]:
    """Return versions of Python and of the libraries, the platform, command and time.

    Where the package runs from a checkout, the entry `commit` tells which.

    Parameters
    ----------
    also
        Optional packages that are in use; one that is not installed is left out.

    Examples
    --------
    >>> "no-such-package" in environment(["no-such-package"])["libraries"]
    False
    """
    libraries = {}
    for library in (*_LIBRARIES, *sorted(also)):
        with suppress(PackageNotFoundError):
            libraries[library] = version(library)
    found = commit(Path(toomre.__file__).resolve().parents[2])
    return {
        "toomre": toomre.__version__,
        **({} if found is None else {"commit": found}),
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


def differences(then: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    """Return which entries of a provenance have changed, in words; hashes are left out.

    Examples
    --------
    >>> differences({"toomre": "1", "libraries": {"numpy": "1"}}, {"toomre": "1"})
    ['libraries.numpy was 1, is None']
    """
    before, after = _flat(then), _flat(today)
    return [
        f"{name} was {before.get(name)}, is {after.get(name)}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name) and not name.endswith("_sha256")
    ]


def _flat(facts: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in facts.items():
        inner = _flat(value, f"{start}{name}.") if isinstance(value, Mapping) else None
        found |= {f"{start}{name}": value} if inner is None else inner
    return found


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
