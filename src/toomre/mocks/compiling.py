"""Compile a numerical function with numba, once for all runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

__all__ = ["compiled"]

P = ParamSpec("P")
T = TypeVar("T")


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile a function of arrays and numbers; the result is kept on disk for the next run.

    Sums may be taken in another order than written, so that a processor can add several terms
    at a time; on one machine the result is always the same.

    The file on disk is made anew when the function's own file changes, not when another one does:
    hand constants of other modules in as arguments.

    Examples
    --------
    >>> @compiled
    ... def twice(x: float) -> float:
    ...     return 2 * x
    >>> twice(4.0)
    8.0
    """
    in_file = not function.__code__.co_filename.startswith("<")
    # "numpy": dividing by zero gives infinity. A test for it would stop a loop from being
    # vectorised, which costs a factor of seven.
    compile_ = numba.njit(
        cache=in_file, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"}
    )
    return cast(Callable[P, T], compile_(function))
