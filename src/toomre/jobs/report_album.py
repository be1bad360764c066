"""The figures of a report: each is a PNG and a PDF beside the page, and a picture on it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from PIL import Image

from toomre.evaluation.page import Picture
from toomre.evaluation.plots import save_figure
from toomre.storage import atomic_path

__all__ = ["Album"]

# As many dots per inch as the figures have.
_DPI = 150


class Album:
    """Keeps the figures of a page in one folder.

    Attributes
    ----------
    folder
        Where the files go.
    names
        Of the figures, without suffix, in the order in which they came.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []

    def add(self, name: str, figure: Any, alt: str, caption: str) -> Picture:
        """Save a figure as PNG and PDF."""
        for kind in ("png", "pdf"):
            save_figure(figure, self.folder / f"{name}.{kind}")
            figure.set_layout_engine("none")  # laid out once, which takes as long as drawing
        return self._picture(name, alt, caption)

    def copy(self, name: str, png: Path, alt: str, caption: str) -> Picture:
        """Take over a PNG, and the PDF beside it; where there is none, it is made of the PNG."""
        with atomic_path(self.folder / f"{name}.png") as temporary:
            shutil.copyfile(png, temporary)
        with atomic_path(self.folder / f"{name}.pdf") as temporary:
            if png.with_suffix(".pdf").is_file():
                shutil.copyfile(png.with_suffix(".pdf"), temporary)
            else:
                fixed = time.gmtime(0)  # so that the same figure gives the same bytes
                with Image.open(png) as image:
                    picture = image.convert("RGB")
                dates = {"creationDate": fixed, "modDate": fixed}
                picture.save(temporary, "PDF", resolution=_DPI, **dates)
        return self._picture(name, alt, caption)

    def _picture(self, name: str, alt: str, caption: str) -> Picture:
        self.names.append(name)
        return Picture.read(self.folder / f"{name}.png", alt, f"{caption} ({name})")
