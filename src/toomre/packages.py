"""Import what only some installations have, or say how to install it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from toomre.errors import MissingPackageError

__all__ = ["import_package"]

_TORCHVISION = (
    "The installed torchvision is built for another torch: install the build that belongs to yours "
    "(beside a CPU build of torch, torchvision's CPU build of the same release)"
)


def import_package(name: str, extra: str, use: str = "This", instead: str = "") -> Any:
    """Return the module of an optional package.

    Parameters
    ----------
    name
        Of the module.
    extra
        The extra of toomre that installs it.
    use
        What needs it: the subject of the message.
    instead
        What else one can do.

    Raises
    ------
    MissingPackageError
        If it is not installed, or does not import: the message says what to do.

    Examples
    --------
    >>> import_package("no_such_package", "hats", "Writing HATS", "write Parquet")
    Traceback (most recent call last):
    toomre.errors.MissingPackageError: Writing HATS needs the package no_such_package, which is
    not installed. Use `pip install 'toomre[hats]'`, or write Parquet.
    """
    try:
        return import_module(name)
    except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision beside another torch
        package, other = name.partition(".")[0], f", or {instead}" if instead else ""
        found, remedy = "is not installed", f"Use `pip install 'toomre[{extra}]'`"
        if not isinstance(error, ModuleNotFoundError):
            found = f"does not import here ({error})"
            remedy = f"Use `pip install --upgrade 'toomre[{extra}]'`"
        if "torchvision" in str(error) and isinstance(error, RuntimeError):
            remedy = f"{_TORCHVISION}, and keep the torch that is there"
        raise MissingPackageError(
            f"{use} needs the package {package}, which {found}. {remedy}{other}."
        ) from error
