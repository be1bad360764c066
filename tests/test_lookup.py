from __future__ import annotations

import pytest

from toomre.errors import ArgumentError
from toomre.lookup import lookup


def test_found():
    assert lookup({"a": 1}, "a", "letter") == 1


def test_unknown_name_lists_the_names_and_the_nearest():
    with pytest.raises(ArgumentError) as caught:
        lookup({"deepmerge1": 1, "deepmerge2": 2}, "deepmerge3", "backbone.name")
    text = str(caught.value)
    assert "'deepmerge1', 'deepmerge2'" in text
    assert "but got 'deepmerge3'" in text
    assert "Did you mean" in text


def test_far_name_has_no_suggestion():
    with pytest.raises(ArgumentError) as caught:
        lookup({"a": 1}, "zzzzzz", "letter")
    assert "Did you mean" not in str(caught.value)
