"""What the words of every figure have to keep."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure


@pytest.fixture(scope="session")
def check_texts() -> Callable[..., Figure]:
    """The function that draws a figure and refuses words that are cut off or too small."""

    def check(figure: Figure, dpi: float = 100, ticks: bool = False) -> Figure:
        """Check all words, with `ticks` those of the ticks too, and return the figure."""
        figure.set_dpi(dpi)
        figure.draw_without_rendering()
        width, height = figure.bbox.max
        texts = list(figure.texts)
        for axes in (axes for axes in figure.axes if axes.get_visible() and axes.axison):
            texts += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
            if ticks:
                texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
        for text in (text for text in texts if text.get_text()):
            box = text.get_window_extent()
            assert text.get_fontsize() >= 11, text
            assert 0 <= box.x0 < box.x1 <= width, text
            assert 0 <= box.y0 < box.y1 <= height, text
        return figure

    return check
