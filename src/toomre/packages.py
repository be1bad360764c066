"""Import what only some installations have, or say how to install it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from toomre.errors import MissingPackageError

__all__ = ["import_package"]


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
        If it is not installed.

    Examples
    --------
    >>> import_package("no_such_package", "hats", "Writing HATS", "write Parquet")
    Traceback (most recent call last):
    toomre.errors.MissingPackageError: Writing HATS needs the package no_such_package, which is
    not installed. Use `pip install 'toomre[hats]'`, or write Parquet.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package, other = name.partition(".")[0], f", or {instead}" if instead else ""
        raise MissingPackageError(
            f"{use} needs the package {package}, which is not installed. "
            f"Use `pip install 'toomre[{extra}]'`{other}."
        ) from error
