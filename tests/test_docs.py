"""What the documents say is so: their examples run, and their tables follow from the code."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
import typer

from toomre.cli.commands import COMMANDS, register
from toomre.images.flags import Flag, status_of
from toomre.jobs.search_space import default_space, read_space
from toomre.recipes.shipped import open_recipe
from toomre.training.objectives import find_objective
from toomre.training.selection import DIRECTIONS

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


def commands(text: str) -> list[list[str]]:
    """Return the commands of toomre in a page's blocks and between its backquotes, as words."""
    blocks = [
        content
        for kind, content in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        if not kind
    ]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`(toomre [^`]*--[^`]*)`", text.replace("\n", " "))
    return [shlex.split(line, comments=True) for line in lines if line.startswith("toomre ")]


def test_every_command_of_the_page_on_tuning_exists():
    """Its options too: the command line takes them apart without doing anything."""
    app = typer.Typer()
    register(app)
    known = typer.main.get_command(app).commands
    found = commands((ROOT / "docs" / "tuning.md").read_text())
    assert {name for _, name, *_ in found} == {"lr-scan", "tune", "train", "crossvalidate"}
    for _, name, *words in found:
        known[name].make_context(name, words)


def test_the_page_on_tuning_has_the_spaces_and_the_objectives(tmp_path):
    text = (ROOT / "docs" / "tuning.md").read_text()
    examples = re.findall(r"^```toml\n# (\S+) for (\S+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(examples) == 2
    for name, recipe, content in examples:
        assert f"toomre tune {recipe} " in text
        assert f"--space {name} " in text
        (tmp_path / name).write_text(content)
        read_space(tmp_path / name).check(open_recipe(recipe))
    for recipe in ("deepmerge2-mmd", "s004-vgg16-transfer"):
        for place, values in default_space(open_recipe(recipe)).entries.items():
            assert f"| `{place}` | {', '.join(map(str, values))} |" in text
    for name in ("total_loss", "adversarial", *DIRECTIONS):
        better = "larger" if find_objective(name).larger_is_better else "smaller"
        assert re.search(rf"\| `{name}`( \(default\))? \| {better} \|", text), name


def test_every_flag_is_in_the_table_with_its_status():
    text = (ROOT / "docs" / "flags.md").read_text()
    for flag in Flag:
        bit = flag.value.bit_length() - 1
        assert f"| {bit} | `{flag.name.lower()}` | {status_of(flag)} |" in text


def test_the_readme_names_every_command():
    text = (ROOT / "README.md").read_text()
    for command in COMMANDS:
        assert f"toomre {command.__name__.replace('_', '-')}" in text
