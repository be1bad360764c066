"""What `guard` writes never begins a formula, and comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toomre.spreadsheet import guard, unguard


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_what_would_begin_a_formula_does_not(start: str) -> None:
    assert guard(f"{start}1") == f"'{start}1"


def test_other_text_stays_as_it_is() -> None:
    for text in ("", "M31", "587732769978777642", "a=1", "../x", " =1"):
        assert guard(text) == text
