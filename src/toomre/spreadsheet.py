"""Text in CSV files that no spreadsheet runs as a formula, and the way back."""

from __future__ import annotations

__all__ = ["guard", "unguard"]

# The first six begin a formula in one spreadsheet or another; the last marks what is guarded.
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")


def guard(text: str) -> str:
    """Return a text as a CSV cell that no spreadsheet runs.

    Examples
    --------
    >>> guard("=1+1"), guard("M31"), guard("'quoted'")
    ("'=1+1", 'M31', "''quoted'")
    """
    return f"'{text}" if text.startswith(_GUARDED) else text


def unguard(cell: str) -> str:
    """Return the text that `guard` was given.

    Examples
    --------
    >>> unguard("'=1+1")
    '=1+1'
    """
    return cell.removeprefix("'")
