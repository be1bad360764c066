"""What the documents say is so: their examples run, and their tables follow from the code."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from toomre.cli.commands import COMMANDS
from toomre.images.flags import Flag, status_of

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page):
    failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text()
    for target in [part.split(")")[0] for part in text.split("](")[1:]]:
        if not target.startswith("http"):
            assert (page.parent / target.split("#")[0]).exists(), target


def test_every_flag_is_in_the_table_with_its_status():
    text = (ROOT / "docs" / "flags.md").read_text()
    for flag in Flag:
        bit = flag.value.bit_length() - 1
        assert f"| {bit} | `{flag.name.lower()}` | {status_of(flag)} |" in text


def test_the_readme_names_every_command():
    text = (ROOT / "README.md").read_text()
    for command in COMMANDS:
        assert f"toomre {command.__name__.replace('_', '-')}" in text
