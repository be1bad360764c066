from __future__ import annotations

import importlib
import pkgutil

import pytest

import toomre
from toomre.cli.commands import COMMANDS


def test_every_command_is_a_function_of_the_same_name():
    for module in pkgutil.walk_packages(toomre.__path__, "toomre."):
        importlib.import_module(module.name)  # a subpackage must not hide a function
    for command in COMMANDS:
        function = getattr(toomre, command.__name__)
        assert callable(function)
        assert function.__module__ == f"toomre.jobs.{command.__name__}"
        assert function.__doc__
    functions = {name for name in toomre.__all__ if name[0].islower()}
    assert {command.__name__ for command in COMMANDS} == functions


@pytest.mark.parametrize("name", sorted(set(toomre.__all__) - {"__version__"}))
def test_every_name_leads_to_an_object_of_that_name(name):
    assert getattr(toomre, name).__name__ == name


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="no attribute 'clasify'"):
        _ = toomre.clasify
    assert "classify" in dir(toomre)
