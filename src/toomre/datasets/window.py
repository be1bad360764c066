"""The central window of an image."""

from __future__ import annotations

from toomre.errors import ArgumentError

__all__ = ["centre_window"]


def centre_window(stored: int, size: int) -> slice:
    """Return the slice of the central `size` of `stored` pixels.

    Raises
    ------
    ArgumentError
        If the window is larger than the image, or cannot be centred on a pixel boundary.

    Examples
    --------
    >>> centre_window(105, 75)
    slice(15, 90, None)
    """
    if size > stored or (stored - size) % 2:
        raise ArgumentError.expected(
            "input.size",
            f"at most the {stored} pixels of the prepared images, and "
            f"{'even' if stored % 2 == 0 else 'odd'} like it, so that the window is centred",
            size,
        )
    first = (stored - size) // 2
    return slice(first, first + size)
