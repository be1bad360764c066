from __future__ import annotations

import inspect

import pytest

from toomre import errors


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_a_toomre_error_and_a_built_in(name):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.ToomreError)
    assert inspect.getdoc(kind)
    if kind is not errors.ToomreError:
        assert len([base for base in kind.__mro__ if base.__module__ == "builtins"]) > 3


def test_one_sentence():
    error = errors.ArgumentError.expected("size", "at least 8", 3, "Give a larger crop.")
    assert str(error) == "Expected `size` to be at least 8, but got 3. Give a larger crop."
