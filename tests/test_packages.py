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


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            'RuntimeError("operator torchvision::nms does not exist")',
            r"package broken_one, which does not import here \(operator torchvision::nms does not "
            r"exist\)\. The installed torchvision is built for another torch.*CPU build of the "
            r"same release\), and keep the torch that is there, or ask a friend\.$",
        ),
        (
            'ImportError("cannot import name x")',
            r"package broken_one, which does not import here \(cannot import name x\)\. Use `pip "
            r"install --upgrade 'toomre\[timm\]'`, or ask a friend\.$",
        ),
    ],
)
def test_one_that_is_there_and_does_not_import_says_why(fault, words, tmp_path, monkeypatch):
    (tmp_path / "broken_one.py").write_text(f"raise {fault}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPackageError, match=f"^Drawing needs the {words}"):
        import_package("broken_one", "timm", "Drawing", "ask a friend")
