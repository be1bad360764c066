from __future__ import annotations

import json
import sys

import pytest

from toomre.errors import MissingPackageError
from toomre.packages import import_package


def test_a_package_that_is_there_is_imported():
    assert import_package("json", "extra") is json


def test_one_that_is_not_there_is_told_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "statmorph", None)
    text = (
        "Measuring needs the package statmorph, which is not installed. "
        r"Use `pip install 'toomre\[morphology\]'`, or ask a friend\."
    )
    with pytest.raises(MissingPackageError, match=text):
        import_package("statmorph.utils", "morphology", "Measuring", "ask a friend")
