"""A galaxy as it came, and as it is stored for the networks."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toomre.errors import ArgumentError
from toomre.evaluation.votes import drawing
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.plots import panels

__all__ = ["downsizing_figure"]

_FRAME = panels.Frame((4.0, 4.0), (0.2, 0.35))


def downsizing_figure(original: Pictures, stored: Pictures, side: float, name: str) -> Figure:
    """Show an original image beside its stored one, every pixel of both.

    Parameters
    ----------
    original, stored
        One image each.
    side
        Of the centred square of the original that was kept [pixel]; it is drawn, unless it is
        the whole image.
    name
        Of the galaxy.

    Raises
    ------
    ArgumentError
        If there is not one image of each.
    """
    for what, pictures in (("original", original), ("stored", stored)):
        if len(pictures) != 1:
            raise ArgumentError.expected(what, "one image", len(pictures))
    figure, (left, right) = panels.make_grid(2, 2, _FRAME)
    drawing.draw_picture(left, original, 0, f"original: {_size(original)}")
    drawing.draw_picture(right, stored, 0, f"stored: {_size(stored)}")
    y, x = original.rgb(0).shape[:2]
    if side < max(y, x):
        # Pixel 0 reaches from -0.5 to 0.5.
        corner = ((x - side) / 2 - 0.5, (y - side) / 2 - 0.5)
        left.add_patch(Rectangle(corner, side, side, fill=False, color="white", lw=1.5, ls="--"))
    panels.name_figure(figure, f"Galaxy {name}")
    return figure


def _size(pictures: Pictures) -> str:
    y, x = pictures.rgb(0).shape[:2]
    return f"{x} × {y} pixels"
