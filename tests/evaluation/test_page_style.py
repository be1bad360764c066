from __future__ import annotations

import re

from toomre.evaluation import palette
from toomre.evaluation.page_style import STYLE


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2."""
    digits = color.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_stands_out_on_every_ground():
    """At least 4.5 to 1, as WCAG 2 asks for."""
    light = dict(re.findall(r"--(\w+): (#[0-9a-fA-F]{3,6})", STYLE.split("@media")[0]))
    for part in STYLE.split("@media")[:4]:
        colors = {**light, **dict(re.findall(r"--(\w+): (#[0-9a-fA-F]{3,6})", part))}
        for ground in (colors["ground"], colors["panel"]):
            for ink in ("ink", "soft", "link"):
                dark, bright = sorted((luminance(colors[ink]), luminance(ground)))
                assert (bright + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_links_and_warnings_have_the_colours_of_the_figures():
    assert f"--link: {palette.NONMERGER}" in STYLE
    assert f"--mark: {palette.MERGER}" in STYLE


def test_braces_match_and_paper_has_its_own_rules():
    assert STYLE.count("{") == STYLE.count("}") > 30
    assert "@media print" in STYLE
    assert "url(" not in STYLE
