"""Figures are saved twice, and the same figure gives the same bytes."""

from __future__ import annotations

import pytest
from PIL import Image

from toomre.evaluation.votes.plots.galleries import image_sheet
from toomre.evaluation.votes.plots.panels import save_figures


def test_png_and_pdf_are_saved_and_the_same_again(drawn, tmp_path):
    for folder in ("a", "b"):
        save_figures({"mergers": image_sheet(drawn.pictures, [3], ["one"])}, tmp_path / folder)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "mergers.pdf", "mergers.png"
    ]  # fmt: skip
    for kind in ("pdf", "png"):
        first, second = ((tmp_path / folder / f"mergers.{kind}").read_bytes() for folder in "ab")
        assert first == second
    assert (tmp_path / "a" / "mergers.pdf").read_bytes().startswith(b"%PDF")
    with Image.open(tmp_path / "a" / "mergers.png") as image:
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
