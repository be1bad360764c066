"""The colours are those of Okabe & Ito or greys, and differ."""

from __future__ import annotations

from toomre.evaluation import palette

OKABE_ITO = {
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
}  # fmt: skip


def test_colours_are_safe_and_mean_one_thing_each():
    colors = [getattr(palette, name) for name in palette.__all__]
    greys = {color for color in colors if color[1:3] == color[3:5] == color[5:7]}
    assert set(colors) - greys <= OKABE_ITO
    assert len(set(colors)) == len(colors)
    assert (palette.MERGER, palette.NONMERGER) == ("#D55E00", "#0072B2")
