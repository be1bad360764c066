"""Import what only some installations have, or say how to install it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from toomre.errors import MissingPackageError

__all__ = ["import_package"]


def import_package(name: str, extra: str) -> Any:
    """Return the module of an optional package.

    Parameters
    ----------
    name
        Of the module.
    extra
        The extra of toomre that installs it.

    Raises
    ------
    MissingPackageError
        If it is not installed.

    Examples
    --------
    >>> import_package("no_such_package", "openvino")
    Traceback (most recent call last):
    toomre.errors.MissingPackageError: The package no_such_package is not installed. Use ...
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"The package {name} is not installed. Use `pip install 'toomre[{extra}]'`."
        ) from error
