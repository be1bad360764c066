"""Many small images on one picture, each with a line of text and the colour of its class."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from toomre.errors import ArgumentError
from toomre.evaluation import palette
from toomre.images.cutout import Encoding
from toomre.images.stretch import Stretch, to_rgb

__all__ = ["contact_sheet"]

_MARGIN = 4  # between the images [pixel]
_FRAME = 2
_TEXT = 14
_UNKNOWN = "#808080"


def contact_sheet(
    images: NDArray[np.float32],
    labels: Sequence[int | None],
    captions: Sequence[str],
    encoding: Encoding = "linear",
    *,
    bands: Sequence[str] | None = None,
    stretch: Stretch | None = None,
    columns: int = 10,
    side: int = 128,
) -> Image.Image:
    """Draw a contact sheet.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x).
    labels
        1 for a merger, 0 for a nonmerger, None where unknown: the colour of the frame.
    captions
        One line for each image; what is too long is cut.
    encoding
        ``"linear"`` (flux; the first row is shown lowest) or ``"display"``.
    bands
        Names of the bands, for the order of the colours.
    stretch
        By default ``"asinh"`` for flux, and none for pictures.
    columns
        Images in a row.
    side
        Side of an image on the sheet [pixel].

    Raises
    ------
    ArgumentError
        If there is no image, or not one label and caption for each.

    Examples
    --------
    >>> contact_sheet(np.ones((3, 1, 9, 9), np.float32), [1, 0, None], ["a", "b", "c"]).size
    (400, 154)
    """
    count = len(images)
    if images.ndim != 4 or not count or not count == len(labels) == len(captions):
        got = (images.shape, len(labels), len(captions))
        allowed = "images (n, band, y, x), n of each and at least one"
        raise ArgumentError.expected("images, labels, captions", allowed, got)
    columns = min(columns, count)
    width, height = side + _MARGIN, side + _TEXT + 2 * _MARGIN
    size = (columns * width + _MARGIN, ceil(count / columns) * height + _MARGIN)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=_TEXT - 3)
    curve = stretch or ("asinh" if encoding == "linear" else "linear")
    for number, (image, label, caption) in enumerate(zip(images, labels, captions, strict=True)):
        x = _MARGIN + number % columns * width
        y = _MARGIN + number // columns * height
        pixels = to_rgb(image, encoding, curve, bands=bands)
        shown = Image.fromarray(pixels[::-1] if encoding == "linear" else pixels)
        sheet.paste(shown.resize((side, side), Image.Resampling.NEAREST), (x, y))
        draw.rectangle((x, y, x + side - 1, y + side - 1), outline=_colour(label), width=_FRAME)
        fitting = next(
            length
            for length in range(len(caption), -1, -1)
            if draw.textlength(caption[:length], font=font) <= side
        )
        draw.text((x, y + side + 1), caption[:fitting], fill="black", font=font)
    return sheet


def _colour(label: int | None) -> tuple[int, ...]:
    name = _UNKNOWN if label is None else (palette.NONMERGER, palette.MERGER)[int(label)]
    return ImageColor.getrgb(name)
