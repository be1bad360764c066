"""Find an object by its name in a plain table, or raise an error that lists the names."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from toomre.errors import ArgumentError

__all__ = ["lookup"]

T = TypeVar("T")


def lookup(table: Mapping[str, T], name: str, kind: str) -> T:
    """Return ``table[name]``, or raise an error that names what the table holds.

    Parameters
    ----------
    table
        The names and what they stand for.
    name
        The name that the user gave.
    kind
        What the names are, for the error message, such as ``"loss"``.

    Raises
    ------
    ArgumentError
        If the name is not in the table.

    Examples
    --------
    >>> lookup({"mmd": 1, "coral": 2}, "coral", "loss")
    2
    >>> lookup({"mmd": 1, "coral": 2}, "corel", "loss")
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `loss` to be one of 'coral', 'mmd', but got 'corel'. ...
    """
    if name in table:
        return table[name]
    close = get_close_matches(name, list(table), n=1)
    hint = f"Did you mean {close[0]!r}?" if close else ""
    names = ", ".join(repr(key) for key in sorted(table))
    raise ArgumentError.expected(kind, f"one of {names}", name, hint)
