"""The errors that a user can meet: each says what was given, what is allowed and what to do.

Every error is a `ToomreError` and also the built-in exception that fits, so that both
``except ToomreError`` and ``except ValueError`` work.
"""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "CorruptFileError",
    "MissingFileError",
    "MissingPackageError",
    "OutputError",
    "OutputExistsError",
    "SplitMismatchError",
    "ToomreError",
    "TrainingError",
]


class ToomreError(Exception):
    """The base of every error that the package raises on purpose."""


class ArgumentError(ToomreError, ValueError):
    """An argument, recipe entry, table or file has a value that is not allowed.

    Examples
    --------
    >>> raise ArgumentError.expected("threshold", "a number from 0 to 1", 1.5)
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `threshold` to be a number from 0 to 1, but got 1.5.
    """

    @classmethod
    def expected(cls, name: str, allowed: str, got: object, hint: str = "") -> ArgumentError:
        """Build the error with the one sentence that is used everywhere."""
        text = f"Expected `{name}` to be {allowed}, but got {got!r}."
        return cls(f"{text} {hint}" if hint else text)


class MissingFileError(ToomreError, FileNotFoundError):
    """A file or folder that is needed is not there."""


class CorruptFileError(ToomreError, OSError):
    """A file's content does not match its recorded SHA-256, or cannot be what it claims."""


class OutputExistsError(ToomreError, FileExistsError):
    """The output is there already and comes from another configuration."""


class OutputError(ToomreError, OSError):
    """The output cannot be written: a full disk, no permission, a file in the way."""


class SplitMismatchError(ToomreError, ValueError):
    """The data's split is not the one that the model was trained with."""


class MissingPackageError(ToomreError, ImportError):
    """An optional package is needed for what was asked."""


class TrainingError(ToomreError, RuntimeError):
    """Training cannot go on (for example, the loss is not finite)."""
