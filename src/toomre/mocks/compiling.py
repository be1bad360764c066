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

    The arithmetic is strict: with relaxed rules a function's last bits would depend on whether
    its callees had just been compiled or came from the disk.

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
    compile_ = numba.njit(cache=in_file, error_model="numpy")
    return cast(Callable[P, T], compile_(function))
